// Keeps the console's numbers current: texts every few seconds, the whole page when they moved.
const EVERY = 3000;
const PATIENCE = 10000;
let resting = false;

const ask = (address, accept) =>
  fetch(address, { headers: { accept }, signal: AbortSignal.timeout(PATIENCE), redirect: "error" });

function write(name, text) {
  for (const place of document.querySelectorAll(`[data-text="${name}"]`)) {
    if (place.textContent === text) continue;
    place.textContent = text;
    if (name === "freshness") continue;
    place.classList.remove("moved");
    void place.offsetWidth;
    place.classList.add("moved");
  }
}

async function replace(old) {
  const answer = await ask(location.pathname, "text/html");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("console");
  if (!fresh) return;
  for (const open of old.querySelectorAll("details[id][open]")) {
    const same = fresh.querySelector(`#${open.id}`);
    if (same) same.open = true;
  }
  old.replaceWith(fresh);
}

async function refresh() {
  const shown = document.getElementById("console");
  if (resting || document.hidden || !shown) return;
  resting = true;
  try {
    const answer = await ask(shown.dataset.source, "application/json");
    if (answer.status === 401 || answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const seen = await answer.json();
    for (const [name, text] of Object.entries(seen.texts)) write(name, text);
    if (seen.version !== shown.dataset.version) await replace(shown);
  } catch {
    write("freshness", "The shop does not answer; trying again");
  } finally {
    resting = false;
  }
}

setInterval(refresh, EVERY);
addEventListener("visibilitychange", refresh);
