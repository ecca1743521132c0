// Comforts of the officers' console; without them every link and form loads a page.
"use strict";

const rows = () => [...document.querySelectorAll("#cases a.case-row")];

const fold = (text) =>
  text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d");

function markCurrent() {
  for (const row of rows()) {
    if (row.pathname === location.pathname) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

// Only over the rows that are shown, and only over what a row shows.
function filterRows() {
  const field = document.getElementById("quick-filter");
  if (!field) return;
  const words = fold(field.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows()) {
    const text = fold(row.textContent);
    row.parentElement.hidden = !words.every((word) => text.includes(word));
    shown += row.parentElement.hidden ? 0 : 1;
  }
  document.getElementById("no-match").hidden = shown > 0 || rows().length === 0;
}

document.addEventListener("input", (event) => {
  if (event.target.id === "quick-filter") filterRows();
});

document.addEventListener("keydown", (event) => {
  const isWriting = event.target.closest("input, textarea, select");
  if (event.key === "/" && !isWriting) {
    event.preventDefault();
    document.getElementById("quick-filter")?.focus();
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.target.form.requestSubmit();
  }
  if (event.key === "Escape") {
    const panel = event.target.closest(".panel[open]") ?? document.querySelector(".panel[open]");
    panel?.removeAttribute("open");
    panel?.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  for (const panel of document.querySelectorAll(".panel[open]")) {
    if (!panel.contains(event.target)) panel.removeAttribute("open");
  }
});

// A case that was loaded into the page is announced by moving the focus to its heading.
document.addEventListener("htmx:after:swap", (event) => {
  markCurrent();
  filterRows();
  if (event.detail.ctx.sourceElement.matches("a.case-row")) document.getElementById("case-title")?.focus();
});

// A page that nobody looks at asks for nothing.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden && event.target.id === "case-list") event.preventDefault();
});

// An answer without the console is a sign-in page: show it whole instead of emptying a column.
document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx.text.includes('id="sections"')) return;
  event.preventDefault();
  location.reload();
});

// Whatever htmx cannot show (signed out, not found, no network), the browser shows as a page of its own.
for (const failure of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(failure, (event) => {
    const row = event.target.closest?.("a.case-row");
    if (row) location.assign(row.href);
  });
}

for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
markCurrent();
document.querySelector("#cases [aria-current]")?.scrollIntoView({ block: "nearest" });
