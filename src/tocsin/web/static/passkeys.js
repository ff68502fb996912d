// Makes and uses passkeys, and copies what is shown once. Without it, every other way works.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function options(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("The server did not answer as expected. Open the page again.");
  const found = await answer.json();
  found.challenge = toBytes(found.challenge);
  if (found.user) found.user.id = toBytes(found.user.id);
  for (const one of [...(found.excludeCredentials || []), ...(found.allowCredentials || [])]) {
    one.id = toBytes(one.id);
  }
  return found;
}

async function make() {
  const publicKey = await options("/account/passkeys/options");
  const made = await navigator.credentials.create({ publicKey });
  return {
    clientDataJSON: toText(made.response.clientDataJSON),
    attestationObject: toText(made.response.attestationObject),
    id: made.id,
  };
}

async function use() {
  const publicKey = await options("/sign-in/passkey");
  const used = await navigator.credentials.get({ publicKey });
  return {
    clientDataJSON: toText(used.response.clientDataJSON),
    authenticatorData: toText(used.response.authenticatorData),
    signature: toText(used.response.signature),
    userHandle: used.response.userHandle ? toText(used.response.userHandle) : null,
    id: used.id,
  };
}

const SAID = {
  NotAllowedError: "Nothing was chosen, or it took too long. Try again.",
  InvalidStateError: "This device has a passkey for you already.",
  SecurityError: "The browser refuses passkeys at this address.",
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) break;
  form.hidden = false;
  const trouble = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    trouble.hidden = true;
    try {
      const { id, ...response } = await (form.dataset.passkey === "make" ? make() : use());
      form.elements.credential.value =
        JSON.stringify({ id, rawId: id, type: "public-key", response });
      form.submit();
    } catch (problem) {
      trouble.textContent = SAID[problem.name] || problem.message;
      trouble.hidden = false;
    }
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const shown = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(shown.innerText.trim());
    button.lastChild.textContent = " Copied";
  });
}
