// The profile: fields edited in their place. Escape and Cancel bring the value back, and the focus to where it was.
let saved = "";

function close(form) {
  const place = form.closest("dd");
  form.remove();
  place?.querySelector(".detail-edit")?.focus();
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-in-place]");
  if (event.key === "Escape" && form) close(form);
});

document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-in-place]");
  if (form && event.target.closest("a.button")) {
    event.preventDefault();
    close(form);
  }
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches(".detail-edit")) document.querySelectorAll("[data-in-place]").forEach((form) => form.remove());
  saved = event.target.dataset.inPlace ?? "";
});

document.addEventListener("htmx:afterSettle", () => {
  const form = document.getElementById("in-place");
  if (form) form.querySelector(".field :is(input, select, textarea)")?.focus();
  else if (saved) document.getElementById(`edit-${saved}`)?.focus();
});

// The tab that is open stands in sight where all tabs don't fit.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
