// Comforts of the residents' pages; every page works without them. Nothing is stored in the browser.
"use strict";

const say = (element, words) => {
  element.textContent = words;
  element.hidden = false;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-print]");
  if (!button) return;
  if (button.hasAttribute("data-print")) return window.print();
  const said = document.getElementById("said");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    say(said, button.dataset.copied);
  } catch {
    say(said, button.dataset.refused);
  }
});

// A form that is on its way says so; without a network it stays as it is, with all that was written.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const offline = document.getElementById("offline");
  if (offline && !navigator.onLine) {
    event.preventDefault();
    offline.hidden = false;
    offline.focus();
    return;
  }
  const button = event.submitter;
  if (button?.dataset.sending) {
    button.setAttribute("aria-disabled", "true");
    button.querySelector("[data-label]").textContent = button.dataset.sending;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  }
});

window.addEventListener("online", () => document.getElementById("offline")?.setAttribute("hidden", ""));

// Back from a failed attempt: what was written is still there, with the same key, so that it can be sent once more.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[data-sending]")) button.removeAttribute("aria-disabled");
});

for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
document.querySelector("[data-first-error]")?.focus();
