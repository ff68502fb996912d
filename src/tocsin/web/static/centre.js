// Running times, and whether what is shown is still true: a wall that has gone quiet says so loudly.
"use strict";

{
const OLD_AFTER = 30000;
const stale = document.getElementById("stale");
let heardAt = Date.now();
let connected = true;

function span(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60000));
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  if (days) return `${days} day${days === 1 ? "" : "s"} ${hours} h`;
  if (hours) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return minutes ? `${minutes} min` : "less than a minute";
}

function run() {
  const now = Date.now();
  for (const one of document.querySelectorAll("#centre [data-running]")) {
    const text = span(now - Date.parse(one.dataset.running));
    if (one.textContent !== text) one.textContent = text;
  }
  for (const clock of document.querySelectorAll("[data-clock]")) {
    clock.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(now);
  }
  judge(now);
}

// A stream may be dead without anybody having said so: then the beats are missing.
function judge(now) {
  if (!stale) return;
  const isOld = !connected || now - heardAt > OLD_AFTER;
  stale.hidden = !isOld;
  document.body.classList.toggle("not-live", isOld);
  if (isOld) stale.querySelector("span").textContent = `What you see is ${span(now - heardAt)} old.`;
}

document.addEventListener("tocsin:live", () => { connected = true; heardAt = Date.now(); run(); });
document.addEventListener("tocsin:lost", () => { connected = false; run(); });
document.addEventListener("tocsin:after", () => { connected = true; heardAt = Date.now(); run(); });

const whole = document.getElementById("whole-screen");
if (whole && document.documentElement.requestFullscreen) {
  whole.hidden = false;
  whole.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
}

run();
setInterval(run, 1000);
}
