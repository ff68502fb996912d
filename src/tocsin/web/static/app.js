// Ticks clocks, shows times in the reader's zone, and says whether the page is live.
// Everything works without it; the server has written all of it in UTC.
"use strict";

function words(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}`;
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December",
];
const two = (number) => String(number).padStart(2, "0");

// The reader's own zone is told by the date itself: a writer for it takes a slow phone 100 ms to make.
const writers = new Map();
function partsOf(at, zone) {
  if (!zone) {
    return {
      weekday: DAYS[at.getDay()], day: at.getDate(), month: MONTHS[at.getMonth()], year: at.getFullYear(),
      hour: two(at.getHours()), minute: two(at.getMinutes()), second: two(at.getSeconds()),
    };
  }
  if (!writers.has(zone)) {
    writers.set(zone, new Intl.DateTimeFormat("en-GB", {
      weekday: "long", day: "numeric", month: "long", year: "numeric",
      hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone,
    }));
  }
  return Object.fromEntries(writers.get(zone).formatToParts(at).map((part) => [part.type, part.value]));
}

const date = (one) => `${one.day} ${one.month.slice(0, 3)}`;
const hours = (one) => `${one.hour}:${one.minute}`;
const clock = (one) => `${hours(one)}:${one.second}`;
const FORMS = {
  long: (one) => `${date(one)} ${one.year}, ${hours(one)}`,
  short: (one, at) => (day(at) === day(new Date()) ? hours(one) : `${date(one)}, ${hours(one)}`),
  day: (one) => `${date(one)}, ${clock(one)}`,
  clock,
};

let zone = "";

function localise(root) {
  for (const time of root.querySelectorAll("time[data-form]")) {
    time.dataset.utc = time.textContent;
    time.dataset.shown = time.dataset.form;
    time.removeAttribute("data-form");
    show(time);
  }
}

// What is of today is shown without its date.
function show(time) {
  const at = new Date(time.dateTime);
  time.textContent = FORMS[time.dataset.shown](partsOf(at, zone), at);
}

// What a time is in UTC and in the plan's zone is said when somebody points at it.
document.addEventListener("pointerover", (event) => {
  const time = event.target.closest?.("time[data-utc]");
  if (!time || time.title) return;
  const plans = document.querySelector("[data-zone]")?.dataset.zone;
  const there = plans ? `; ${hours(partsOf(new Date(time.dateTime), plans))} ${plans}` : "";
  time.title = time.dataset.utc + there;
});

// Shows all times in another zone than the reader's own; "" is the reader's.
function showZone(name) {
  zone = name;
  for (const time of document.querySelectorAll("time[data-shown]")) show(time);
}

function day(at) {
  const one = partsOf(at, zone);
  return `${one.weekday} ${one.day} ${one.month} ${one.year}`;
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

document.addEventListener("tocsin:live", () => live(true));
document.addEventListener("tocsin:lost", () => live(false));
document.addEventListener("tocsin:before", (event) => {
  // After a reconnect an entry may come a second time.
  const { name, id } = event.detail;
  if (name === "entry" && document.getElementById(`entry-${id}`)) event.preventDefault();
});
document.addEventListener("tocsin:after", tick);

window.tocsin = { tick, day, showZone, isLive: () => connected };
tick();
setInterval(tick, 1000);
