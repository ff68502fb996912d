// The incident room: sends its forms without leaving the page, helps to write a line, filters the
// timeline, and knows some keys. Everything works without it.
"use strict";

(() => {
  const room = document.getElementById("room");
  if (!room) return;
  const path = room.dataset.path;
  const timeline = document.getElementById("timeline");
  const line = document.getElementById("say-text");
  const list = document.getElementById("completions");

  // --- Forms: done where they stand; a refusal is shown there too, and nothing typed is lost. ---
  // Parts are renewed while people read: what is said about their forms stands beside them.
  const notice = document.getElementById("notice");
  function slotOf(form) {
    if (form.closest("[data-part]")) return notice;
    let slot = form.querySelector(".answer-slot");
    if (!slot) {
      slot = document.createElement("div");
      slot.className = "answer-slot";
      form.append(slot);
    }
    return slot;
  }

  async function send(form, button) {
    const body = new FormData(form, button);
    const action = form.hasAttribute("data-pin") ? `${path}/pin` : form.action;
    const plain = form.enctype === "multipart/form-data" ? body : new URLSearchParams(body);
    form.setAttribute("aria-busy", "true");
    if (button) button.disabled = true;
    try {
      const headers = { "Tocsin-Script": "yes" };
      const answer = await fetch(action, { method: "POST", body: plain, headers });
      const elsewhere = answer.headers.get("Tocsin-Go");
      if (elsewhere) return void location.assign(elsewhere);
      if (answer.redirected) return void location.reload();
      const html = answer.status === 204 ? "" : await answer.text();
      const isPart = html && !html.includes("<!doctype");
      slotOf(form).innerHTML = isPart ? html : "";
      window.tocsin.tick();
      if (answer.ok) done(form);
      else if (!isPart) tell(form, "it could not be sent; open the page again and repeat it");
    } catch {
      tell(form, "the server cannot be reached; what you typed is still here: send it again");
    } finally {
      form.removeAttribute("aria-busy");
      if (button) button.disabled = false;
    }
  }

  function tell(form, what) {
    const box = document.createElement("div");
    box.className = "refusal";
    box.setAttribute("role", "alert");
    box.textContent = `Not done: ${what}.`;
    slotOf(form).replaceChildren(box);
  }

  function done(form) {
    form.reset();
    form.closest("[popover]")?.hidePopover();
    const details = form.closest("details");
    if (details && !details.closest("[popover]")) details.open = false;
    if (form.id === "say") line.focus();
    if (!window.tocsin.isLive()) location.reload();
  }

  room.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-act")) return;
    event.preventDefault();
    const button = event.submitter;
    if (button?.dataset.confirm && !confirm(button.dataset.confirm)) return;
    hideCompletions();
    notice.replaceChildren();
    send(form, button);
  });
  room.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    slotOf(line.form).replaceChildren();
  });
  notice.addEventListener("click", (event) => {
    if (!event.target.closest("a")) notice.replaceChildren();
  });

  // --- Parts that follow what happens: what somebody has open or is filling in stays. ---
  const opened = new Map();
  function isInUse(part) {
    const form = document.activeElement?.closest("form");
    if (form && part.contains(form) && document.activeElement.matches("input, textarea, select")) return true;
    return [...part.querySelectorAll("form[data-act] :is(input:not([type=hidden]), textarea)")].some(
      (field) => field.type === "file" ? field.files.length : field.type !== "search" && field.value !== field.defaultValue,
    );
  }
  const waiting = new Map();
  document.addEventListener("tocsin:before", (event) => {
    const part = event.target;
    const { name, html } = event.detail;
    if (name === "entry") return;
    if (isInUse(part)) {
      waiting.set(part, html);
      event.preventDefault();
      return;
    }
    waiting.delete(part);
    remember(part);
  });
  function remember(part) {
    opened.set(part, [...part.querySelectorAll("details[open][id]")].map((one) => one.id));
  }
  function reopen(part) {
    for (const id of opened.get(part) ?? []) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
  }
  room.addEventListener("focusout", () => setTimeout(() => {
    for (const [part, html] of waiting) {
      if (isInUse(part)) continue;
      waiting.delete(part);
      remember(part);
      part.innerHTML = html;
      reopen(part);
      window.tocsin.tick();
    }
  }));
  document.addEventListener("tocsin:after", (event) => {
    reopen(event.target);
    if (event.target === timeline && event.detail.name) arrived();
    marks();
  });

  // --- The timeline: filters, search, days by the reader's own calendar, pinned entries. ---
  let find = new URLSearchParams(location.search).get("find") ?? "";
  function arrived() {
    const newest = timeline.querySelector("li[data-groups]");
    if (newest) {
      newest.classList.add("fresh");
      setTimeout(() => newest.classList.remove("fresh"), 1500);
    }
    timeline.querySelector(".nothing")?.remove();
    sift();
  }
  let isSifted = false;
  function sift() {
    if (!find && !isSifted) return;
    isSifted = find !== "";
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    for (const entry of timeline.querySelectorAll("li[data-groups]")) {
      const text = entry.textContent.toLowerCase();
      entry.hidden = !words.every((word) => text.includes(word));
    }
  }
  async function load() {
    const show = timeline.dataset.show;
    const query = new URLSearchParams({ show, find });
    const answer = await fetch(`/live${path}/timeline?${query}`);
    if (!answer.ok || show !== timeline.dataset.show || query.get("find") !== find) return;
    timeline.innerHTML = await answer.text();
    window.tocsin.tick();
    marks();
    history.replaceState(null, "", show === "all" && !find ? path : `?${query}`);
  }
  for (const filter of room.querySelectorAll(".filters a")) {
    filter.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      for (const one of room.querySelectorAll(".filters a")) one.removeAttribute("aria-current");
      filter.setAttribute("aria-current", "true");
      timeline.dataset.show = filter.dataset.show;
      room.querySelector(".find input[name=show]").value = filter.dataset.show;
      load();
    });
  }
  const search = document.getElementById("find");
  let soon = 0;
  search.addEventListener("input", () => {
    find = search.value.trim();
    sift();
    clearTimeout(soon);
    soon = setTimeout(load, 250);
  });
  search.form.addEventListener("submit", (event) => {
    event.preventDefault();
    load();
  });
  function marks() {
    const pinned = new Set([...room.querySelectorAll("#pinned [data-number]")].map((one) => one.dataset.number));
    let day = "";
    for (const entry of timeline.querySelectorAll("li[data-groups]")) {
      entry.classList.toggle("pinned-entry", pinned.has(String(entry.value)));
      const at = entry.querySelector("time");
      const here = window.tocsin.day(new Date(at.dateTime));
      if (here === day) entry.removeAttribute("data-day");
      else entry.dataset.day = here;
      day = here;
    }
  }
  timeline.addEventListener("click", (event) => {
    const link = event.target.closest("a.when");
    if (!link) return;
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    location.hash = link.hash;
  });

  // --- The line: Enter sends, Shift and Enter begins a new line, and what can follow is shown. ---
  let asked = 0;
  function hideCompletions() {
    // An answer that is still on its way comes too late.
    asked += 1;
    if (!list) return;
    list.hidden = true;
    list.replaceChildren();
    line.removeAttribute("aria-activedescendant");
  }
  function pick(item) {
    line.value = item.dataset.line;
    line.focus();
    hideCompletions();
    complete();
  }
  function move(step) {
    const items = [...list.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const next = items[(at + step + items.length) % items.length];
    for (const item of items) item.setAttribute("aria-selected", String(item === next));
    line.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }
  async function complete() {
    const text = line.value;
    const number = ++asked;
    if (!text.startsWith("/") || text.startsWith("//") || text.includes("\n")) return hideCompletions();
    const answer = await fetch(`/live${path}/completions?${new URLSearchParams({ text: text.slice(0, 200) })}`);
    if (!answer.ok || number !== asked) return;
    const found = await answer.json();
    if (!found.length || (found.length === 1 && found[0].line === text)) return hideCompletions();
    // What was chosen stays so if a later answer has it too: Enter must not send half a command.
    const chosen = list.querySelector("[aria-selected=true]")?.dataset.line;
    list.replaceChildren(...found.map((one, place) => {
      const item = document.createElement("li");
      item.id = `completion-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(one.line === chosen));
      item.dataset.line = one.line;
      const what = document.createElement("b");
      what.textContent = `${one.line}${one.arguments}`;
      const about = document.createElement("span");
      about.className = "hint";
      about.textContent = one.about;
      item.append(what, about);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); pick(item); });
      return item;
    }));
    const still = list.querySelector("[aria-selected=true]");
    if (still) line.setAttribute("aria-activedescendant", still.id);
    else line.removeAttribute("aria-activedescendant");
    list.hidden = false;
  }
  if (line) {
    line.setAttribute("aria-autocomplete", "list");
    line.setAttribute("aria-controls", "completions");
    line.addEventListener("input", complete);
    line.addEventListener("blur", () => setTimeout(hideCompletions, 150));
    line.addEventListener("keydown", (event) => {
      const isOpen = !list.hidden;
      const chosen = list.querySelector("[aria-selected=true]");
      if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        move(event.key === "ArrowDown" ? 1 : -1);
      } else if (isOpen && (event.key === "Tab" && !event.shiftKey || event.key === "Enter" && chosen)) {
        event.preventDefault();
        pick(chosen ?? list.firstElementChild);
      } else if (event.key === "Escape") {
        const slot = slotOf(line.form);
        if (isOpen) hideCompletions();
        else if (slot.hasChildNodes()) slot.replaceChildren();
        else line.blur();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        if (line.value.trim()) line.form.requestSubmit();
      }
    });
  }

  // --- Keys: none of them changes anything by itself. ---
  function to(id) {
    const place = document.getElementById(id);
    if (!place) return;
    place.scrollIntoView({ block: "start" });
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
  let afterG = 0;
  const KEYS = {
    a: () => (room.querySelector(".acts .main") ?? room.querySelector(".acts button"))?.focus(),
    n: () => line?.focus(),
    "/": () => { if (line) { line.focus(); if (!line.value) line.value = "/"; complete(); } },
    s: () => search.focus(),
    t: () => to("timeline-title"),
    c: () => to("clocks"),
    d: () => to("to-do"),
    m: () => document.getElementById("more")?.showPopover(),
    z: () => document.getElementById("zone").click(),
    "?": () => document.getElementById("keys").togglePopover(),
    g: () => { afterG = Date.now(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") notice.replaceChildren();
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (event.key === "i" && Date.now() - afterG < 1500) return void location.assign("/incidents");
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- What stays in sight, and the zone in which times are shown. ---
  new IntersectionObserver(([headline]) => {
    room.classList.toggle("scrolled", !headline.isIntersecting && headline.boundingClientRect.bottom < 90);
  }, { rootMargin: "-90px 0px 0px" }).observe(document.getElementById("now"));
  const zone = document.getElementById("zone");
  zone.hidden = false;
  zone.addEventListener("click", () => {
    const isPlans = zone.getAttribute("aria-pressed") !== "true";
    zone.setAttribute("aria-pressed", String(isPlans));
    window.tocsin.showZone(isPlans ? room.dataset.zone : "");
    marks();
  });
  document.addEventListener("click", (event) => {
    // A link to something that is folded opens it.
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    const place = document.getElementById(link.hash.slice(1));
    if (place?.matches("[popover]")) { event.preventDefault(); place.showPopover(); }
  });
  marks();
  sift();
})();
