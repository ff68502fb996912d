// Dragging across a roster's calendar chooses a span for an override; dragging the end of one
// changes it. The form beneath says the same without a mouse, and without this file.
"use strict";

{
const HOUR = 3600000;
const dialog = document.getElementById("override-dialog");
const section = document.getElementById("override");
const form = document.getElementById("override-form");

// "2026-11-17T09:00" on the clocks of a zone, as the form's fields take it.
function localTime(at, zone) {
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).format(new Date(at));
  return parts.replace(" ", "T");
}

function said(at, zone) {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  }).format(new Date(at));
}

// How a roster's clocks differ from the reader's own.
for (const roster of document.querySelectorAll(".roster")) {
  const { zone } = roster.dataset;
  const minutes = (Date.parse(`${localTime(Date.now(), zone)}Z`) - Date.parse(`${localTime(Date.now())}Z`)) / 60000;
  if (!minutes) continue;
  const hours = Math.abs(minutes) / 60;
  const words = `${Number.isInteger(hours) ? hours : hours.toFixed(2)} hour${hours === 1 ? "" : "s"}`;
  roster.querySelector(".zone").textContent = `, ${words} ${minutes > 0 ? "ahead of" : "behind"} yours`;
}

function offer(roster, choice) {
  const field = (name) => form.elements.namedItem(name);
  const { zone } = roster.dataset;
  field("roster").value = roster.dataset.roster;
  field("start").value = localTime(choice.start, zone);
  field("end").value = localTime(choice.end, zone);
  field("replaces").value = choice.made || "";
  if (choice.person) field("person").value = choice.person;
  show(Boolean(choice.made));
  if (!choice.made) field("person").focus();
}

function show(isChange) {
  document.getElementById("override-title").textContent = isChange ? "Change an override" : "Put somebody else on call";
  form.querySelector("button.main").textContent = isChange ? "Change it" : "Put them on call";
  dialog.querySelector(".place").append(section);
  dialog.showModal();
}

function setUp() {
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.textContent = "Cancel";
  cancel.addEventListener("click", () => dialog.close());
  form.querySelector(".buttons").append(cancel);
  document.getElementById("open-override").addEventListener("click", (event) => {
    event.preventDefault();
    form.elements.namedItem("replaces").value = "";
    show(false);
  });
  dialog.querySelector(".place").append(section);
  if ("reopen" in form.dataset) dialog.showModal();
  for (const weeks of document.querySelectorAll(".weeks")) {
    weeks.classList.add("draggable");
    new Dragging(weeks);
  }
}

class Dragging {
  constructor(weeks) {
    this.weeks = weeks;
    this.roster = weeks.closest(".roster");
    this.words = document.createElement("div");
    this.words.className = "chosen-words";
    this.words.hidden = true;
    document.body.append(this.words);
    weeks.addEventListener("pointerdown", (event) => this.begin(event));
    weeks.addEventListener("pointermove", (event) => this.move(event));
    weeks.addEventListener("pointerup", (event) => this.end(event));
    weeks.addEventListener("pointercancel", () => this.forget());
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.forget(); });
  }

  // The instant under the pointer, in whole hours (three where there is little room).
  at(event) {
    const rows = [...this.weeks.querySelectorAll(".week")];
    const within = (row) => event.clientY < row.getBoundingClientRect().bottom;
    const row = rows.find(within) || rows[rows.length - 1];
    const box = row.getBoundingClientRect();
    const [start, end] = [Date.parse(row.dataset.start), Date.parse(row.dataset.end)];
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const step = box.width / ((end - start) / HOUR) < 4 ? 3 * HOUR : HOUR;
    return start + Math.round((part * (end - start)) / step) * step;
  }

  edge(event, bar) {
    const box = bar.querySelector(".body").getBoundingClientRect();
    if (bar.dataset.ends === "True" && box.right - event.clientX < 12) return "end";
    if (bar.dataset.starts === "True" && event.clientX - box.left < 12) return "start";
    return "";
  }

  begin(event) {
    if (event.button !== 0) return;
    const bar = event.target.closest(".bar");
    const side = bar?.dataset.made ? this.edge(event, bar) : "";
    const at = this.at(event);
    const fixed = { start: bar && Date.parse(bar.dataset.end), end: bar && Date.parse(bar.dataset.start) }[side];
    this.drag = { bar, side, x: event.clientX, fixed: fixed ?? at, now: at, moved: false };
    this.weeks.setPointerCapture(event.pointerId);
  }

  move(event) {
    const over = event.target.closest?.(".bar[data-made]");
    if (!this.drag && over) over.classList.toggle("at-edge", Boolean(this.edge(event, over)));
    if (!this.drag) return;
    if (Math.abs(event.clientX - this.drag.x) > 5) this.drag.moved = true;
    this.drag.now = this.at(event);
    if (this.drag.moved) this.draw(event);
  }

  draw(event) {
    const [start, end] = this.span();
    for (const old of this.weeks.querySelectorAll(".chosen")) old.remove();
    for (const row of this.weeks.querySelectorAll(".week")) {
      const [first, last] = [Date.parse(row.dataset.start), Date.parse(row.dataset.end)];
      const [left, right] = [Math.max(start, first), Math.min(end, last)];
      if (left >= right) continue;
      const chosen = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      chosen.setAttribute("class", "chosen");
      chosen.setAttribute("x", `${(100 * (left - first)) / (last - first)}%`);
      chosen.setAttribute("width", `${(100 * (right - left)) / (last - first)}%`);
      chosen.setAttribute("y", "26");
      chosen.setAttribute("height", "54");
      chosen.setAttribute("rx", "8");
      row.append(chosen);
    }
    const { zone } = this.roster.dataset;
    this.words.hidden = false;
    this.words.textContent = `${said(start, zone)} to ${said(end, zone)}`;
    const left = Math.min(event.clientX + 12, window.innerWidth - this.words.offsetWidth - 8);
    this.words.style.left = `${Math.max(8, left)}px`;
    this.words.style.top = `${event.clientY - 44}px`;
  }

  span() {
    return [Math.min(this.drag.fixed, this.drag.now), Math.max(this.drag.fixed, this.drag.now)];
  }

  end(event) {
    const { drag } = this;
    if (!drag) return;
    const [start, end] = this.span();
    this.forget();
    const made = drag.side ? drag.bar.dataset.made : "";
    if (drag.moved && end > start) {
      offer(this.roster, { start, end, made, person: made ? drag.bar.dataset.person : "" });
    } else if (!drag.moved && drag.bar && event.type === "pointerup") {
      const { dataset } = drag.bar;
      const whole = { start: Math.max(Date.parse(dataset.start), Date.now()), end: Date.parse(dataset.end) };
      if (whole.end > whole.start) offer(this.roster, { ...whole, made: dataset.made, person: dataset.made && dataset.person });
    }
  }

  forget() {
    this.drag = null;
    this.words.hidden = true;
    for (const old of this.weeks.querySelectorAll(".chosen")) old.remove();
  }
}

if (dialog && form) setUp();
}
