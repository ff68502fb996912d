// The desk: what is chosen is shown at once, and nothing that somebody writes is taken away.
// Without it, "Take it" and "Preview" do the same.
"use strict";

document.documentElement.classList.add("scripted");

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-chooses]")) return;
  // What was typed goes along, so that none of it is lost.
  event.target.form.requestSubmit(document.querySelector("[data-choose]"));
});

// What comes in while somebody says what is wrong with a proposal has to wait for them.
document.addEventListener("tocsin:before", (event) => {
  if (event.target.id === "preview") return;
  const busy = document.activeElement?.closest("#waiting details, #everything details");
  if (busy) event.preventDefault();
});
