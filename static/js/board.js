// The board of deals: cards are dragged to another stage; the card's own form sends what its menu would.
let dragged = null;

const columnAt = (target) => target.closest?.("[data-stage]");

function arm() {
  for (const card of document.querySelectorAll("[data-card]")) card.draggable = true;
}

function mark(column) {
  document.querySelectorAll(".board-over").forEach((one) => one.classList.toggle("board-over", one === column));
  column?.classList.add("board-over");
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-card]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.id);
  dragged.classList.add("card-dragged");
});

document.addEventListener("dragover", (event) => {
  const column = dragged && columnAt(event.target);
  mark(column);
  if (column && column !== columnAt(dragged)) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const column = dragged && columnAt(event.target);
  if (!column || column === columnAt(dragged)) return;
  event.preventDefault();
  const button = dragged.querySelector(`form button[value="${CSS.escape(column.dataset.stage)}"]`);
  column.querySelector(".board-cards").prepend(dragged);
  button.click();
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("card-dragged");
  dragged = null;
  mark(null);
});

// After a move the board comes anew; who works with the keyboard stays at the card.
let moved = "";
document.addEventListener("deal-moved", (event) => { moved = event.detail.deal ?? ""; });
document.addEventListener("htmx:afterSettle", () => {
  arm();
  if (moved) document.querySelector(`#deal-${CSS.escape(moved)} a`)?.focus();
  moved = "";
});
for (const fault of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(fault, () => { if (document.getElementById("board")) location.reload(); });
}
arm();
