// Ticks clocks, shows times in the reader's zone, and says whether the page is live.
// Everything works without it; the server has written all of it in UTC.
"use strict";

const FORMS = {
  long: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
  short: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

function words(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}`;
}

// To make a writer takes far longer than to use it, and a room has a hundred times to show.
const writers = new Map();
function written(at, form) {
  const key = JSON.stringify(form);
  if (!writers.has(key)) writers.set(key, new Intl.DateTimeFormat("en-GB", form));
  return writers.get(key).format(at);
}

let zone = "";
const inZone = () => (zone ? { timeZone: zone } : {});

function localise(root) {
  const plans = document.querySelector("[data-zone]")?.dataset.zone;
  for (const time of root.querySelectorAll("time[data-form]")) {
    time.title = time.textContent;
    if (plans) {
      const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: plans };
      time.title += `; ${written(new Date(time.dateTime), form)} ${plans}`;
    }
    time.dataset.shown = time.dataset.form;
    time.removeAttribute("data-form");
    show(time);
  }
}

// What is of today is shown without its date.
function show(time) {
  const at = new Date(time.dateTime);
  const { day: date, month, ...hours } = FORMS[time.dataset.shown];
  const short = time.dataset.shown === "short" && day(at) === day(new Date());
  const form = { ...(short ? hours : FORMS[time.dataset.shown]), hourCycle: "h23", ...inZone() };
  time.textContent = written(at, form);
}

// Shows all times in another zone than the reader's own; "" is the reader's.
function showZone(name) {
  zone = name;
  for (const time of document.querySelectorAll("time[data-shown]")) show(time);
}

function day(at) {
  const form = { weekday: "long", day: "numeric", month: "long", year: "numeric", ...inZone() };
  return written(at, form);
}

function tick() {
  const now = Date.now();
  localise(document);
  for (const clock of document.querySelectorAll("[data-due]")) {
    const start = Date.parse(clock.dataset.start);
    const due = Date.parse(clock.dataset.due);
    const left = clock.querySelector(".left");
    const bar = clock.querySelector("progress");
    left.textContent = now < due ? `${words(due - now)} left` : `over by ${words(now - due)}`;
    clock.classList.toggle("over", now >= due);
    clock.classList.toggle("soon", now < due && now - start > 0.75 * (due - start));
    if (bar && due > start) bar.value = Math.min(1000, (1000 * (now - start)) / (due - start));
  }
  for (const since of document.querySelectorAll("[data-since]")) {
    since.textContent = `(${words(now - Date.parse(since.dataset.since))} ago)`;
  }
  for (const running of document.querySelectorAll("[data-running]")) {
    running.textContent = words(now - Date.parse(running.dataset.running));
  }
  for (const until of document.querySelectorAll("[data-until]")) {
    const at = Date.parse(until.dataset.until);
    until.textContent = now < at ? `in ${words(at - now)}` : "now";
  }
}

let connected = false;
function live(isLive) {
  connected = isLive;
  for (const mark of document.querySelectorAll(".live")) {
    mark.hidden = false;
    mark.dataset.live = isLive;
    mark.textContent = isLive ? "live" : "not connected, trying again";
  }
}

document.addEventListener("htmx:sseOpen", () => live(true));
document.addEventListener("htmx:sseError", () => live(false));
document.addEventListener("htmx:sseBeforeMessage", (message) => {
  // After a reconnect an entry may come a second time.
  const { type, lastEventId } = message.detail;
  if (type === "entry" && document.getElementById(`entry-${lastEventId}`)) message.preventDefault();
});
document.addEventListener("htmx:sseMessage", tick);

window.tocsin = { tick, day, showZone, isLive: () => connected };
tick();
setInterval(tick, 1000);
