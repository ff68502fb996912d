// What has got into a page that nobody has put there: evaluated in it by test_injection.py.
() => {
  const found = [...window.__asked];
  if (window.__pwned !== undefined) found.push("window.__pwned is set");
  const here = location.origin;
  const never = "iframe frame frameset object embed applet base portal math style marquee " +
    "audio video foreignObject animate set xmp plaintext noembed bgsound layer isindex keygen";
  for (const one of document.querySelectorAll(never.split(" ").join(","))) {
    found.push(`<${one.localName}> is on the page`);
  }
  for (const one of document.querySelectorAll("*")) {
    for (const {name, value} of one.attributes) {
      if (/^(on|hx-on)/i.test(name)) found.push(`<${one.localName} ${name}=${value}>`);
      // What a style attribute does, the policy forbids, and says so.
      if (["srcdoc", "background", "ping"].includes(name)) found.push(`<${one.localName} ${name}>`);
    }
    const where = one.href?.baseVal ?? one.href ?? one.src ?? one.action;
    if (typeof where !== "string" || !where) continue;
    const url = new URL(where, document.baseURI);
    const isLink = one.localName === "a" && ["http:", "https:", "mailto:", "tel:"].includes(url.protocol);
    const isPicture = one.localName === "img" && url.protocol === "data:" && /^data:image.(png|svg)/.test(where);
    if (url.origin !== here && !isLink && !isPicture) found.push(`<${one.localName}> leads to ${where}`);
  }
  for (const one of document.querySelectorAll("script")) {
    if (one.textContent.trim() && one.type !== "application/json") found.push("a script in the page");
  }
  return found;
}
