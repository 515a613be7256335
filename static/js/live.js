// The bell, the jobs under way, warnings and new activity of a visible page keep themselves up to date.
const live = document.getElementById("live");
const bell = document.querySelector("details.bell");
let isAsking = false;
let isOver = false;

// Each part goes to the element of the same id, which stays, so that a screen reader tells what changes in it.
function take(text) {
  const parts = new DOMParser().parseFromString(text, "text/html").body.children;
  for (const part of [...parts]) {
    if (part.dataset.toast) {
      const detail = { text: part.textContent, kind: part.dataset.toast, href: part.dataset.to };
      document.dispatchEvent(new CustomEvent("toast", { detail }));
      continue;
    }
    const place = document.getElementById(part.id);
    if (!place) continue;
    Object.assign(place.dataset, part.dataset);
    place.hidden = part.hidden || place === live;
    if (place.innerHTML !== part.innerHTML) place.replaceChildren(...part.childNodes);
  }
}

async function ask() {
  if (isAsking || isOver || document.hidden) return;
  isAsking = true;
  const seen = document.getElementById("activity-news")?.dataset.since;
  const query = new URLSearchParams({ seen: live.dataset.version, latest: live.dataset.latest, ...(seen && { activity: seen }) });
  try {
    const answer = await fetch(`${live.dataset.href}?${query}`, { redirect: "manual" });
    if (answer.status === 200) take(await answer.text());
    else if (answer.type === "opaqueredirect" || answer.status === 403) isOver = true;
  } catch {
    // The server is away; the next time it may be back.
  }
  isAsking = false;
}

// What is opened is read: told to the server before the page is left.
async function read(link) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  const told = fetch(link.dataset.read, { method: "POST", headers, keepalive: true, redirect: "manual" }).catch(() => {});
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 1000))]);
  location.assign(link.href);
}

if (live) {
  setInterval(ask, 1000 * live.dataset.every);
  document.addEventListener("visibilitychange", ask);
  bell.addEventListener("toggle", () => bell.open && htmx.ajax("GET", bell.dataset.latest, { target: "#bell-list", swap: "innerHTML" }));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-read]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    read(link);
  });
}
