// Every form works without this script; it only spares the impatient a second click.
addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[type=submit]");
  if (event.target.method !== "post" || !button) return;
  if (button.hasAttribute("aria-busy")) event.preventDefault();
  else button.setAttribute("aria-busy", "true");
});

// A page brought back from the browser's memory carries a form that was already sent.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
