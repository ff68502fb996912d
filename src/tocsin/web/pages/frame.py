"""The frame around every page: which pages there are, in which order, for whom."""

from dataclasses import dataclass

from tocsin.core.people import Access, Person


@dataclass(frozen=True)
class Entry:
    """One page in the rail; `name` is what the page calls itself (`here`), `icon` a symbol's id.

    `access` are the levels that may open it; empty: everybody who is signed in.
    """

    name: str
    path: str
    word: str
    icon: str
    access: tuple[Access, ...] = ()


ENTRIES: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("centre", "/centre", "Command centre", "layout-dashboard"),
            Entry("incidents", "/incidents", "Incidents", "alert-triangle"),
            Entry("desk", "/desk", "Communication", "speakerphone"),
            Entry("inbox", "/inbox", "Inbox", "inbox"),
            Entry("support", "/support", "Support", "lifebuoy"),
        ),
    ),
    (
        "People",
        (
            Entry("on-call", "/on-call", "On call", "calendar-time"),
            Entry("people", "/people", "People", "users"),
        ),
    ),
    (
        "Plan",
        (
            Entry("plan", "/plan", "Plan", "file-text"),
            Entry("what-if", "/plan/what-if", "What would happen", "player-play"),
            Entry("metrics", "/figures", "Metrics", "activity"),
        ),
    ),
    (
        "Outside",
        (Entry("maintenance", "/maintenance", "Maintenance", "tool"),),
    ),
    (
        "System",
        (
            Entry("integrations", "/integrations", "Integrations", "plug"),
            Entry("settings", "/settings", "Settings", "settings", ("administrator",)),
            Entry("access", "/access", "Sessions and keys", "key", ("administrator",)),
            Entry("audit", "/audit", "Audit", "history", ("administrator", "auditor")),
        ),
    ),
)


def frame(person: Person) -> list[tuple[str, list[Entry]]]:
    """Return the groups of pages that a person may open, each with its title."""
    groups = []
    for title, entries in ENTRIES:
        shown = [one for one in entries if not one.access or person.access in one.access]
        if shown:
            groups.append((title, shown))
    return groups
