// Keeps an open page up to date: what the server streams replaces the parts of the page it is of.
// Without it a page shows what was true when it was loaded, and every link and form works.
//
//   data-stream="URL"                listen there for events with names (server-sent events)
//   data-part="NAME"                 becomes what the event NAME brings; data-add: it is put on top
//   data-renews="NAME"               the event NAME has the page read again; the elements of these
//     data-ids="A B"               ids then become what they are in it
//   a[data-instead="URL"]            what is there takes the place of the link's list item
//   form[data-shows="ID"]            what the form's `data-ask` answers to it is shown in ID
//
// It tells the document: tocsin:live and tocsin:lost; tocsin:before each part that is about to
// change, which can be prevented, and tocsin:after it.
"use strict";

(() => {
  const tell = (name, target, detail = {}) =>
    (target ?? document).dispatchEvent(new CustomEvent(`tocsin:${name}`, { bubbles: true, cancelable: true, detail }));

  function put(part, html, name = "", id = "") {
    if (!tell("before", part, { name, html, id })) return;
    if (part.hasAttribute("data-add")) part.insertAdjacentHTML("afterbegin", html);
    else part.innerHTML = html;
    tell("after", part, { name });
  }

  // --- Streams. The browser itself comes back after most failures, and not after every one. ---
  const AGAIN_AT_MOST = 15000;
  function listen(place) {
    const parts = [...place.querySelectorAll("[data-part]")];
    const renewed = [...place.querySelectorAll("[data-renews]")];
    let tries = 0;
    let stream, again;
    function open() {
      stream = new EventSource(place.dataset.stream);
      stream.addEventListener("open", () => { tries = 0; tell("live"); });
      stream.addEventListener("error", () => {
        tell("lost");
        if (stream.readyState !== EventSource.CLOSED) return;
        again = setTimeout(open, Math.min(AGAIN_AT_MOST, 500 * 2 ** tries) * (0.75 + Math.random() / 2));
        tries += 1;
      });
      for (const name of new Set(parts.map((part) => part.dataset.part))) {
        stream.addEventListener(name, (event) => {
          for (const part of parts) if (part.dataset.part === name) put(part, event.data, name, event.lastEventId);
        });
      }
      for (const one of renewed) stream.addEventListener(one.dataset.renews, () => renew(one));
    }
    open();
    // A page that is kept for going back must not open a second stream when it is shown again.
    addEventListener("pagehide", () => { clearTimeout(again); stream.close(); });
    addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  }

  // --- Parts that are read with the whole page. What comes while one is read is read after it. ---
  const reading = new Map();
  async function renew(one) {
    if (reading.has(one)) return void reading.set(one, true);
    reading.set(one, false);
    try {
      const answer = await fetch(location.href);
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of one.dataset.ids.split(" ")) {
          const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
          if (old && fresh) put(old, fresh.innerHTML, one.dataset.renews);
        }
      }
    } catch { /* the stream says that the server is gone, and renews when it is back */ }
    const again = reading.get(one);
    reading.delete(one);
    if (again) renew(one);
  }

  // --- Links whose answer comes in their place. ---
  async function instead(link) {
    const [item, list] = [link.closest("li"), link.closest("ol, ul")];
    const address = link.dataset.instead;
    link.removeAttribute("data-instead");
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) return false;
    item.insertAdjacentHTML("afterend", await answer.text());
    item.remove();
    tell("after", list);
    return true;
  }
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-instead]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!await instead(link)) location.assign(link.href);
  });
  // Whoever scrolls to such a link need not press it.
  addEventListener("scroll", () => {
    for (const link of document.querySelectorAll("a[data-instead]")) {
      if (link.getBoundingClientRect().top < innerHeight + 400) instead(link);
    }
  }, { passive: true });

  // --- Forms whose answer is shown while they are filled in. The last one asked is the one shown. ---
  const asked = new WeakMap();
  async function ask(form) {
    asked.get(form)?.abort();
    const asking = new AbortController();
    asked.set(form, asking);
    try {
      const body = new URLSearchParams(new FormData(form));
      const headers = { "Tocsin-Script": "yes" };
      const answer = await fetch(form.dataset.ask, { method: "POST", body, headers, signal: asking.signal });
      if (answer.ok) put(document.getElementById(form.dataset.shows), await answer.text());
    } catch { /* another is asked already, or the server is gone, which the page says */ }
  }
  const soon = new WeakMap();
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.shows) return;
    clearTimeout(soon.get(form));
    soon.set(form, setTimeout(ask, 250, form));
  });

  for (const place of document.querySelectorAll("[data-stream]")) listen(place);
})();
