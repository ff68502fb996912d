"""The pages on plans: what they show is read by Tocsin, what they promise happens."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML
from scripts import tutorial
from tests.cli.running import run_alone
from tests.core.plan.test_docs_and_schema import models
from typer.core import TyperOption

from tocsin.cli.main import ALL, Tocsin, app
from tocsin.core.document import salvage_document
from tocsin.core.organisation.file import OrganisationFile
from tocsin.core.plan.consequences.laws import LAWS
from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.read import read
from tocsin.core.scenarios.file import ScenarioFile

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HOW_TO = DOCS / "plan/how-to"
PAGES = sorted(DOCS.glob("plan/**/*.md"))
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(DOCS)}:{number}")
    for page in (*PAGES, DOCS / "scenarios.md")
    for number, block in enumerate(re.findall(r"```ya?ml\n(.*?)```", page.read_text(), re.S), 1)
]
EXAMPLES = sorted(file.parent for file in DOCS.glob("plan/examples/*/plan.yaml"))


def text_of_how_tos() -> str:
    return "".join(page.read_text(encoding="utf-8") for page in HOW_TO.glob("*.md"))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_has_the_right_shape(block: str) -> None:
    keys = YAML(typ="safe").load(block) or {}
    model: type[BaseModel]
    if "people" in keys:
        text, model = block, OrganisationFile
    elif "scenario" in keys:
        text, model = block, ScenarioFile
    elif "story" in keys:  # an excerpt from a scenario
        text, model = f"scenario: x\nplan: plan.yaml\n{block}", ScenarioFile
    elif "when" in keys:  # an excerpt from a severity
        inside = "".join(f"    {line}\n" for line in block.splitlines())
        text, model = f"tocsin: 1\nplan: x\nseverities:\n  P0:\n{inside}", PlanFile
    else:
        head = {"tocsin": "1", "plan": "x", "severities": "{P0: {}}"}
        missing = "".join(f"{key}: {value}\n" for key, value in head.items() if key not in keys)
        text, model = missing + block, PlanFile
    _, problems = salvage_document(text, "block.yaml", model)
    assert [str(p) for p in problems] == []


MISSING = (
    "plan.unknown-", "plan.selection", "plan.formula", "plan.template-origin", "plan.gate",
)  # fmt: skip
"""What is wrong with an excerpt because it names what it does not define."""
MEANT = ("plan.choice",)


@pytest.mark.parametrize("block", [b for b in BLOCKS if str(b.id).startswith("plan/how-to")])
def test_every_excerpt_of_a_plan_lacks_nothing_but_names(block: str) -> None:
    keys = YAML(typ="safe").load(block) or {}
    if keys.keys() & {"people", "scenario", "story", "when"}:
        return
    head = {"tocsin": "1", "plan": "x", "severities": "{P0: {}, P1: {}, P2: {}, P3: {}}"}
    text = "".join(f"{key}: {value}\n" for key, value in head.items() if key not in keys) + block
    wrong = [p for p in read(text, "x")[1] if p.level == "error"]
    assert [str(p) for p in wrong if not p.code.startswith((*MISSING, *MEANT))] == []


@pytest.mark.parametrize("key", PlanFile.model_fields)
def test_every_top_key_has_a_how_to(key: str) -> None:
    assert re.search(rf"^{key}: ", text_of_how_tos(), re.M) or re.search(
        rf"^{key}:$", text_of_how_tos(), re.M
    ), f"no page in docs/plan/how-to shows `{key}:`"
    index = (HOW_TO / "README.md").read_text(encoding="utf-8")
    first_page = {
        "purpose", "organisation", "project", "signature", "review_every", "tocsin",
    }  # fmt: skip
    assert key in first_page or f"`{key}" in index or f", {key}" in index, f"index: {key}"


EVERY_KEY = sorted(
    {field.alias or name for m in models(PlanFile, set()) for name, field in m.model_fields.items()}
)


@pytest.mark.parametrize("key", EVERY_KEY)
def test_every_key_stands_in_a_how_to(key: str) -> None:
    """In words or in an example."""
    key = re.escape(key)
    shown = rf"`\{{?{key}\b|^ *(- )?{key}:|[{{, ]{key}: "
    assert re.search(shown, text_of_how_tos(), re.M), f"no page in docs/plan/how-to has `{key}`"


def test_every_law_of_the_table_is_named() -> None:
    page = (HOW_TO / "duties-and-regulations.md").read_text(encoding="utf-8")
    assert [law for law in LAWS if f"`{law}`" not in page] == []


def commands() -> list[str]:
    """Every `tocsin ...` that a page shows, in its text or in a block."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found |= set(re.findall(r"`(tocsin [a-z][^`\n]*)`", text))
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S):
            found |= set(re.findall(r"^(?:\$ )?(tocsin [^|\n]*)", block, re.M))
    return sorted(found)


@pytest.mark.parametrize("words", commands())
def test_every_command_shown_exists(words: str) -> None:
    name, *arguments = shlex.split(words.replace("...", ""))[1:]
    assert name in ALL
    group = typer.main.get_command(app)
    assert isinstance(group, Tocsin)
    command: Any = group.get_command(None, name)
    options = {o for p in command.params if isinstance(p, TyperOption) for o in p.opts}
    assert {word for word in arguments if word.startswith("-")} <= options | {"--help"}


def test_links_lead_to_headings_that_are_there() -> None:
    wrong = []
    for page in (*ROOT.glob("*.md"), *DOCS.glob("**/*.md")):
        text = page.read_text(encoding="utf-8")
        for link, heading in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
            if "://" not in link and heading not in headings(page.parent / link if link else page):
                wrong.append(f"{page.relative_to(ROOT)}: {link}#{heading}")
    assert wrong == []


def headings(page: Path) -> set[str]:
    """The anchors that a page's headings have."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("[!R]*.md")), ids=lambda page: page.stem)
def test_the_index_leads_to_every_heading_of_every_page(page: Path) -> None:
    linked = re.findall(
        rf"\]\({re.escape(page.name)}#([^)]+)\)", (HOW_TO / "README.md").read_text()
    )
    assert linked, "no line of the index leads to this page"
    assert re.search(r"See (it|all|any)", page.read_text(encoding="utf-8"))


def test_the_tutorial_shows_what_its_commands_print(tmp_path: Path) -> None:
    written = tutorial.PAGE.read_text(encoding="utf-8")
    assert tutorial.page(written, tmp_path) == written, "run `python scripts/tutorial.py`"
    for file in ("plan.yaml", "org.yaml", "tests"):
        there, made = tutorial.EXAMPLE / file, tmp_path / file
        pairs = [(there, made)] if made.is_file() else [(there / f.name, f) for f in made.iterdir()]
        for one, other in pairs:
            assert one.read_text(encoding="utf-8") == other.read_text(encoding="utf-8")


def test_every_step_of_the_tutorial_leaves_a_plan_without_errors() -> None:
    plan = ""
    for kind, block in tutorial.BLOCK.findall(tutorial.PAGE.read_text(encoding="utf-8")):
        if kind == "yaml" and not block.startswith("# "):
            plan = tutorial.grown(plan, block)
            assert [str(p) for p in read(plan, "plan.yaml")[1] if p.level == "error"] == []


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_every_example_checks_clean(folder: Path) -> None:
    text = (folder / "plan.yaml").read_text(encoding="utf-8")
    _, problems = read(text, "plan.yaml", exists=lambda path: (folder / path).exists())
    assert [str(p) for p in problems] == []


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_the_scenarios_of_every_example_pass(folder: Path) -> None:
    org = run_alone("check", folder / "plan.yaml", "--org", folder / "org.yaml")
    assert (org.code, org.err) == (0, ""), org.out
    ran = run_alone("test", folder)
    assert ran.code == 0, ran.out
    assert "\n0 passed" not in f"\n{ran.out}"
