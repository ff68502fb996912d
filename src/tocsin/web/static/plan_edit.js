// Line numbers, tabs and drafts for the two texts of the editor. Everything works without it.
"use strict";

const form = document.getElementById("editor");
const texts = [...form.querySelectorAll("textarea")];
const started = texts.map((text) => text.value);
const KEY = `tocsin plan draft ${form.dataset.base}`;

function number(text) {
  const lines = text.value.split("\n").length;
  const beside = text.previousElementSibling;
  if (Number(beside.dataset.lines) !== lines) {
    beside.dataset.lines = lines;
    beside.textContent = Array.from({ length: lines }, (_, place) => place + 1).join("\n");
  }
  beside.scrollTop = text.scrollTop;
}

function changed() {
  return texts.some((text, place) => text.value !== started[place]);
}

function keep() {
  try {
    if (changed()) sessionStorage.setItem(KEY, JSON.stringify(texts.map((text) => text.value)));
  } catch { /* A browser that keeps nothing still has the text on the page. */ }
}

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) || "null");
    return Array.isArray(found) && found.length === texts.length ? found.map(String) : null;
  } catch { return null; }
}

function forget() {
  try { sessionStorage.removeItem(KEY); } catch { /* nothing was kept */ }
  document.getElementById("kept").hidden = true;
}

// Show the place that a problem is about, with its line marked.
function show(text, line) {
  document.getElementById(`part-${text.name}`).checked = true;
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus({ preventScroll: true });
  text.setSelectionRange(start, start + (lines[line - 1] || "").length);
  const height = text.scrollHeight / Math.max(1, lines.length);
  text.scrollTop = Math.max(0, (line - 5) * height);
  number(text);
  text.scrollIntoView({ block: "center" });
}

let leaving = false;
for (const text of texts) {
  text.closest(".editor").classList.add("numbered");
  text.addEventListener("input", () => { number(text); keep(); });
  text.addEventListener("scroll", () => number(text));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input"));
    } else if (event.key !== "Shift") leaving = false;
  });
  number(text);
}

for (const link of document.querySelectorAll("#findings a[data-line]")) {
  link.addEventListener("click", (event) => {
    const text = document.getElementById(link.getAttribute("href").slice(1));
    if (!text) return;
    event.preventDefault();
    show(text, Number(link.dataset.line));
  });
}

let sent = false;
form.addEventListener("submit", () => { sent = true; keep(); });
addEventListener("beforeunload", (event) => { if (changed() && !sent) event.preventDefault(); });

if ("done" in form.dataset) forget();
const before = kept();
if (before && before.some((value, place) => value !== texts[place].value)) {
  document.getElementById("kept").hidden = false;
  document.getElementById("forget").addEventListener("click", forget);
  document.getElementById("take-back").addEventListener("click", () => {
    before.forEach((value, place) => { texts[place].value = value; number(texts[place]); });
    document.getElementById("kept").hidden = true;
  });
}
