// Shows times in the reader's zone and keeps the page fresh. The page says everything without it.
const forms = {
  long: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" },
};

function localise() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title ||= time.textContent;
    time.textContent = new Intl.DateTimeFormat("en-GB", forms[time.dataset.form] ?? forms.long).format(at);
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const word of document.querySelectorAll(".zone")) word.textContent = `${zone}; days and bars in ${word.dataset.of ??= word.textContent}`;
}

let tag = "";

async function refresh() {
  if (document.hidden || document.querySelector("form")) return;
  try {
    const answer = await fetch(location.href, { cache: "no-cache", credentials: "same-origin" });
    if (!answer.ok) return;
    const text = await answer.text();
    if (tag && text !== tag) {
      const other = new DOMParser().parseFromString(text, "text/html");
      for (const part of ["main", "footer"]) document.querySelector(part).replaceWith(other.querySelector(part));
      document.title = other.title;
      localise();
    }
    tag = text;
  } catch {
    // Offline: what is shown stays, and says itself when it was last changed.
  }
}

localise();
refresh();
setInterval(refresh, 60000);
