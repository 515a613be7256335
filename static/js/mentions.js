// Naming colleagues in a note: typing @ offers those who can be named. Without this module @ and an address do the same.
const TYPED = /(^|[^\p{L}\p{N}_@])@([^\s@]{0,40})$/u;
let people = null;

function boxOf(field) {
  let list = field.parentElement.querySelector(".mention-list");
  if (list) return list;
  list = document.createElement("ul");
  list.className = "mention-list";
  list.id = `${field.id}-people`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.labels[0]?.textContent ?? "");
  list.hidden = true;
  field.parentElement.classList.add("mention-box");
  field.after(list);
  field.setAttribute("aria-controls", list.id);
  return list;
}

async function load(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  const template = document.createElement("template");
  template.innerHTML = answer.ok ? await answer.text() : "";
  return [...template.content.querySelectorAll("[role=option]")];
}

function close(field) {
  const list = field.parentElement.querySelector(".mention-list");
  if (list) list.hidden = true;
  field.removeAttribute("aria-activedescendant");
}

function mark(field, list, option) {
  for (const one of list.children) one.setAttribute("aria-selected", String(one === option));
  if (!option) return;
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

const typedIn = (field) => TYPED.exec(field.value.slice(0, field.selectionStart));

async function offer(field) {
  if (!typedIn(field)) return close(field);
  people ??= load(field.dataset.mentions);
  const known = await people;
  const typed = typedIn(field); // by now
  if (!typed || document.activeElement !== field) return close(field);
  const list = boxOf(field);
  const word = typed[2].toLowerCase();
  const found = known.filter((one) => one.textContent.toLowerCase().includes(word)).slice(0, 8);
  list.replaceChildren(...found.map((one, place) => {
    const option = one.cloneNode(true);
    option.id = `${list.id}-${place}`;
    return option;
  }));
  list.style.insetBlockStart = `${field.offsetTop + field.offsetHeight}px`;
  list.hidden = !found.length;
  mark(field, list, list.firstElementChild);
}

function take(field, option) {
  const end = field.selectionStart;
  const before = field.value.slice(0, end).replace(TYPED, (_all, lead) => `${lead}@${option.dataset.word} `);
  field.value = before + field.value.slice(end);
  field.setSelectionRange(before.length, before.length);
  field.dispatchEvent(new Event("change", { bubbles: true }));
  close(field);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-mentions]")) offer(event.target);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("textarea[data-mentions]")) return;
  const list = field.parentElement.querySelector(".mention-list");
  if (!list || list.hidden) return;
  const chosen = list.querySelector("[aria-selected=true]");
  if (event.key === "Escape") {
    event.stopPropagation();
    close(field);
  } else if (event.key === "ArrowDown") mark(field, list, chosen?.nextElementSibling ?? list.firstElementChild);
  else if (event.key === "ArrowUp") mark(field, list, chosen?.previousElementSibling ?? list.lastElementChild);
  else if ((event.key === "Enter" || event.key === "Tab") && chosen) take(field, chosen);
  else return;
  event.preventDefault();
}, true);

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest(".mention-list [role=option]");
  if (!option) return;
  event.preventDefault();
  take(option.closest(".mention-box").querySelector("textarea"), option);
});

document.addEventListener("focusout", (event) => {
  if (event.target.matches("textarea[data-mentions]")) close(event.target);
});
