// The search palette: Ctrl-K, / or a click into the search of the top bar open it. Words are asked after a short pause; only the
// latest answer counts.
const PAUSE = 120;
const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
const status = document.getElementById("palette-status");
let waiting = 0;
let asking = null;

const options = () => [...list.querySelectorAll("[role=option]")];

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function chosen() {
  return list.querySelector("[aria-selected=true]");
}

function show(html) {
  const found = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  list.replaceChildren(...(found?.childNodes ?? []));
  const some = Number(found?.dataset.count) > 0;
  list.hidden = !list.children.length;
  list.setAttribute("role", some ? "listbox" : "presentation");
  input.setAttribute("aria-expanded", String(some));
  status.textContent = input.value.trim() ? found?.dataset.said ?? "" : "";
  choose(null);
}

async function ask() {
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const answer = await fetch(`${dialog.dataset.href}?${new URLSearchParams({ words: input.value.trim() })}`, {
      signal: mine.signal, headers: { "HX-Request": "true", "HX-Current-URL": location.href },
    });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) return location.assign(elsewhere);
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (asking === mine) show(html);
  } catch (fault) {
    if (fault.name !== "AbortError") status.textContent = dialog.dataset.failed;
  }
}

function open(words = "") {
  if (dialog.open) return;
  input.value = words;
  dialog.showModal();
  input.select();
  ask();
}

function carryOut(option) {
  if (option.dataset.themeSet) {
    document.dispatchEvent(new CustomEvent("theme", { detail: { theme: option.dataset.themeSet } }));
    dialog.close();
  } else {
    location.assign(option.href);
  }
}

function typing(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
  const asked = (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && plain && !typing(event.target));
  if (!asked || (document.querySelector("dialog[open]") && !dialog?.open)) return;
  const search = document.getElementById("list-search");
  if (!dialog && !search) return;
  event.preventDefault();
  if (dialog) open();
  else search.focus();
});

if (dialog) {
  document.getElementById("global-search")?.addEventListener("click", (event) => open(event.target.value));

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    asking?.abort();
    choose(null);
    waiting = setTimeout(ask, PAUSE);
  });

  input.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && all.length) {
      event.preventDefault();
      choose(all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      if ((event.ctrlKey || event.metaKey) && all[at].href) window.open(all[at].href, "_blank", "noopener");
      else carryOut(all[at]);
    }
  });

  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-theme-set]");
    if (option) carryOut(option);
  });

  dialog.querySelector("[data-palette-close]").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", (event) => {
    if (!input.value.trim()) event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    clearTimeout(waiting);
    asking?.abort();
    list.replaceChildren();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(null);
  });
}
