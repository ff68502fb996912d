"""What the page shows, as a value and as documents."""

import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

from tests.core.statuspage.lamps import NOW, PLAN, board, claim, plan, said, window

from tocsin.core.statuspage.badge import badge
from tocsin.core.statuspage.feed import feed
from tocsin.core.statuspage.states import parts_of
from tocsin.core.statuspage.v2 import documents

ATOM = "{http://www.w3.org/2005/Atom}"

OUTAGE: dict[str, Any] = {
    "claims": [claim("api", "major", 1), claim("checkout", "partial", 1)],
    "publications": [
        said(1, "investigating", "We look into it.", 1),
        said(2, "identified", "A cable.", 0.5, title="", components=("api", "checkout")),
    ],
}


def test_a_calm_page_says_so() -> None:
    calm = board()
    assert (calm.indicator, calm.sentence) == ("none", "All systems operational")
    assert {one.state for one in calm.components} == {"operational"}


def test_only_what_the_plan_lists_is_shown_under_its_public_name() -> None:
    shown = board()
    assert [(c.name, c.group) for c in shown.components] == [
        ("API", "Shop"), ("Checkout", "Shop"), ("Search", ""), ("Dashboard", ""),
    ]  # fmt: skip
    without = PLAN.replace(
        "  components: {Shop: [api, checkout], Search: search, Dashboard: dashboard}\n", ""
    )
    assert parts_of(plan(without)) == ()


def test_an_outage_of_a_part_makes_a_partial_outage_and_marks_what_depends_on_it() -> None:
    page = board(**OUTAGE)
    assert page.sentence == "Partial outage"
    assert page.groups[0].state == "partial"
    checkout = next(one for one in page.components if one.id == "checkout")
    assert checkout.because == ("API",)


def test_all_components_out_is_a_major_outage() -> None:
    ids = ("api", "checkout", "search", "dashboard")
    assert board(claims=[claim(one, "major", 1) for one in ids]).indicator == "critical"


def test_an_incident_that_names_no_component_counts_until_it_is_resolved() -> None:
    assert board(claims=[claim("", "partial", 1)]).indicator == "major"
    assert board(claims=[claim("", "partial", 2), claim("", "operational", 1)]).indicator == "none"


def test_a_title_stays_until_another_one_is_given() -> None:
    (incident,) = board(**OUTAGE).incidents
    assert incident.title == "Orders fail"
    assert [one.status for one in incident.entries] == ["identified", "investigating"]
    (untitled,) = board(publications=[said(1, "investigating", "Hm.", 1, title="")]).incidents
    assert untitled.title == "Service disruption"


def test_an_incident_that_was_reopened_is_not_over() -> None:
    entries = [
        said(1, "investigating", "A", 5),
        said(2, "resolved", "B", 4, over=True),
        said(3, "investigating", "C", 3),
    ]
    assert board(publications=entries[:2]).incidents[0].resolved_at == NOW - timedelta(hours=4)
    assert board(publications=entries).incidents[0].resolved_at is None


def test_what_is_older_than_the_history_is_forgotten_unless_it_goes_on() -> None:
    old = [said(1, "investigating", "A", 24 * 120)]
    assert len(board(publications=old).incidents) == 1
    ended = [*old, said(2, "resolved", "B", 24 * 119, over=True)]
    assert board(publications=ended).incidents == ()


def test_summary_has_the_shape_that_statuspage_documents() -> None:
    page = board(**OUTAGE, windows=[window(2, 4), window(-1, 1, id=2, components=("dashboard",))])
    found = documents(page)
    summary = found["summary.json"]
    assert set(summary) == {"page", "components", "incidents", "scheduled_maintenances", "status"}
    assert set(summary["page"]) >= {"id", "name", "url", "updated_at", "time_zone"}
    assert summary["status"] == {"indicator": "major", "description": "Partial System Outage"}
    by_id = {one["id"]: one for one in summary["components"]}
    assert by_id["group-shop"]["group"] is True
    assert by_id["group-shop"]["components"] == ["api", "checkout"]
    assert by_id["api"]["group_id"] == "group-shop"
    assert by_id["api"]["status"] == "major_outage"
    assert by_id["dashboard"]["status"] == "under_maintenance"
    assert by_id["search"]["group_id"] is None
    (incident,) = summary["incidents"]
    assert set(incident) >= {
        "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at",
        "impact", "shortlink", "started_at", "page_id", "incident_updates", "components",
    }  # fmt: skip
    assert incident["status"] == "identified"
    assert incident["incident_updates"][0]["body"] == "A cable."
    assert incident["created_at"] == "2026-11-21T14:00:00.000Z"
    assert [one["status"] for one in summary["scheduled_maintenances"]] == [
        "in_progress", "scheduled",
    ]  # fmt: skip
    for one in summary["scheduled_maintenances"]:
        assert one["impact"] == "maintenance"
        assert one["scheduled_for"] < one["scheduled_until"]
    assert found["status.json"]["status"] == summary["status"]
    assert found["incidents/unresolved.json"]["incidents"] == [incident]


def test_words_of_the_plan_become_words_that_statuspage_knows() -> None:
    entries = [said(1, "on it", "A", 2), said(2, "all good", "B", 1, over=True)]
    (incident,) = documents(board(publications=entries))["incidents.json"]["incidents"]
    assert [one["status"] for one in incident["incident_updates"]] == ["resolved", "investigating"]


def test_the_feed_is_atom_with_stable_ids_and_newest_first() -> None:
    page = board(**OUTAGE, windows=[window(2, 4)])
    root = ET.fromstring(feed(page))
    assert root.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated"):
        assert root.findtext(f"{ATOM}{name}")
    entries = root.findall(f"{ATOM}entry")
    ids = [one.findtext(f"{ATOM}id") for one in entries]
    assert len(ids) == len(set(ids)) == 3
    times = [one.findtext(f"{ATOM}updated") for one in entries]
    assert times == sorted(times, reverse=True)  # type: ignore[type-var]
    assert root.findtext(f"{ATOM}updated") == times[0]
    assert entries[0].findtext(f"{ATOM}content") == "A cable."


def test_a_feed_of_one_component_leaves_out_what_concerns_others_only() -> None:
    page = board(**OUTAGE, windows=[window(2, 4)])
    dashboard = ET.fromstring(feed(page, "dashboard")).findall(f"{ATOM}entry")
    assert dashboard == []
    search = ET.fromstring(feed(page, "search")).findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}title") for one in search] == ["Maintenance: Database upgrade"]


def test_a_feed_takes_any_text() -> None:
    words = "</content><script>alert(1)</script>\x00\x0b\ud800 ]]> & \U0001f600"
    entry = said(1, words, words, 1, title=words)
    root = ET.fromstring(feed(board(publications=[entry])))
    assert "<script>" in (root.find(f"{ATOM}entry").findtext(f"{ATOM}content") or "")  # type: ignore[union-attr]


def test_the_badge_says_in_words_what_its_colour_says() -> None:
    assert "status: operational" in badge(board())
    picture = badge(board(**OUTAGE))
    assert ET.fromstring(picture).get("aria-label") == "status: partial outage"
