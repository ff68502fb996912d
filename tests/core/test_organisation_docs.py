"""What is written about organisation files agrees with what reads them."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from tocsin.core.organisation import (
    check_together,
    file,
    organisation_schema,
    read_organisation,
)
from tocsin.core.plan.read import read as read_plan

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/organisation.md").read_text()
CODES = (ROOT / "docs/problems-organisation.md").read_text()
SCHEMA = ROOT / "schemas/organisation.schema.json"
FILES = sorted(ROOT.glob("plans/*/org.yaml"))

# contract.md, "The five plans", and what the seeds speak of besides.
NEEDED = {
    "starter": "on-call-engineer team-lead engineering-manager cto stakeholders affected-users",
    "vpn-payments": "on-call-engineer team-lead engineering-manager cto vp-engineering "
    "incident-commander security-team stakeholders affected-users sprint-board",
    "provider-sync": "on-call-engineer team-lead cto security-team affected-users sprint-board",
    "engineering-practices": "on-call-engineer team-lead additional-engineers management "
    "external-resources cto ceo incident-commander communication-lead technical-lead "
    "security-team stakeholders",
    "notification-preferences": "on-call-engineer team-lead engineering-manager cto ceo "
    "incident-commander security-team finance-team executive-team board stakeholders "
    "affected-users sprint-board",
    "r3mes-network": "on-call-engineer security-team incident-owner stakeholders affected-users",
}


def models() -> list[type[BaseModel]]:
    found = [one for one in vars(file).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, BaseModel) and one.model_fields]


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def tables() -> list[set[str]]:
    """The keys of each table of keys in the guide; each row must have an example."""
    found = [part for part in GUIDE.split("\n\n") if part.startswith("| Key | Means | Example |")]
    return [set(re.findall(r"^\| `(\w+)` \| .+ \| \S.* \|$", one, re.MULTILINE)) for one in found]


def fenced() -> str:
    found = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_every_key_is_explained_with_an_example():
    assert sorted(map(sorted, tables())) == sorted(sorted(keys_of(one)) for one in models())


def test_the_guide_s_example_shows_every_key_and_has_no_problems():
    organisation, problems = read_organisation(fenced(), "docs/organisation.md")
    assert problems == []
    assert organisation is not None
    keys = set().union(*map(keys_of, models()))
    assert [key for key in keys if not re.search(rf"\b{key}:", fenced())] == []


def test_every_key_has_a_description_for_editors():
    for model in models():
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_code_is_explained_and_no_other():
    sources = (ROOT / "src/tocsin/core/organisation").glob("*.py")
    raised = {
        code
        for source in sources
        for code in re.findall(r'"(organisation\.[a-z-]+)"', source.read_text())
    }
    explained = re.findall(r"^## (organisation\.[a-z-]+)$", CODES, re.MULTILINE)
    assert raised == set(explained)
    assert explained == sorted(set(explained))


def test_the_published_schema_is_current():
    assert json.loads(SCHEMA.read_text()) == organisation_schema(), (
        "schemas/organisation.schema.json is old: write organisation_schema() there"
    )


def test_the_schema_judges_as_the_reader_does():
    schema = organisation_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = YAML(typ="safe").load(fenced().replace("slack ops", "{slack: ops}"))
    # YAML 1.1 habits of this loader: Tocsin itself reads dates as text.
    good = json.loads(json.dumps(good, default=str))
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "peple": {}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({key: good[key] for key in good if key != "recipients"}, schema)


def test_every_plan_has_its_organisation():
    assert {path.parent.name for path in FILES} >= NEEDED.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_the_organisations_of_the_plans_are_without_problems(path):
    organisation, problems = read_organisation(path.read_text(), str(path))
    assert problems == []
    assert organisation is not None
    assert set(NEEDED.get(path.parent.name, "").split()) <= organisation.recipients.keys()
    assert organisation.last_resort
    assert organisation.integrations["prometheus"].source == "alertmanager"
    contacts = [one for person in organisation.people.values() for one in person.contacts]
    contacts += [one for each in organisation.recipients.values() for one in each.contacts]
    addresses = [one.address for one in contacts if one.address]
    assert addresses
    assert all(one.endswith(("@example.org", "@example.net")) for one in addresses)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_plan_and_its_organisation_fit_together(path):
    organisation, _ = read_organisation(path.read_text(), str(path))
    plan, _ = read_plan(path.with_name("plan.yaml").read_text(), "plan.yaml")
    assert plan is not None
    assert organisation is not None
    assert check_together(plan.recipients() | plan.contacts.keys(), organisation) == []
