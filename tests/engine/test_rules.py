"""What is in force: whatever was said last, by a file that has changed or by an application."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.engine.story import MONDAY_TEN, ORGANISATION, PLAN, Story

from tocsin.core.incident.commands import Resolve
from tocsin.core.people import Organisation
from tocsin.engine.ports import Activation, Conflict, Store
from tocsin.engine.rules import Applied, NoRules, Offer, Overtaken, Refused, Rules


def titled(plan: str, title: str) -> str:
    return plan.replace("The plan of the story", title)


PATIENT = titled(PLAN, "patient").replace("team-lead, P0: 10m", "team-lead, P0: 20m")
HASTY = titled(PLAN, "hasty").replace("team-lead, P0: 10m", "team-lead, P0: 7m")
FAULTY = PLAN.replace("page: team-lead", "pgae: team-lead")
CLEO_LEADS = ORGANISATION.replace("team-lead: {people: [dora]}", "team-lead: {people: [cleo]}")
NO_LEAD = ORGANISATION.replace("  team-lead: {people: [dora]}\n", "").replace("team-lead", "cto")
AS_WRITTEN = PLAN.replace("plan: story", "plan: story\nstanding: as written")


def apply(
    rules: Rules, plan: str | None = None, organisation: str | None = None, seen: str = ""
) -> Applied:
    """Let ben apply one file or both; `seen` is the plan that he believes to be in force."""
    offer = Offer(
        by="ben",
        via="cli",
        plan=("new.yaml", plan) if plan is not None else None,
        organisation=("new-org.yaml", organisation) if organisation is not None else None,
        expects={"plan": seen} if seen else {},
    )
    return rules.apply(offer, MONDAY_TEN)


def test_an_old_plan_that_is_refused_today_goes_on_as_far_as_it_is_understood(
    story: Story,
) -> None:
    """Its incidents have levels of their own, of which the plan in force may know nothing."""
    old = PLAN.replace("P1:", "SEV9:").replace("otherwise: P1", "otherwise: SEV9")
    kept = old + "a_key_of_old: 1\n"
    with story.store.write() as tx:
        of_old = Activation(what="plan", version="old", file="plan.yaml", at=MONDAY_TEN)
        tx.activate(of_old, kept)
    plan = story.rules.plan_of("old")
    assert plan.severity("SEV9").name == "High"
    assert [step.to for step in plan.steps["SEV9"]] == [("on-call-engineer",), ("team-lead",)]


def look(
    rules: Rules, plan: str = PLAN, organisation: str = ORGANISATION, machine: str = "one"
) -> list[str]:
    """Let a node look at the files of its machine; returns the codes of errors."""
    sources = (f"{machine}:/plan.yaml", f"{machine}:/org.yaml")
    files = ("plan.yaml", plan), ("org.yaml", organisation)
    return [p.code for p in rules.activate(*files, MONDAY_TEN, sources) if p.level == "error"]


def start(
    store: Store, plan: str = PLAN, organisation: str = ORGANISATION, machine: str = "one"
) -> Rules:
    """A node that starts with these files; the same machine again is a restart."""
    rules = Rules(store)
    look(rules, plan, organisation, machine)
    return rules


def history(store: Store) -> list[tuple[str, str, str]]:
    with store.read() as reading:
        return [(one.title, one.by, one.via) for one in reading.activations("plan", None, 100)]


def test_what_was_applied_wins_over_an_unchanged_file_also_after_a_restart(store: Store) -> None:
    rules = start(store)
    assert apply(rules, PATIENT).changed == ("plan",)
    assert look(rules) == []
    assert rules.plan.title == "patient"
    assert start(store).plan.title == "patient"
    assert start(store).plan.title == "patient"
    assert history(store) == [
        ("patient", "ben", "cli"),
        ("The plan of the story", "tocsin", "file"),
    ]


def test_a_file_that_changes_afterwards_wins_again(store: Store) -> None:
    rules = start(store)
    apply(rules, PATIENT)
    look(rules, HASTY)
    assert rules.plan.title == "hasty"
    # The same holds if it was changed while the node was stopped, and for going back.
    apply(rules, PATIENT)
    assert start(store, HASTY).plan.title == "patient"
    assert start(store, PLAN).plan.title == "The plan of the story"
    assert start(store, HASTY).plan.title == "hasty"


def test_a_file_that_becomes_what_was_applied_has_been_taken_account_of(store: Store) -> None:
    rules = start(store)
    apply(rules, PATIENT)
    look(rules, PATIENT)
    apply(rules, HASTY)
    assert look(rules, PATIENT) == []
    assert start(store, PATIENT).plan.title == "hasty"
    assert [title for title, *_ in history(store)] == ["hasty", "patient", "The plan of the story"]


def test_a_changed_organisation_leaves_an_applied_plan_alone(store: Store) -> None:
    rules = start(store)
    apply(rules, titled(PLAN, "with bea").replace("page: cto", "page: bea").replace("cto:", "bea:"),
          ORGANISATION.replace("cto", "bea"))  # fmt: skip
    # The file's organisation goes with the file's plan; but bea's plan is in force.
    assert look(rules, organisation=CLEO_LEADS) == ["organisation.missing-recipient"]
    assert rules.plan.title == "with bea"
    assert "bea" in rules.organisation.recipients
    assert look(rules, organisation=CLEO_LEADS.replace("cto", "bea")) == []
    assert rules.plan.title == "with bea"
    assert rules.organisation.recipients["team-lead"].people == ("cleo",)


def test_a_faulty_file_counts_as_soon_as_it_is_cured(store: Store) -> None:
    rules = start(store)
    assert look(rules, FAULTY) == ["file.unknown-key"]
    assert rules.refused
    again = start(store, FAULTY)
    assert again.refused, "each start says so"
    assert look(again, HASTY) == []
    assert (again.plan.title, again.refused) == ("hasty", ())


def test_a_faulty_edit_that_is_undone_has_changed_nothing(store: Store) -> None:
    rules = start(store)
    apply(rules, PATIENT)
    assert look(rules, FAULTY) == ["file.unknown-key"]
    assert look(rules, PLAN) == []
    assert (rules.plan.title, rules.refused) == ("patient", ())
    assert start(store).plan.title == "patient"
    apply(rules, HASTY)
    assert look(rules, FAULTY) == ["file.unknown-key"], "the same mistake is told again"


def test_a_refused_file_counts_as_soon_as_it_fits(store: Store) -> None:
    without_cto = ORGANISATION.replace("  cto: {people: [cleo]}\n", "").replace(
        "owner: cto", "owner: team-lead"
    )
    rules = start(store)
    assert look(rules, organisation=without_cto) == ["organisation.missing-recipient"]
    calls_no_cto = PLAN.replace("    - {page: cto, P0: 30m}\n", "").replace(", cto: org", "")
    apply(rules, calls_no_cto)
    assert look(rules, organisation=without_cto) == []
    assert "cto" not in rules.organisation.recipients
    assert start(store, organisation=without_cto).versions == rules.versions


def test_a_refused_file_no_longer_counts_when_something_newer_is_in_force(store: Store) -> None:
    bosses = ORGANISATION.replace("team-lead", "boss")
    rules = start(store)
    assert look(rules, organisation=bosses) == ["organisation.missing-recipient"]
    apply(rules, PLAN.replace("team-lead", "boss"), bosses + "# newer\n")
    newer = rules.versions
    assert look(rules, organisation=bosses) == []
    assert (rules.versions, rules.refused) == (newer, ())
    assert start(store, organisation=bosses).versions == newer


def test_another_node_takes_up_what_was_applied_and_what_a_file_said(store: Store) -> None:
    one, two = start(store), start(store, machine="two")
    told: list[Organisation] = []
    two.before_change = told.append
    apply(one, PATIENT, CLEO_LEADS)
    assert two.follow()
    assert two.plan.title == "patient"
    assert two.organisation.recipients["team-lead"].people == ("cleo",)
    assert told == [two.organisation]
    assert not two.follow()
    look(two, HASTY, machine="two")
    one.follow()
    assert one.plan.title == "hasty"
    # The first machine's file comes to say the same, then its node starts again.
    look(one, HASTY)
    assert [title for title, *_ in history(store)][:2] == ["hasty", "patient"]


def test_a_new_machine_with_an_old_file_does_not_turn_things_back(store: Store) -> None:
    rules = start(store)
    apply(rules, PATIENT)
    late = start(store, machine="container-1")
    assert late.plan.title == "patient"
    assert start(store, machine="container-2").plan.title == "patient"
    assert start(store, HASTY, machine="container-3").plan.title == "hasty", "this one is new"


def test_the_same_again_writes_nothing(store: Store) -> None:
    rules = start(store)
    assert apply(rules, PLAN, ORGANISATION).changed == ()
    assert apply(rules, PATIENT).changed == ("plan",)
    assert apply(rules, PATIENT, ORGANISATION).changed == ()
    assert len(history(store)) == 2


@pytest.mark.parametrize(
    ("plan", "organisation", "code"),
    [
        (FAULTY, CLEO_LEADS, "file.unknown-key"),
        (PATIENT, NO_LEAD, "organisation.missing-recipient"),
        (None, NO_LEAD, "organisation.missing-recipient"),
        (AS_WRITTEN, None, "plan.as-written"),
        (PATIENT, "people: [", "file.syntax"),
    ],
)
def test_what_has_an_error_is_refused_whole(
    store: Store, plan: str | None, organisation: str | None, code: str
) -> None:
    rules = start(store)
    before = rules.versions
    with pytest.raises(Refused) as refused:
        apply(rules, plan, organisation)
    assert code in [p.code for p in refused.value.problems if p.level == "error"]
    rules.follow()
    assert rules.versions == before
    assert rules.refused == (), "no file is to blame"


def test_a_plan_as_written_is_refused_from_a_file_too(store: Store) -> None:
    rules = Rules(store)
    assert look(rules, AS_WRITTEN) == ["plan.as-written"]
    assert not rules.complete


def test_a_plan_alone_is_not_enough_where_there_is_nothing_yet(store: Store) -> None:
    with pytest.raises(NoRules):
        apply(Rules(store), PLAN)
    assert apply(Rules(store), PLAN, ORGANISATION).changed == ("plan", "organisation")


def test_an_old_version_can_be_expected_by_nobody(store: Store) -> None:
    one, two = start(store), start(store, machine="two")
    seen = one.plan.version
    apply(two, PATIENT)
    with pytest.raises(Overtaken):
        apply(one, HASTY, seen=seen)
    assert one.plan.title == "patient", "the node has learnt of it at once"
    assert apply(one, HASTY, seen=one.plan.version).changed == ("plan",)


def test_of_two_that_apply_at_once_only_one_gets_what_it_expects(store: Store) -> None:
    nodes = [start(store, machine=f"machine-{number}") for number in range(4)]
    seen = nodes[0].plan.version
    ready = threading.Barrier(len(nodes))

    def try_it(number: int) -> bool:
        ready.wait(30)
        plan = titled(PLAN, f"of node {number}")
        while True:
            try:
                return bool(apply(nodes[number], plan, seen=seen).changed)
            except Conflict:
                continue
            except Overtaken:
                return False

    with ThreadPoolExecutor(len(nodes)) as pool:
        won = list(pool.map(try_it, range(len(nodes))))
    assert won.count(True) == 1
    for node in nodes:
        node.follow()
    assert {node.plan.title for node in nodes} == {f"of node {won.index(True)}"}
    assert len(history(store)) == 2


def test_what_a_newer_tocsin_has_put_in_force_is_not_turned_back_by_an_older_one(
    store: Store,
) -> None:
    rules = start(store)
    newer = PLAN + "a_key_of_the_next_version: 1\n"
    with store.write() as tx:
        version = "f" * 64
        tx.activate(Activation(what="plan", version=version, file="p.yaml", at=MONDAY_TEN), newer)
    rules.follow()
    assert rules.plan.title == "The plan of the story", "it goes on by what it understands"
    assert [p.code for p in rules.refused] == ["file.unknown-key"]
    assert look(rules) == []
    assert history(store)[0][0] == ""
    # A node that understands nothing of it begins with its file.
    assert start(store, PATIENT).plan.title == "patient"
    rules.follow()
    assert (rules.plan.title, rules.refused) == ("patient", ())


def test_incidents_that_run_keep_their_plan_and_people_are_those_of_now(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    apply(story.rules, PATIENT, CLEO_LEADS)
    story.alert("DatabaseDown", severity="critical")
    with story.store.read() as reading:
        assert sorted(reading.running().values()) == [1, 1]
    story.until("22m")
    # The first incident calls the lead after ten minutes, as when it began; the second after 20.
    assert story.pages == ["0:00 ana", "0:01 ana", "0:10 cleo", "0:21 cleo"]
    assert story.incident("INC-001").plan != story.incident("INC-002").plan


def test_an_incident_keeps_its_plan_on_a_node_that_has_started_since(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    apply(story.rules, PATIENT)
    story.rules = Rules(story.store)
    story.rules.follow()
    story.world = story.node("node-2")
    story.alert("ApiDown", severity="critical", service="another")
    story.until("12m")
    assert story.pages == ["0:00 ana", "0:10 dora"]
    story.do(Resolve(by="ana", via="api"))
    with story.store.read() as reading:
        assert reading.running() == {}
