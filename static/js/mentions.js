// Naming colleagues in a note: typing @ offers those who can be named. Without this module @ and an address do the same.
const TYPED = /(^|[^\p{L}\p{N}_@])@([^\s@]{0,40})$/u;
let people = null;

function boxOf(field) {
  let list = field.parentElement.querySelector(".mention-list");
  if (list) return list;
  const box = document.createElement("div");
  box.className = "mention-box";
  field.before(box);
  list = document.createElement("ul");
  list.className = "mention-list";
  list.id = `${field.id}-people`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.labels[0]?.textContent ?? "");
  list.hidden = true;
  box.append(field, list);
  field.setAttribute("aria-controls", list.id);
  return list;
}

async function load(field) {
  if (!people) {
    const answer = await fetch(field.dataset.mentions, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    const template = document.createElement("template");
    template.innerHTML = answer.ok ? await answer.text() : "";
    people = [...template.content.querySelectorAll("[role=option]")];
  }
  return people;
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

async function offer(field) {
  const typed = TYPED.exec(field.value.slice(0, field.selectionStart));
  if (!typed) return close(field);
  const hadFocus = document.activeElement === field;
  const place = field.selectionStart;
  const list = boxOf(field);
  if (hadFocus && document.activeElement !== field) {
    field.focus();
    field.setSelectionRange(place, place);
  }
  const word = typed[2].toLowerCase();
  const found = (await load(field)).filter((one) => one.textContent.toLowerCase().includes(word)).slice(0, 8);
  if (document.activeElement !== field) return;
  list.replaceChildren(...found.map((one, place) => {
    const option = one.cloneNode(true);
    option.id = `${list.id}-${place}`;
    return option;
  }));
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
