// A link to a line on which nothing stands in the document leads to the plan's text instead.
"use strict";

function toTheSource() {
  const line = /^#(line-\d+)$/.exec(location.hash);
  if (line && !document.getElementById(line[1])) {
    const version = document.querySelector('.facts a[href^="/plan/source"]');
    location.replace(`${version ? version.getAttribute("href") : "/plan/source"}${location.hash}`);
  }
}

addEventListener("hashchange", toTheSource);
toTheSource();
