"""Names by pattern: what counts in which scope."""

from datetime import UTC, datetime

from tocsin.core.naming import name, scope

NEW_YEAR = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def test_the_pattern_of_the_plan_is_filled_in() -> None:
    assert name("INC-{YYYY}-{n:03}", 7, NEW_YEAR, "UTC") == "INC-2026-007"
    assert (
        name("#incident-{YYYY}-{MM}-{DD}-{n:03}", 7, NEW_YEAR, "UTC") == "#incident-2026-12-31-007"
    )
    assert name("{QX}-{n}", 1234, NEW_YEAR, "UTC") == "Q4-1234"


def test_a_number_outgrows_its_width() -> None:
    assert name("INC-{n:03}", 1234, NEW_YEAR, "UTC") == "INC-1234"


def test_the_date_is_that_of_the_plans_zone() -> None:
    assert name("INC-{YYYY}-{n:03}", 1, NEW_YEAR, "Europe/Berlin") == "INC-2027-001"


def test_the_date_part_scopes_the_counter() -> None:
    assert scope("INC-{YYYY}-{n:03}", NEW_YEAR, "UTC") == "INC-2026-#"
    assert scope("INC-{YYYY}-{n:03}", NEW_YEAR, "Europe/Berlin") == "INC-2027-#"
    assert scope("INC-{n}", NEW_YEAR, "UTC") == "INC-#"


def test_braces_that_are_no_field_stay() -> None:
    assert name("{x}-{n}", 1, NEW_YEAR, "UTC") == "{x}-1"
