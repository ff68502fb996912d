"""`tocsin serve` as whoever installs it meets it: first start, bad files, changes, the end."""

from __future__ import annotations

import re
import socket
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.servers import Receiver, Servers, TocsinServer, wait_until

pytestmark = pytest.mark.slow

STARTER = Path(__file__).parents[2] / "src" / "tocsin" / "starter"
PLAN = (STARTER / "plan.yaml").read_text(encoding="utf-8")

ORGANISATION = f"""\
tocsin: 1
organisation: Test Ltd
people:
  ana: {{name: Ana, access: administrator, contacts: [inbox, webhook receiver]}}
recipients:
  on-call-engineer: {{people: [ana]}}
  team-lead: {{people: [ana]}}
  engineering-manager: {{people: [ana]}}
last_resort: team-lead
integrations:
  prometheus: {{source: alertmanager, owner: team-lead}}
{Receiver.ENDPOINT}"""

IN_FORCE_WITHIN_S = 5
ENDED_WITHIN_S = 5


def break_plan(server: TocsinServer) -> None:
    """Misspell the key of one line of the plan file."""
    server.plan_path.write_text(PLAN.replace("tolerance:", "tolerence:"), encoding="utf-8")


def refused_start(server: TocsinServer) -> tuple[int, list[str]]:
    """Start a server that is expected to refuse; returns its exit code and what it says."""
    server.spawn()
    code = server.wait_ended()
    assert "Traceback" not in server.log
    assert server.printed == "", "what did not start must not say that it has"
    return code, server.log.splitlines()


class TestFirstStart:
    def test_new_data_directory_begins_with_the_starter_files(self, servers: Servers) -> None:
        server = servers()
        assert not server.data_dir.exists()
        server.start()
        for name in ("plan.yaml", "org.yaml"):
            assert (server.data_dir / name).read_bytes() == (STARTER / name).read_bytes()
        ready = server.get("/readyz")
        assert ready["status"] == "ready"
        (warning,) = ready["warnings"]
        assert "nobody outside watches" in warning

    def test_prints_what_to_do_next(self, tocsin_server: TocsinServer) -> None:
        printed = tocsin_server.printed
        assert tocsin_server.url in printed.splitlines()[0]
        assert str(tocsin_server.data_dir) in printed
        assert "Sign in as Ana Prieto" in printed
        assert tocsin_server.sign_in_url.startswith(f"{tocsin_server.url}/sign-in")
        assert re.search(r"^ *curl ", printed, re.MULTILINE)

    def test_printed_link_signs_in_once(self, tocsin_server: TocsinServer) -> None:
        for is_first in (True, False):
            with httpx.Client(trust_env=False, follow_redirects=True) as browser:
                page = browser.get(tocsin_server.sign_in_url)
                form = dict(re.findall(r'name="(form_token|code|next)" value="([^"]*)"', page.text))
                headers = {"Origin": tocsin_server.url}
                page = browser.post(f"{tocsin_server.url}/sign-in", data=form, headers=headers)
                assert (page.status_code == 200) is is_first, page.text
                seen = browser.get(f"{tocsin_server.url}/")
                assert ("/sign-in" not in str(seen.url)) is is_first

    def test_printed_curl_line_opens_an_incident_and_pages(
        self, tocsin_server: TocsinServer
    ) -> None:
        line = next(
            line for line in tocsin_server.printed.splitlines() if line.strip().startswith("curl ")
        )
        done = subprocess.run(
            ["sh", "-c", line.replace("curl ", "curl -sS -w '%{http_code}' ", 1)],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={"PATH": "/usr/bin:/bin"},
        )
        assert (done.returncode, done.stdout[-3:], done.stderr) == (0, "200", "")
        (incident,) = tocsin_server.incidents()
        assert (incident["state"], incident["severity"]) == ("open", "P0")
        on_call = tocsin_server.get("/api/v1/on-call?roster=primary")["rosters"][0]["person"]
        (page, *_) = tocsin_server.wait_until(lambda: tocsin_server.inbox(on_call))
        assert (page["kind"], page["incident"]) == ("page", incident["code"])

    def test_what_it_leaves_on_disk_is_for_its_owner_alone(
        self, tocsin_server: TocsinServer
    ) -> None:
        for name in ("server.json", "tocsin.sqlite3"):
            mode = stat.S_IMODE((tocsin_server.data_dir / name).stat().st_mode)
            assert mode == 0o600, f"{name} has mode {mode:o}"
        assert stat.S_IMODE(tocsin_server.data_dir.stat().st_mode) == 0o700

    def test_no_secret_gets_into_the_log(self, servers: Servers, receiver: Receiver) -> None:
        environment = {**receiver.environment, "TOCSIN_LOG_LEVEL": "debug"}
        server = servers(plan=PLAN, organisation=ORGANISATION, environment=environment)
        server.start()
        server.fire("ApiDown", severity="critical")
        wait_until(lambda: receiver.pages, 10, "a page")
        receiver.answer = 500
        server.fire("DatabaseDown", severity="critical")
        wait_until(lambda: len(receiver.pages) > 1, 10, "another page")
        httpx.get(server.sign_in_url, trust_env=False)
        httpx.get(f"{server.url}/api/v1/status?key={server.api_key}", trust_env=False)
        link = receiver.pages[0].body["data"]["link"]
        httpx.get(link, trust_env=False)
        assert server.stop() == 0
        secrets = {
            "operator key": server.api_key,
            "integration key": server.integration_key,
            "sign-in code": server.sign_in_url.partition("code=")[2],
            "answering link": link.rpartition("/")[2],
            "webhook secret": receiver.environment["RECEIVER_SECRET"],
            "webhook address": receiver.url,
        }
        assert [name for name, secret in secrets.items() if secret in server.log] == []


class TestAgain:
    def test_second_start_goes_on_with_the_same_data(self, tocsin_server: TocsinServer) -> None:
        tocsin_server.fire("ApiDown", service="checkout", severity="critical")
        before = tocsin_server.incidents()
        key = tocsin_server.integration_key
        assert tocsin_server.stop() == 0
        tocsin_server.start()
        assert tocsin_server.integration_key == key
        (incident,) = tocsin_server.incidents()
        assert incident["code"] == before[0]["code"]
        tocsin_server.fire("ApiDown", service="checkout", severity="critical")
        assert len(tocsin_server.incidents()) == 1

    def test_broken_plan_leaves_the_last_good_one_in_force(
        self, tocsin_server: TocsinServer
    ) -> None:
        version = tocsin_server.get("/api/v1/status")["plan"]["version"]
        assert tocsin_server.stop() == 0
        break_plan(tocsin_server)
        tocsin_server.start()
        assert "tolerence" in tocsin_server.log
        assert "the last good plan and organisation stay in force" in tocsin_server.log
        status = tocsin_server.get("/api/v1/status")
        assert status["plan"]["version"] == version
        assert "tolerence" in status["refused"][0]["what"]
        tocsin_server.fire("ApiDown", severity="critical")
        assert tocsin_server.incidents()[0]["severity"] == "P0"


class TestRefusedStart:
    def test_broken_plan_and_nothing_from_before(self, servers: Servers) -> None:
        server = servers(plan=PLAN.replace("tolerance:", "tolerence:"))
        code, said = refused_start(server)
        assert code == 1
        number = PLAN.splitlines().index("tolerance: 5m           # what `immediate` allows") + 1
        assert any(f"plan.yaml:{number}" in line for line in said), said
        assert any("tolerance" in line for line in said), "the hint names the key that was meant"

    def test_port_in_use(self, servers: Servers) -> None:
        server = servers()
        with socket.socket() as other:
            other.bind(("127.0.0.1", server.port))
            other.listen()
            code, said = refused_start(server)
        assert code == 1
        assert 1 <= len(said) <= 2
        assert f"port {server.port} of 127.0.0.1 is in use" in said[0]

    def test_port_in_use_harms_nobody_who_runs(self, servers: Servers) -> None:
        """The address and key that the running server has left must stay."""
        running = servers()
        running.start()
        left = (running.data_dir / "server.json").read_bytes()
        second = servers(options=("--data", str(running.data_dir)))
        second.port = running.port
        code, _ = refused_start(second)
        assert code == 1
        assert (running.data_dir / "server.json").read_bytes() == left
        running.fire("ApiDown", severity="critical")
        assert len(running.incidents()) == 1

    def test_store_that_cannot_be_opened(self, servers: Servers) -> None:
        url = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2"
        code, said = refused_start(servers(database_url=url))
        assert code == 1
        assert 1 <= len(said) <= 2
        assert "this should not have happened" not in said[0]

    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({"TOCSIN_LOG_LEVEL": "loud"}, "TOCSIN_LOG_LEVEL"),
            ({"TOCSIN_TYPO": "1"}, "TOCSIN_TYPO"),
            ({"TOCSIN_DATABASE_URL": "mysql://db"}, "TOCSIN_DATABASE_URL"),
            ({"TOCSIN_BASE_URL": "tocsin.example.org"}, "TOCSIN_BASE_URL"),
        ],
    )
    def test_nonsense_in_the_environment(
        self, servers: Servers, environment: dict[str, str], expected: str
    ) -> None:
        server = servers(environment=environment)
        code, said = refused_start(server)
        assert code == 2
        assert 1 <= len(said) <= 2
        assert expected in said[0]
        assert not server.data_dir.exists(), "nothing is set up by a start that is refused"


class TestChangesWhileRunning:
    def test_changed_plan_takes_effect_and_a_faulty_one_does_not(
        self, tocsin_server: TocsinServer
    ) -> None:
        def severity_of(alertname: str) -> str:
            tocsin_server.fire(alertname, severity="critical")
            return str(tocsin_server.incidents()[0]["severity"])

        def version() -> str:
            return str(tocsin_server.get("/api/v1/status")["plan"]["version"])

        assert severity_of("First") == "P0"
        first = version()
        changed = PLAN.replace(
            "{severity: critical}, severity: P0", "{severity: critical}, severity: P1"
        )
        assert changed != PLAN
        tocsin_server.plan_path.write_text(changed, encoding="utf-8")
        wait_until(lambda: version() != first, IN_FORCE_WITHIN_S, "the change takes effect")
        second = version()
        assert severity_of("Second") == "P1"

        break_plan(tocsin_server)
        refused = wait_until(
            lambda: tocsin_server.get("/api/v1/status")["refused"], IN_FORCE_WITHIN_S, "a refusal"
        )
        assert "tolerence" in refused[0]["what"]
        assert refused[0]["line"] > 0
        assert version() == second
        assert severity_of("Third") == "P1"

        tocsin_server.plan_path.write_text(PLAN, encoding="utf-8")
        wait_until(lambda: version() == first, IN_FORCE_WITHIN_S, "the correction takes effect")
        assert tocsin_server.get("/api/v1/status")["refused"] == []

    def test_file_that_vanishes_changes_nothing(self, tocsin_server: TocsinServer) -> None:
        tocsin_server.plan_path.unlink()
        wait_until(lambda: "rules.not-read" in tocsin_server.log, IN_FORCE_WITHIN_S, "a log line")
        tocsin_server.fire("ApiDown", severity="critical")
        assert tocsin_server.incidents()[0]["severity"] == "P0"


class Held(Receiver):
    """Keeps the sender waiting for an answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def take(self, message_id: str, body: bytes) -> None:
        super().take(message_id, body)
        self.go.wait(10)


class TestEnd:
    def test_sigterm_while_idle(self, tocsin_server: TocsinServer) -> None:
        assert tocsin_server.stop(within_s=ENDED_WITHIN_S) == 0
        assert "Traceback" not in tocsin_server.log

    def test_sigterm_in_the_middle_of_intake_loses_nothing(
        self, tocsin_server: TocsinServer
    ) -> None:
        accepted: list[str] = []
        enough = threading.Event()

        def send(worker: int) -> None:
            for number in range(10_000):
                name = f"Alert{worker}-{number}"
                try:
                    tocsin_server.fire(name, service="checkout")
                except httpx.HTTPError:
                    return
                accepted.append(name)
                if len(accepted) >= 100:
                    enough.set()

        with ThreadPoolExecutor(4) as workers:
            sending = [workers.submit(send, worker) for worker in range(4)]
            assert enough.wait(30)
            began = time.monotonic()
            assert tocsin_server.stop() == 0
            assert time.monotonic() - began < ENDED_WITHIN_S
            for one in sending:
                one.result(10)
        tocsin_server.start()
        assert missing(tocsin_server, accepted) == []

    def test_sigterm_waits_for_the_page_that_is_leaving(self, servers: Servers) -> None:
        with Held() as receiver:
            server = servers(plan=PLAN, organisation=ORGANISATION, environment=receiver.environment)
            server.start()
            server.fire("ApiDown", severity="critical")
            wait_until(lambda: receiver.pages, 10, "a page")
            with ThreadPoolExecutor(1) as aside:
                ended = aside.submit(server.stop)
                wait_until(lambda: not accepts(server), 5, "it takes nothing more")
                receiver.go.set()
                assert ended.result(ENDED_WITHIN_S) == 0
            server.start()
            (incident,) = server.incidents()
            shown = server.get(f"/api/v1/incidents/{incident['code']}")
            assert {d["channel"]: d["state"] for d in shown["deliveries"]} == {
                "inbox": "sent",
                "webhook": "sent",
            }
            assert len(receiver.pages) == 1, "what was sent before the end is not sent again"


def missing(server: TocsinServer, names: list[str]) -> list[str]:
    """Return those of `names` that no stored alert has."""
    stored: set[str] = set()
    cursor = ""
    while True:
        page = server.get(f"/api/v1/alerts?cursor={cursor}")
        stored |= {alert["labels"]["alertname"] for alert in page["alerts"]}
        if page["next"] is None:
            return [name for name in names if name not in stored]
        cursor = page["next"]


def accepts(server: TocsinServer) -> bool:
    """Whether a connection is possible."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0
