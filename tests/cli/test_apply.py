"""`tocsin apply`: checks first, shows what changes, asks, and says what is in force then."""

from __future__ import annotations

import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.cli.api_server import ApiServer, problem, rules, version_row
from tests.cli.running import PLANS, Ran, Terminal

from tocsin.cli.differences import differences

PLAN = (PLANS / "starter" / "plan.yaml").read_text(encoding="utf-8")
ORGANISATION = (PLANS / "starter" / "org.yaml").read_text(encoding="utf-8")
SLOWER = PLAN.replace("team-lead, P0: 10m, P1: 10m", "team-lead, P0: 20m, P1: 20m")
MORE_PEOPLE = ORGANISATION.replace("people:\n", "people:\n  zoe: {name: Zoe, contacts: [inbox]}\n")
FAULTY = PLAN.replace("tolerance: 5m", "tolerence: 5m")


def version(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Installation:
    """A server by whose API the starter's files are in force, and a folder with files."""

    def __init__(self, tocsin: Terminal, api: ApiServer, folder: Path) -> None:
        self.tocsin = tocsin
        self.api = api
        self.folder = folder
        self.serves(PLAN, ORGANISATION)

    def serves(self, plan: str, organisation: str, **more: Any) -> None:
        """From now on these are in force."""
        now = rules(version(plan), version(organisation), **more)
        self.api.answers["GET", "/api/v1/rules"] = (200, now)
        for what, text in (("plan", plan), ("organisation", organisation)):
            path = f"/api/v1/{what}s/{version(text)}"
            document = {"version": version(text), "file": f"{what}.yaml", "text": text,
                        "in_force": True, "running": 0}  # fmt: skip
            self.api.answers["GET", path] = (200, document)

    def accepts(self, plan: str, **more: Any) -> None:
        """What is applied is in force afterwards."""
        done = rules(version(plan), version(ORGANISATION), **more)
        self.api.answers["PUT", "/api/v1/rules"] = (
            200, done | {"changed": ["plan"], "problems": []},
        )  # fmt: skip

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def apply(self, *words: str | Path) -> Ran:
        return self.tocsin("apply", *words)

    @property
    def changes(self) -> list[Any]:
        """The bodies of what would change something."""
        return [one.body for one in self.api.requests if one.method != "GET"]


@pytest.fixture
def there(tocsin: Terminal, api: ApiServer, tmp_path: Path) -> Installation:
    return Installation(tocsin, api, tmp_path)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Somebody sits there and types."""

    class Keyboard:
        def isatty(self) -> bool:
            return True

        def readline(self, *_: int) -> str:
            return f"{typed}\n"

    monkeypatch.setattr(sys, "stdin", Keyboard())


def test_a_plan_is_compared_and_put_in_force(there: Installation) -> None:
    there.accepts(SLOWER, running_on_older=2)
    plan = there.file("new.yaml", SLOWER)
    ran = there.apply(plan, "--yes", "--why", "too quick", "--as", "ana")
    assert ran.code == 0, ran.err
    assert re.search(r"team-lead is told later: 20m instead of 10m", ran.out)
    assert f"is in force: version {version(SLOWER)[:12]}" in ran.out
    assert "2 running incidents stay on the plan that opened them" in ran.out
    (body,) = there.changes
    assert body["plan"] == {"file": str(plan), "text": SLOWER}
    assert "organisation" not in body
    assert body["expects"] == {"plan": version(PLAN), "organisation": version(ORGANISATION)}
    assert (body["why"], body["as"]) == ("too quick", "ana")


def test_an_organisation_is_compared_line_by_line(there: Installation) -> None:
    there.accepts(PLAN)
    people = there.file("people.yaml", MORE_PEOPLE)
    ran = there.apply(people, "--yes")
    assert ran.code == 0, ran.err
    assert f"{people}: people, line" in ran.out
    assert "+  zoe: {name: Zoe, contacts: [inbox]}" in ran.out
    assert "-" not in {line.strip()[:1] for line in ran.out.splitlines()}
    (body,) = there.changes
    assert "plan" not in body
    assert "+  zoe:" in there.apply(people, "--yes", "--json").err


def test_what_is_in_force_is_not_applied_again(there: Installation) -> None:
    ran = there.apply(there.file("a", ORGANISATION), there.file("b", PLAN))
    assert ran.code == 0
    assert ran.out.count("was in force already") == 2
    assert there.changes == []


def test_a_faulty_file_is_told_as_check_tells_it_and_nobody_is_asked(there: Installation) -> None:
    ran = there.apply(there.file("plan.yaml", FAULTY), there.file("org.yaml", ORGANISATION))
    assert ran.code == 1
    assert "[file.unknown-key]" in ran.out
    assert "tolerence: 5m" in ran.out
    assert "1 error: nothing was changed" in ran.out
    assert there.api.requests == []
    told = there.apply(there.folder / "plan.yaml", "--json").document
    assert told["changed"] == []
    assert "file.unknown-key" in [one["code"] for one in told["problems"]]


def test_files_that_do_not_fit_together_are_refused(there: Installation) -> None:
    people = ORGANISATION.replace("team-lead", "boss")
    ran = there.apply(there.file("plan.yaml", PLAN), there.file("org.yaml", people))
    assert ran.code == 1
    assert "[organisation.missing-recipient]" in ran.out


def test_what_the_server_refuses_is_told_with_its_line(there: Installation) -> None:
    plan = there.file("plan.yaml", SLOWER)
    found = {"file": str(plan), "line": 1, "column": 1, "code": "organisation.missing-recipient",
             "level": "error", "what": "it addresses `boss`", "hint": "Add it."}  # fmt: skip
    refusal = problem(422, "rules.refused", "an error", "cure it") | {"problems": [found]}
    there.api.answers["PUT", "/api/v1/rules"] = (422, refusal)
    ran = there.apply(plan, "--yes")
    assert ran.code == 1
    assert "it addresses `boss` [organisation.missing-recipient]" in ran.out
    assert "nothing was changed" in ran.out


def test_whoever_was_overtaken_is_told(there: Installation) -> None:
    refusal = problem(409, "rules.overtaken", "another plan is in force", "compare again")
    there.api.answers["PUT", "/api/v1/rules"] = (409, refusal)
    ran = there.apply(there.file("plan.yaml", SLOWER), "--yes")
    assert ran.code == 1
    assert "another plan is in force" in ran.err


def test_it_asks_before_it_changes_anything(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.accepts(SLOWER)
    plan = there.file("plan.yaml", SLOWER)
    nobody = there.apply(plan)
    assert nobody.code == 2
    assert "--yes" in nobody.err
    at_a_terminal(monkeypatch, "n")
    no = there.apply(plan)
    assert (no.code, there.changes) == (1, [])
    assert "team-lead is told later" in no.out
    at_a_terminal(monkeypatch, "y")
    assert there.apply(plan).code == 0
    assert len(there.changes) == 1


def test_a_document_for_programs_stands_alone(there: Installation) -> None:
    there.accepts(SLOWER, running_on_older=1)
    plan = there.file("plan.yaml", SLOWER)
    ran = there.apply(plan, "--yes", "--json")
    assert ran.document["changed"] == ["plan"]
    assert ran.document["plan"]["version"] == version(SLOWER)
    assert "team-lead is told later" in ran.document["changes"][0]["what"]
    assert ran.err == ""
    there.serves(SLOWER, ORGANISATION)
    assert there.apply(plan, "--json").document["changed"] == []


def test_a_file_of_the_server_that_says_something_else_is_named(there: Installation) -> None:
    file = {"what": "plan", "source": "box:/plan.yaml", "version": version(PLAN), "seen_at": "-"}
    there.accepts(SLOWER, files=[file])
    ran = there.apply(there.file("plan.yaml", SLOWER), "--yes")
    assert "box:/plan.yaml says something else" in ran.err


def test_the_history_and_the_way_back(there: Installation) -> None:
    there.serves(PLAN, ORGANISATION)
    there.serves(SLOWER, ORGANISATION)
    there.accepts(PLAN)
    newer, older = version_row(version(SLOWER)), version_row(version(PLAN), in_force=False)
    list_of = there.api.answers
    list_of["GET", "/api/v1/plans"] = (200, {"versions": [newer, older], "next": None})
    list_of["GET", "/api/v1/organisations"] = (200, {"versions": [], "next": None})
    told = there.apply("--history")
    assert [line.split()[3] for line in told.out.splitlines()[1:]] == [
        version(SLOWER)[:12], version(PLAN)[:12],
    ]  # fmt: skip
    assert there.apply("--history", "--json").document["plans"] == [newer, older]
    ran = there.apply("--version", version(PLAN)[:12], "--yes")
    assert ran.code == 0, ran.err
    (body,) = there.changes
    assert body["plan"]["text"] == PLAN
    for wrong in ("abc", "0" * 12):
        assert there.apply("--version", wrong).code == 2


def test_it_is_seen_from_the_text_what_a_file_is(there: Installation) -> None:
    plan, other = there.file("a.txt", PLAN), there.file("b.txt", SLOWER)
    scenario = there.file("c.yaml", "scenario: x\nplan: plan.yaml\n")
    for words, said in (
        ([plan, other], "both of one kind"),
        ([scenario], "neither a plan nor an organisation"),
        ([there.file("d.yaml", "hello: world\n")], "neither a plan nor an organisation"),
        ([plan, "--version", "abcdef"], "name files, or a version"),
        ([], "name files, or a version"),
    ):
        ran = there.apply(*words)
        assert ran.code == 2
        assert said in ran.err
    assert there.api.requests == []


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("a: 1\n", "a: 1\n", []),
        ("a: 1\n", "a: 2\n", [("a, line 1", ["-a: 1", "+a: 2"])]),
        ("a:\n  x: 1\n  y: 2\n", "a:\n  x: 1\n", [("a, line 3", [" a:", "   x: 1", "-  y: 2"])]),
        ("", "a: 1\n", [("a, line 1", ["+a: 1"])]),
    ],
)
def test_differences_name_their_section(old: str, new: str, places: Any) -> None:
    assert list(differences(old, new)) == places


def test_places_that_are_far_apart_are_told_apart() -> None:
    old = "a:\n" + "  x\n" * 9 + "b:\n  - 1\n"
    new = old.replace("a:\n", "a: # changed\n").replace("- 1", "- 2")
    assert [place for place, _ in differences(old, new)] == ["a, line 1", "b, line 12"]
