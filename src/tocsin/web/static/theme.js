// How this browser wants to see the pages: read before anything is drawn, so that nothing flashes.
"use strict";
(() => {
  const KEY = "tocsin theme";
  const root = document.documentElement;
  let chosen = "auto";
  try { chosen = localStorage.getItem(KEY) || "auto"; } catch { /* a browser that keeps nothing */ }
  const wear = () => {
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
    else delete root.dataset.theme;
  };
  wear();
  const NAMES = { auto: "as the system", light: "light", dark: "dark" };
  const choose = (look) => {
    chosen = look in NAMES ? look : "auto";
    try { localStorage.setItem(KEY, chosen); } catch { /* it holds for this page */ }
    wear();
    tell();
  };
  const tell = () => {
    for (const one of document.querySelectorAll("#theme input")) one.checked = one.value === chosen;
    const look = document.getElementById("look");
    if (!look) return;
    look.hidden = false;
    look.title = `Look: ${NAMES[chosen] || NAMES.auto}`;
    look.querySelector("span").textContent = look.title;
  };
  document.addEventListener("DOMContentLoaded", () => {
    const choices = document.getElementById("theme");
    if (choices) {
      choices.disabled = false;
      choices.addEventListener("change", (event) => choose(event.target.value));
    }
    const order = ["auto", "light", "dark"];
    document.getElementById("look")?.addEventListener("click", () => {
      choose(order[(order.indexOf(chosen) + 1) % order.length]);
    });
    tell();
  });
})();
