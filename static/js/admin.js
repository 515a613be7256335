// The Django admin follows the theme of the pages (cookie `theme`). Runs in the head, before anything is drawn.
(() => {
  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];
  root.dataset.theme = /(?:^|; )theme=(light|dark)/.exec(document.cookie)?.[1] ?? "system";

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    root.dataset.theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  });

  // Export page: one box for all fields of the chosen resource.
  document.addEventListener("change", (event) => {
    if (!event.target.matches(".select-toggle")) return;
    for (const box of document.querySelectorAll(".selectable-field-export-row input[type=checkbox]:not(.select-toggle)")) {
      if (box.offsetParent) box.checked = event.target.checked;
    }
  });
})();
