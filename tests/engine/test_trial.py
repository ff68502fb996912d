"""A trial call goes through every contact, is marked as an exercise, and wakes nobody else."""

from tests.engine.story import Story

from tocsin.core.incident.commands import Refusal
from tocsin.engine.audit import Wanted
from tocsin.engine.trial import trial_call


def test_a_trial_call_reaches_every_contact_of_one_person(story: Story) -> None:
    incident = trial_call(story.world, "ana", "ben", "cli")
    assert not isinstance(incident, Refusal)
    story.until("2h")
    assert sorted(address for address, _ in story.sent) == ["ana", "ana@example.org"]
    assert all(message.exercise for _, message in story.sent)
    assert "EXERCISE" in story.sent[0][1].subject
    assert story.kinds().count("delivered") == 2
    with story.store.read() as reading:
        (act,) = reading.acts(Wanted(act="test.sent"), None, 10)
    assert (act.by, act.act, act.about, act.detail) == ("ben", "test.sent", "ana", "INC-001")


def test_an_unknown_person_is_refused(story: Story) -> None:
    refused = trial_call(story.world, "nobody", "ben", "cli")
    assert isinstance(refused, Refusal)
    assert "ana" in refused.hint
