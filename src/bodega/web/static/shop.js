// Every form works without this script; it only spares the impatient a second click.
addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  if (form.method !== "post" || !button) return;
  if (form.querySelector("button[aria-busy]")) event.preventDefault();
  else button.setAttribute("aria-busy", "true");
});

// Checkout asks again what it costs when the address or the way to send it changes: the same form,
// sent with the button that a browser without scripts would show.
document.documentElement.classList.add("scripted");
let asked = 0;
addEventListener("change", async (event) => {
  const form = event.target.form;
  const button = form?.querySelector("[data-refresh]");
  if (!button || !event.target.matches("[data-priced]")) return;
  const mine = ++asked;
  const body = new URLSearchParams(new FormData(form, button));
  const parts = ["region", "delivery", "summary", "pay"].map((id) => document.getElementById(id));
  parts.forEach((part) => part?.setAttribute("aria-busy", "true"));
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked || form.querySelector("button[aria-busy]")) return;
    for (const part of parts) {
      part?.removeAttribute("aria-busy");
      const fresh = part && page.getElementById(part.id);
      // What says the same stays: a button that is replaced under the pointer loses its click.
      if (fresh && !fresh.isEqualNode(part)) part.replaceWith(fresh);
    }
    const chosen = event.target.id && document.getElementById(event.target.id);
    if (chosen && chosen !== document.activeElement && event.target.type === "radio") chosen.focus();
  } catch {
    parts.forEach((part) => part?.removeAttribute("aria-busy"));
  }
});

// A page brought back from the browser's memory carries a form that was already sent.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
