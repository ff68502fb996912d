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

function localise(root) {
  for (const time of root.querySelectorAll("time[data-form]")) {
    const at = new Date(time.dateTime);
    const form = { ...FORMS[time.dataset.form], hourCycle: "h23" };
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat("en-GB", form).format(at);
    time.removeAttribute("data-form");
  }
}

// The server dates the first entry of each day in UTC; the reader's days begin elsewhere.
let dated = 0;
function dates() {
  const times = [...document.querySelectorAll("#timeline .when time")];
  if (times.length === dated) return;
  dated = times.length;
  times.forEach((time, place) => {
    const at = new Date(time.dateTime);
    const before = times[place + 1] && new Date(times[place + 1].dateTime);
    const isFirst = !before || before.toDateString() !== at.toDateString();
    const form = { ...FORMS[isFirst ? "day" : "clock"], hourCycle: "h23" };
    const text = new Intl.DateTimeFormat("en-GB", form).format(at);
    if (time.textContent !== text) time.textContent = text;
  });
}

function tick() {
  const now = Date.now();
  localise(document);
  dates();
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
  for (const until of document.querySelectorAll("[data-until]")) {
    const at = Date.parse(until.dataset.until);
    until.textContent = now < at ? `in ${words(at - now)}` : "now";
  }
}

function live(isLive) {
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
  // What somebody is filling in is not taken away; the next message, or their own, brings the rest.
  const filledIn = document.activeElement?.closest("#to-do form:has(input:not([type=hidden]), textarea, select)");
  if (type === "todo" && filledIn) message.preventDefault();
});
document.addEventListener("htmx:sseMessage", tick);

tick();
setInterval(tick, 1000);
