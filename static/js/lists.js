// Lists: rows that open, j and k, short addresses; and places that keep themselves up to date.
const CURRENT = "row-current";

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.button || event.target.closest("a, button, input, select, label, summary, details")) return;
  if (String(getSelection())) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const step = { j: 1, k: -1 }[event.key];
  const rows = [...document.querySelectorAll("[data-rows] tbody tr")];
  if (!step || !rows.length) return;
  event.preventDefault();
  const now = rows.findIndex((row) => row.classList.contains(CURRENT));
  const next = rows[Math.min(Math.max(now + step, 0), rows.length - 1)];
  rows[now]?.classList.remove(CURRENT);
  next.classList.add(CURRENT);
  const link = next.querySelector("a, button");
  if (link) link.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
});

document.addEventListener("focusout", (event) => event.target.closest?.(`tr.${CURRENT}`)?.classList.toggle(CURRENT, false));

// Without empty parameters an address says only what it means. `unknown` booleans of filters are empty too. What the open view
// holds (data-kept) stays in the address as empty: it takes the view's value away.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  const kept = (event.target.dataset.kept ?? "").split(" ");
  for (const [name, value] of Object.entries(event.detail.parameters)) {
    if (!kept.includes(name) && (value === "" || value === "unknown" || (Array.isArray(value) && value.every((one) => one === "")))) delete event.detail.parameters[name];
  }
});

// The view that is open is in sight, also where the strip of views is longer than the screen is wide.
function showOpenView() {
  document.querySelector(".views-list [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
showOpenView();

// Filter fields open before a swap stay open after it.
document.addEventListener("htmx:afterSwap", () => {
  showOpenView();
  const fold = document.querySelector(".filters-more");
  const kept = fold && localStorage.getItem(`open:${fold.dataset.remember}`);
  if (kept) fold.open = kept === "yes";
});
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".filters-more")) localStorage.setItem(`open:${event.target.dataset.remember}`, event.target.open ? "yes" : "no");
}, true);

// <div data-poll="/address" data-every="2">: replaced by what the address answers until that has no data-poll any more.
function poll(place) {
  setTimeout(() => {
    if (!place.isConnected) return;
    if (document.hidden) return poll(place);
    htmx.ajax("GET", place.dataset.poll, { source: place, target: place, swap: "outerHTML" }).then(() => place.isConnected && poll(place));
  }, 1000 * (Number(place.dataset.every) || 2));
}
function watch(within) {
  if (within.matches?.("[data-poll]")) poll(within);
  within.querySelectorAll?.("[data-poll]").forEach(poll);
}
watch(document);
document.addEventListener("htmx:load", (event) => event.target !== document.body && watch(event.target));
