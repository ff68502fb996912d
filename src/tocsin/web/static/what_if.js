// Plays a simulated story: the server has told all of it, this only shows it bit by bit.
"use strict";

const stage = document.getElementById("stage");

function player() {
  const SCALE = 600; // As the axis of the server: minutes are wide at its beginning.
  const end = Number(stage.dataset.seconds);
  const starts = Date.parse(stage.dataset.starts);
  const find = (id) => document.getElementById(id);
  const [play, scrub, speed] = [find("play"), find("scrub"), find("speed")];
  const items = [...stage.querySelectorAll("[data-place]")].map((element) => ({
    element,
    place: Number(element.dataset.place),
    until: element.dataset.until === undefined ? null : Number(element.dataset.until),
    width: Number(element.getAttribute("width")),
  }));
  const entries = items.filter((item) => item.element.localName === "li");
  const stops = [...new Set(entries.map((item) => item.place))].sort((a, b) => a - b);
  const heads = [...stage.querySelectorAll(".playhead")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const wallForm = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
    timeZone: stage.dataset.zone, hourCycle: "h23",
  });
  let place = 1;
  let running = null;
  let last = 0;

  const seconds = (at) => SCALE * Math.expm1(at * Math.log1p(end / SCALE));

  function words(at) {
    const all = Math.round(seconds(at));
    const two = (number) => String(number).padStart(2, "0");
    const days = Math.floor(all / 86400);
    const clock = `${two(Math.floor((all % 86400) / 3600))}:${two(Math.floor((all % 3600) / 60))}:${two(all % 60)}`;
    return `+${days ? `${days} d ` : ""}${clock}`;
  }

  function show(at, told) {
    const before = place;
    place = Math.min(1, Math.max(0, at));
    for (const item of items) {
      const ahead = item.place > place + 1e-9;
      item.element.classList.toggle("ahead", ahead);
      item.element.classList.toggle("now", !ahead && item.place > before + 1e-9 && place < 1);
      if (item.until !== null) {
        const share = (Math.min(place, item.until) - item.place) / (item.until - item.place || 1);
        item.element.setAttribute("width", Math.max(0, item.width * Math.min(1, share)));
      }
    }
    for (const head of heads) {
      const x = Number(head.dataset.left) + place * Number(head.dataset.width);
      head.setAttribute("x1", x);
      head.setAttribute("x2", x);
      // On a narrow screen the drawing is wider than its place: it follows.
      const drawing = head.ownerSVGElement;
      const around = drawing.parentElement;
      if (told || running) around.scrollLeft = (x / 1000) * drawing.clientWidth - around.clientWidth / 2;
    }
    find("after").textContent = words(place);
    find("wall").textContent = `${wallForm.format(starts + 1000 * seconds(place))} ${stage.dataset.zone}`;
    scrub.value = Math.round(1000 * place);
    scrub.setAttribute("aria-valuetext", words(place));
    const reached = entries.filter((item) => item.place <= place + 1e-9);
    const newest = reached.at(-1);
    if (newest && (told || stops.some((stop) => stop > before + 1e-9 && stop <= place + 1e-9))) {
      const same = reached.filter((item) => item.place === newest.place);
      find("now-told").textContent = same.slice(-3).map((item) => item.element.dataset.what).join(" · ");
    }
  }

  function pause() {
    if (running) cancelAnimationFrame(running);
    clearTimeout(running);
    running = null;
    play.setAttribute("aria-pressed", "false");
    find("play-word").textContent = "Play";
  }

  function next(forward) {
    const found = forward
      ? stops.find((stop) => stop > place + 1e-9)
      : stops.findLast((stop) => stop < place - 1e-9);
    return found === undefined ? (forward ? 1 : 0) : found;
  }

  function frame(now) {
    show(place + (now - last) / (1000 * Number(speed.value)));
    last = now;
    if (place >= 1) pause(); else running = requestAnimationFrame(frame);
  }

  // Where less motion is wanted, the story goes on from event to event.
  function jump() {
    show(next(true), true);
    if (place >= 1) pause(); else running = setTimeout(jump, 60 * Number(speed.value));
  }

  function start() {
    if (place >= 1) show(0, true);
    stage.classList.add("playing");
    play.setAttribute("aria-pressed", "true");
    find("play-word").textContent = "Pause";
    if (calm.matches) running = setTimeout(jump, 500);
    else { last = performance.now(); running = requestAnimationFrame(frame); }
  }

  play.addEventListener("click", () => { if (running) pause(); else start(); });
  find("step").addEventListener("click", () => { pause(); stage.classList.add("playing"); show(next(true), true); });
  find("back").addEventListener("click", () => { pause(); stage.classList.add("playing"); show(next(false), true); });
  scrub.addEventListener("input", () => { pause(); stage.classList.add("playing"); show(scrub.value / 1000, true); });
  stage.querySelector(".player").hidden = false;
  show(1, true);
  if ("play" in stage.dataset && !calm.matches) { show(0, true); start(); }
}

if (stage) player();
