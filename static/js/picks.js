// Picking rows for a bulk change: how many are picked is said, and Shift picks all rows between two.
let lastPick = null;
const CURRENT = "row-current";
const picks = () => [...document.querySelectorAll("[data-pick]")];
function showPicks() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  const all = picks(), picked = all.filter((box) => box.checked).length;
  const everything = bar.querySelector("[data-pick-everything]");
  const words = bar.querySelector("[data-picked]");
  bar.classList.toggle("bulk-on", picked > 0 || Boolean(everything?.checked));
  words.dataset.rest ??= words.textContent;
  words.textContent = picked ? `${picked} ${words.dataset.pickedWords}` : words.dataset.rest;
  all.forEach((box) => box.closest("tr").classList.toggle("row-picked", box.checked));
  const head = document.querySelector("[data-pick-all]");
  if (head) {
    head.checked = picked > 0 && picked === all.length;
    head.indeterminate = picked > 0 && picked < all.length;
  }
}
document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("[data-pick], [data-pick-all], [data-pick-everything]")) return;
  const all = picks();
  if (box.matches("[data-pick-all]")) all.forEach((one) => { one.checked = box.checked; });
  else if (box.matches("[data-pick-everything]") && box.checked) all.forEach((one) => { one.checked = true; });
  else if (box.matches("[data-pick]")) {
    const place = all.indexOf(box), from = all.indexOf(lastPick);
    if (event.shiftKey && from >= 0) all.slice(Math.min(place, from), Math.max(place, from) + 1).forEach((one) => { one.checked = box.checked; });
    lastPick = box;
    const everything = document.querySelector("[data-pick-everything]");
    if (everything && !box.checked) everything.checked = false;
  }
  showPicks();
});
document.addEventListener("htmx:afterSwap", showPicks);
document.addEventListener("keydown", (event) => {
  if (event.key !== "x" || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea, [contenteditable]")) return;
  const box = document.querySelector(`tr.${CURRENT} [data-pick]`);
  if (box) box.click();
});
showPicks();
