// Forms: the first faulty field, typed confirmations, no double sending, no lost typing.
function focusFault(within) {
  const summary = within.querySelector("[data-form-errors]");
  if (!summary) return;
  const field = within.querySelector(".field-faulty :is(input, select, textarea):not([type=hidden])");
  (field ?? summary).focus();
  if (field) summary.scrollIntoView({ block: "nearest" });
}
focusFault(document);
document.addEventListener("htmx:afterSwap", (event) => focusFault(event.target));

function checkWord(input) {
  const form = input.form;
  const matches = input.value.trim() === input.dataset.confirmWord;
  for (const button of form.querySelectorAll("[type=submit]")) button.disabled = !matches;
}
document.querySelectorAll("[data-confirm-word]").forEach(checkWord);

// Of two versions the stored one is taken over into its field.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take]");
  const field = button?.form?.elements[button.dataset.take];
  if (!field) return;
  field.value = button.dataset.value;
  (field.focus ? field : [...field].find((one) => one.checked))?.focus();
  changed.add(button.form);
});

const changed = new WeakSet();
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-confirm-word]")) checkWord(event.target);
  const form = event.target.closest("form[data-form]");
  if (form) changed.add(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[method=post]") || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  changed.delete(form);
  setTimeout(() => delete form.dataset.sent, 10000);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-form]")) if (changed.has(form)) event.preventDefault();
});

// A field that is asked of one choice only (`data-when="kind=company"`) is hidden for the others, unless it is faulty.
function settle(form) {
  for (const input of form.querySelectorAll("[data-when]")) {
    const [name, value] = input.dataset.when.split("=");
    const chosen = form.elements[name];
    const field = input.closest(".field");
    if (chosen && field) field.hidden = chosen.value !== value && !field.classList.contains("field-faulty");
  }
  for (const group of form.querySelectorAll(".fieldset")) {
    if (group.querySelector("[data-when]")) group.hidden = !group.querySelector(".field:not([hidden])");
  }
}
const settled = (form) => form?.querySelector("[data-when]") && settle(form);
document.querySelectorAll("form[data-form]").forEach(settled);
document.addEventListener("change", (event) => settled(event.target.form));
