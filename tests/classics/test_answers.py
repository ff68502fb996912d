"""Classics about answers: buttons of yesterday, and buttons of people who may not press them.

The number in a test's name is the row of the table in README.md.
"""

import pytest
from tests.engine.story import Story
from tests.web.stage import Browser, Stage

from tocsin.core.incident import commands as c
from tocsin.engine.actions import act


def state(stage: Stage) -> str:
    with stage.store.read() as reading:
        kept = reading.incident("INC-2026-001")
    assert kept is not None
    return kept.incident.state


def test_26_an_answer_to_an_old_message_takes_nothing_back(stage: Stage):
    """oncall#3161: pressing Acknowledge in an old message un-resolved the incident."""
    stage.alert()
    phone = Browser(stage.client())
    phone.open(stage.answer_link())
    act(stage.world, "INC-2026-001", c.Resolve(by="ben", via="page"))
    phone.press("Acknowledge")
    assert state(stage) == "resolved"


def test_26_the_same_answer_twice_is_one_answer(story: Story):
    """oncall#3161: two answers, of which the second changed what the first had done."""
    story.alert("ApiDown", severity="critical")
    story.acknowledge("ana")
    before = story.kinds()
    story.acknowledge("dora")
    assert story.incident().acknowledged_by == "ana"
    assert story.kinds() == before


@pytest.mark.parametrize("way", ["acknowledge", "resolve"])
def test_27_who_may_only_look_changes_nothing_in_any_way(stage: Stage, way: str):
    """oncall PR #2023: buttons in Slack went past the permissions."""
    stage.alert()
    browser = stage.signed_in("vic")
    page = browser.open("/incidents/INC-2026-001")
    assert not {"Acknowledge", "Resolve"} & set(page.buttons)
    for path in (f"/incidents/INC-2026-001/{way}", f"/api/v1/incidents/INC-2026-001/{way}"):
        answer = browser.client.post(path, headers={"Origin": str(browser.client.base_url)})
        assert answer.status_code in (403, 404, 405), f"{path}: {answer.status_code}"
    assert state(stage) == "open"


def test_27_a_button_of_nobodys_message_is_no_error_of_the_server(stage: Stage):
    """oncall PR #2023: buttons of messages that are not known any more answered 500."""
    stage.alert()
    link = stage.answer_link()
    for path in (link[:-3] + "xyz", "/a/", "/a/unknown", link + link):
        assert 400 <= stage.client().get(path).status_code < 500
    assert state(stage) == "open"
