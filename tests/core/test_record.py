"""The chain of hashes: whatever is changed, removed, inserted or swapped shows."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.core.incident.events import Noted
from tocsin.core.record import START, Entry, chain, first_break

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVENTS = [Noted(at=AT, by="ana", text=f"note {n}") for n in range(6)]
ENTRIES = list(chain("INC-1", EVENTS, 0, START))
HEAD = ENTRIES[-1].hash


def holds(entries: list[Entry]) -> bool:
    return first_break("INC-1", entries, len(ENTRIES), HEAD) is None


def test_what_was_recorded_holds_and_reads_back() -> None:
    assert holds(ENTRIES)
    assert [entry.event() for entry in ENTRIES] == EVENTS


def test_a_chain_is_the_same_however_it_is_cut_into_transactions() -> None:
    first = list(chain("INC-1", EVENTS[:2], 0, START))
    rest = list(chain("INC-1", EVENTS[2:], 2, first[-1].hash))
    assert first + rest == ENTRIES


@given(st.integers(0, 5), st.integers(0, 200), st.characters(codec="utf-8"))
def test_changing_any_character_shows(number: int, place: int, character: str) -> None:
    entry = ENTRIES[number]
    place %= len(entry.text)
    if entry.text[place] == character:
        return
    text = entry.text[:place] + character + entry.text[place + 1 :]
    changed = [replace(e, text=text) if e.number == entry.number else e for e in ENTRIES]
    broken = first_break("INC-1", changed, len(ENTRIES), HEAD)
    assert broken is not None
    assert broken.number == entry.number


@given(st.integers(0, 5))
def test_removing_any_entry_shows(number: int) -> None:
    assert not holds(ENTRIES[:number] + ENTRIES[number + 1 :])
    renumbered = [replace(e, number=n) for n, e in enumerate(ENTRIES, 1) if n != number + 1]
    assert not holds(renumbered)


@given(st.permutations(ENTRIES))
def test_swapping_entries_shows(shuffled: list[Entry]) -> None:
    assert holds(shuffled) == (shuffled == ENTRIES)


def test_cutting_off_the_end_shows() -> None:
    broken = first_break("INC-1", ENTRIES[:4], len(ENTRIES), HEAD)
    assert broken is not None
    assert "6 entries were recorded" in broken.what


def test_forging_the_rest_of_the_chain_shows_in_the_head() -> None:
    forged = list(chain("INC-1", [*EVENTS[:5], replace(EVENTS[5], text="never mind")], 0, START))
    broken = first_break("INC-1", forged, len(ENTRIES), HEAD)
    assert broken is not None
    assert "last hash" in broken.what


def test_entries_of_another_incident_do_not_fit() -> None:
    assert first_break("INC-2", ENTRIES, len(ENTRIES), HEAD) is not None
