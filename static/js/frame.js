// The frame around every page: theme, menus, dialogs, toasts, copying, keys.
const root = document.documentElement;
const toasts = document.getElementById("toasts");
root.classList.add("scripted");

const THEMES = ["system", "light", "dark"];

function setTheme(theme) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  root.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  for (const button of document.querySelectorAll("[data-theme-switch]")) button.setAttribute("aria-label", button.dataset[theme]);
}

const nextTheme = () => THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
document.addEventListener("theme", (event) => setTheme(event.detail.theme));

// Shows what has happened; what must be read (kind "bad") stays until it is dismissed.
export function toast(text, kind = "neutral", href = "") {
  const shell = document.getElementById("toast-template");
  if (!shell) return;
  const box = shell.content.firstElementChild.cloneNode(true);
  box.classList.add(`toast-${kind}`);
  if (kind === "bad") box.setAttribute("role", "alert");
  const known = box.querySelector(`[data-kind="${CSS.escape(kind)}"]`) ?? box.querySelector("[data-kind]");
  for (const mark of box.querySelectorAll("[data-kind]")) if (mark !== known) mark.remove();
  const words = box.querySelector("p");
  words.textContent = text;
  if (href) {
    const link = document.createElement("a");
    link.href = href;
    link.append(...words.childNodes);
    words.append(link);
  }
  toasts.append(box);
  fade(box);
}

function fade(box) {
  if (box.matches(".toast-bad")) return;
  let left = setTimeout(() => box.remove(), 8000);
  const hold = () => clearTimeout(left);
  const go = () => { left = setTimeout(() => box.remove(), 4000); };
  box.addEventListener("pointerenter", hold);
  box.addEventListener("focusin", hold);
  box.addEventListener("pointerleave", go);
  box.addEventListener("focusout", go);
}

document.querySelectorAll(".toasts > .toast").forEach(fade);
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.kind, event.detail.href));
for (const fault of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(fault, () => toast(toasts.dataset.failed, "bad"));

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast(toasts.dataset.copied, "good");
  } catch {
    toast(toasts.dataset.failed, "bad");
  }
}

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const at = event.target.closest("[data-theme-switch], [data-dismiss], [data-copy], [data-dialog], [data-print]");
  if (at?.matches("[data-theme-switch]")) setTheme(nextTheme());
  else if (at?.matches("[data-dismiss]")) at.parentElement.remove();
  else if (at?.matches("[data-copy]")) copy(at);
  else if (at?.matches("[data-dialog]")) openDialog(at.dataset.dialog);
  else if (at?.matches("[data-print]")) window.print();
  if (event.target.matches("dialog")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// Groups that somebody has folded stay folded.
for (const group of document.querySelectorAll("details[data-remember]")) {
  const key = `open:${group.dataset.remember}`;
  const kept = localStorage.getItem(key);
  if (kept && !(kept === "no" && group.querySelector("[aria-current]"))) group.open = kept === "yes";
  group.addEventListener("toggle", () => localStorage.setItem(key, group.open ? "yes" : "no"));
}

function typing(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    return;
  }
  if (event.key === "?" && !typing(event.target)) {
    event.preventDefault();
    openDialog("shortcuts");
  }
});
