"""Messages to send in tests: the ones with a golden picture, and arbitrary ones."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tocsin.core.bundles import bundled
from tocsin.core.delivery import Message

PAGE = Message(
    id="INC-2026-001.3.al.email",
    kind="page",
    short_code="K7QX",
    attempt=1,
    incident="INC-2026-001",
    title="Checkout is down",
    severity="P0",
    severity_name="Critical",
    state="open",
    why="You are the primary on-call of Payments; step 1 of the plan.",
    details=(("service", "checkout"), ("error rate", "93 %"), ("runbook", "https://wiki/run/7")),
    link="https://tocsin.example.org/i/INC-2026-001?page=K7QX&via=mail",
    sent_at=datetime(2026, 11, 21, 9, 5, 7, tzinfo=UTC),
)


def like(**changes: object) -> Message:
    """The page with some fields changed."""
    fields = {name: getattr(PAGE, name) for name in Message.__struct_fields__}
    return Message(**{**fields, **changes})


GOLDEN = {
    "page": PAGE,
    "exercise-repeat": like(exercise=True, attempt=3),
    "notice": like(kind="notice", state="resolved", details=(), link="", why="You follow it."),
    "ticket": like(kind="ticket", severity="P3", severity_name="Low", title="Disk fills up"),
    "alarm": like(
        kind="alarm",
        why="Nobody acknowledged within 15 minutes.",
        sent_at=datetime(2026, 11, 21, 14, 35, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ),
    "update": like(
        kind="update",
        why="",
        details=(),
        link="",
        headline="[Shop] Investigating trouble with payments",
        text="Nobody can pay.\nNext update: 10:30 UTC",
    ),
    "hostile": like(
        id="INC 9.3\r\nBcc: eve@example.org",
        incident="INC 9\r\nX-Evil: 1",
        title="<b>Ünïcode</b> 🔥 & <!channel>\r\nBcc: eve@example.org =?utf-8?q?=0d=0aX-Evil:_1?=",
        why='line one\r\n.\r\n"><script>alert(1)</script>\x00\x1b[31mred \ud83d half',
        details=(("<@U123>", "<https://evil.example|click>"), ("a&amp;b", "*bold* @here")),
        link="javascript:alert(1)",
    ),
}

GOLDEN["late"] = like(due_at=PAGE.sent_at - timedelta(hours=8))
GOLDEN["bundle"] = bundled(
    [
        PAGE,
        like(
            id="INC-2026-002.3.al.email",
            incident="INC-2026-002",
            short_code="M3TA",
            attempt=2,
            title="Search <b>answers</b> slowly & late",
            severity="P1",
            severity_name="High",
            rank=1,
            due_at=PAGE.sent_at - timedelta(hours=8),
            why="Step 2 of the plan.",
            details=(("To acknowledge by", "2026-11-21 01:20 UTC (in 15m)"), ("notes", "so " * 90)),
            link="https://tocsin.example.org/i/INC-2026-002?page=M3TA&via=mail",
        ),
        like(
            id="INC-2026-003.3.al.email",
            incident="INC-2026-003",
            short_code="Q7RB",
            title=GOLDEN["hostile"].title,
            why=GOLDEN["hostile"].why,
            severity="P2",
            severity_name="Medium",
            rank=2,
            link=GOLDEN["hostile"].link,
        ),
    ]
)

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: a busy machine is no failure."""

HOSTILE = (
    "\r\nBcc: eve@example.org",
    "\n.\n",
    "=?utf-8?q?=0d=0aBcc:_eve?=",
    "<script>alert(1)</script>",
    "</title></td></table>",
    '" onmouseover="alert(1)',
    "&amp;&lt;!channel&gt;",
    "<!channel> <@U1> <http://a|b>",
    "\x00\x07\x1b[2J\x85\u2028\u2029",
    "\ud800",
    "--=_tocsin_x--",
    "y" * 5000,
    "&" * 700,
    "🔥" * 400,
)

TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(alphabet=st.characters(), max_size=40),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
)

LINKS = st.one_of(
    st.sampled_from(["", PAGE.link, "javascript:alert(1)", 'https://a/"><b>', "https://a/" * 400]),
    TEXTS,
)

SINGLE = st.builds(
    Message,
    id=TEXTS,
    kind=st.sampled_from(["page", "notice", "ticket", "alarm", "update"]),
    short_code=TEXTS,
    attempt=st.integers(min_value=1, max_value=10_000),
    incident=TEXTS,
    title=TEXTS,
    severity=TEXTS,
    severity_name=TEXTS,
    state=TEXTS,
    why=TEXTS,
    details=st.one_of(
        st.lists(st.tuples(TEXTS, TEXTS), max_size=12).map(tuple),
        st.integers(min_value=0, max_value=600).map(lambda n: (("n", "v"),) * n),
    ),
    link=LINKS,
    text=TEXTS,
    headline=TEXTS,
    sent_at=st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone itself
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]),
    ),
    exercise=st.booleans(),
)

BUNDLES = st.lists(SINGLE.filter(lambda one: one.kind != "update"), min_size=2, max_size=4).map(
    bundled
)

MESSAGES = st.one_of(SINGLE, BUNDLES)
