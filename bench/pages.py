"""Measure the pages: what the room transfers, how soon it can be used, how far viewers are behind.

    .venv/bin/python bench/pages.py [--only transfer,interactive,viewers]

Part of `make bench`. Exit 0: measured. 1: a viewer did not get everything. 2: something is missing.
"""

import argparse
import asyncio
import gzip
import json
import os
import re
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import httpx
import machine
import viewers
from instruments import BUILD, BenchError
from playwright.sync_api import sync_playwright
from systems import ROOT, Tocsin

SCENE = ROOT / "tests" / "web" / "scene"
BUDGET_BYTES = 150_000
BUDGET_SECONDS = 1.0
SLOWER = 6
"""So many times slower the processor of the reader is."""

RUNS = 11


class Shop(Tocsin):
    """A server with the plan and the people of the tests' scene, and as many guests."""

    guests: tuple[str, ...] = ()

    def _command(self) -> list[str]:
        command = super()._command()
        people = "people:\n" + "".join(
            f"  {guest}: {{name: {guest.title()}, contacts: [inbox]}}\n" for guest in self.guests
        )
        organisation = self.folder / "org.yaml"
        text = (SCENE / "org.yaml").read_text("utf-8").replace("people:\n", people, 1)
        organisation.write_text(text, encoding="utf-8")
        command[command.index("--plan") + 1] = str(SCENE / "plan.yaml")
        command[command.index("--org") + 1] = str(organisation)
        return command

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: object) -> dict[str, object]:
        """Ask with the operator's key."""
        key = json.loads((self.folder / "data" / "server.json").read_bytes())["key"]
        answer = httpx.post(
            self.url + path, json=body, headers={"Authorization": f"Bearer {key}"}, trust_env=False
        )
        return dict(answer.raise_for_status().json())

    def cookie(self, person: str) -> str:
        """Sign somebody in; the value of a Cookie header."""
        link = str(self.post("/api/v1/sign-in-links", {"person": person})["url"])
        with httpx.Client(trust_env=False) as client:
            fields = _fields(client.get(link).text, "/sign-in")
            origin = {"Origin": self.url}
            client.post(f"{self.url}/sign-in", data=fields, headers=origin)
            return "; ".join(f"{one.name}={one.value}" for one in client.cookies.jar)


def _fields(html: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the first form that goes to `action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', html, re.DOTALL)
    if form is None:
        raise BenchError(f"no form for {action} on the page")
    found = {}
    for field in re.findall(r"<input[^>]*>", form[0]):
        name, value = re.search(r'name="([^"]*)"', field), re.search(r'value="([^"]*)"', field)
        if name:
            found[name[1]] = unescape(value[1]) if value else ""
    return found


@contextmanager
def shop(guests: int) -> Iterator[tuple[Shop, str]]:
    """Start a server with one large incident; gives it with the incident's code."""
    server = Shop(BUILD / "runs" / f"pages-{os.getpid()}", "http://127.0.0.1:9/")
    server.guests = tuple(f"guest-{number}" for number in range(guests))
    try:
        server.start()
        facts = {"payment_processing": "down", "user_facing": True}
        made = server.post("/api/v1/incidents", {"title": "Checkout is down", "facts": facts})
        yield server, str(made["code"])
    finally:
        server.close()


def transfer(server: Shop, code: str) -> None:
    """Print what a first visit to the room transfers, as sent and as it would be by gzip."""
    head = {"Cookie": server.cookie("ana"), "Accept-Encoding": "gzip"}
    with httpx.Client(base_url=server.url, headers=head, trust_env=False) as client:
        page = client.get(f"/incidents/{code}")
        parts = [(f"/incidents/{code}", page)]
        files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
        styles = {path: client.get(unescape(path)) for path in sorted(files)}
        for path, answer in list(styles.items()):
            for inner in re.findall(
                r"url\([\"']?([^\"')]+)", answer.text if ".css" in path else ""
            ):
                where = str(answer.url.join(inner)).removeprefix(server.url)
                if where.startswith("/static/"):
                    styles[where] = client.get(where)
        parts += styles.items()
        total = 0
        for name, answer in parts:
            sent = int(answer.headers.get("content-length", 0)) or len(answer.content)
            total += sent
            small = len(gzip.compress(answer.content, 6))
            how = answer.headers.get("content-encoding", "as it is")
            print(f"  {sent:>8,} bytes {how:<8} ({small:,} by gzip)  {name.partition('?')[0]}")
    verdict = "within" if total < BUDGET_BYTES else "NOT WITHIN"
    print(f"room, first visit: {total:,} bytes sent, {verdict} {BUDGET_BYTES:,}")


USABLE = """() => new Promise((done) => {
  const drawn = () => requestAnimationFrame(() => setTimeout(() => done(performance.now())));
  const listens = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  if (listens) drawn();
  else document.addEventListener("DOMContentLoaded", drawn);
})"""
"""When the page's scripts listen to keys and forms, and what they changed is on the screen."""


def interactive(server: Shop, code: str) -> None:
    """Print how soon the room takes a key press, on a processor that is six times slower."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise BenchError("chromium is missing: run `make setup-tests`")
    name, _, value = server.cookie("ana").partition("=")
    times = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        for _ in range(RUNS):
            context = browser.new_context()
            context.add_cookies([{"name": name, "value": value, "url": server.url}])
            page = context.new_page()
            slow = context.new_cdp_session(page)
            slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.goto(f"{server.url}/incidents/{code}", wait_until="commit")
            times.append(float(page.evaluate(USABLE)) / 1000)
            context.close()
        browser.close()
    middle = statistics.median(times)
    verdict = "within" if middle < BUDGET_SECONDS else "NOT WITHIN"
    shown = ", ".join(f"{one:.2f}" for one in sorted(times))
    print(
        f"room usable, {SLOWER}x slower: {middle:.2f} s, {verdict} {BUDGET_SECONDS:g} s ({shown})"
    )


def watched(server: Shop, code: str, asked: argparse.Namespace) -> bool:
    """Print how far viewers are behind; False if one of them has not got everything once."""
    cookies = [server.cookie(guest) for guest in server.guests]
    html = httpx.get(
        f"{server.url}/incidents/{code}", headers={"Cookie": cookies[0]}, trust_env=False
    ).text
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    if found is None:
        raise BenchError("no form on the room's page")
    room = viewers.Room(server.port, code, cookies[0], found[1])
    cpu = machine.cpu_seconds(server.pid)
    seen, took = asyncio.run(viewers.run(room, cookies, asked.events, asked.rate))
    cpu = machine.cpu_seconds(server.pid) - cpu
    lags = sorted(lag for one in seen for lag in one.lags)
    worst = sorted(max(one.lags, default=float("nan")) for one in seen)
    whole = sum(len(one.seen) == asked.events and not one.twice for one in seen)
    ms = [f"{1000 * viewers.share(lags, part):.0f}" for part in (0.5, 0.99, 1)]
    print(
        f"{asked.viewers} viewers, {asked.events:,} events in {took:.0f} s"
        f" ({asked.events / took:.0f} a second; {asked.rate:.0f} wanted):"
        f" behind by {ms[0]} ms (p50), {ms[1]} ms (p99), {ms[2]} ms (max)\n"
        f"  the worst moment of each viewer: {1000 * worst[0]:.0f} ms to {1000 * worst[-1]:.0f} ms;"
        f" {sum(lag > 1 for lag in worst)} were ever more than 1 s behind\n"
        f"  {whole} of {asked.viewers} got every event once;"
        f" {sum(one.bytes for one in seen) / 1e6:.0f} MB sent, {cpu:.0f} s of CPU,"
        f" {machine.memory_mib(server.pid):.0f} MiB"
    )
    return whole == asked.viewers


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench/pages.py", description="Measure the pages.")
    parser.add_argument("--only", default="transfer,interactive,viewers", metavar="WHAT")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=50, help="events a second (50)")
    asked = parser.parse_args()
    wanted = asked.only.split(",")
    BUILD.mkdir(parents=True, exist_ok=True)
    print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    )
    try:
        with shop(asked.viewers) as (server, code):
            if "transfer" in wanted:
                transfer(server, code)
            if "interactive" in wanted:
                interactive(server, code)
            if "viewers" in wanted and not watched(server, code, asked):
                return 1
    except (BenchError, httpx.HTTPError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
