"""Machines that send alerts: how to connect them, what came in last, and a place to try it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Form, Request, Response

from tocsin.core.alerts import Unreadable
from tocsin.core.people import Integration
from tocsin.core.quiet import maintenance_in
from tocsin.core.words.phrases import listed
from tocsin.engine.audit import audited
from tocsin.engine.dry_run import Outcome, dry_run
from tocsin.engine.intake import Receipt, take_in
from tocsin.engine.keys import integration_key
from tocsin.engine.ports import Conflict, Reading, StoreUnavailable
from tocsin.web.access import Known, doer, may, may_read
from tocsin.web.arrivals import Arrival
from tocsin.web.doing import again
from tocsin.web.pages.forms import Administrator, FormToken, Reader, TheWeb, demand_form_token
from tocsin.web.pages.integrations.examples import EXAMPLES, examples_for
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble, unavailable
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

PAYLOAD_AT_MOST = 200_000
UNREADABLE_SHOWN = 20
UNREADABLE_LOOKED_AT = 200
SHOWN_AT_MOST = 6_000
"""Characters of a payload that a page shows."""

PATHS: dict[str, tuple[tuple[str, str], ...]] = {
    "alertmanager": (
        ("/in/alertmanager", "Alertmanager, as a webhook"),
        ("/api/v2/alerts", "Prometheus, vmalert, Loki, amtool: as an Alertmanager"),
    ),
    "deployments": (("/in/deployments", "GitHub, GitLab, Argo CD or curl: what was rolled out"),),
    "heartbeat": (("/in/heartbeat/NAME", "a POST without a body, as often as it has promised"),),
}
"""Source -> where its machines send to, and which these are."""

BECAME = {
    "opened": "opened an incident",
    "joined": "joined an incident",
    "over-before-seen": "was over before it was seen",
    "dead-lettered": "could not be understood",
    "heard": "heartbeat heard",
}
"""What became of an alert, as people say it."""

Kind = Literal["alertmanager", "alertmanager-api"]

WOULD = {
    "opened": "would open an incident",
    "joined": "would join an incident",
    "over-before-seen": "is over before it was seen: nothing follows",
}
"""The same of a dry run."""


def became(disposition: str) -> str:
    """Return what became of an alert, as people say it."""
    number = maintenance_in(disposition)
    if number is not None:
        return f"kept quiet by maintenance {number}"
    return BECAME.get(disposition, disposition)


def would(disposition: str) -> str:
    """Return what would become of an alert, as people say it."""
    number = maintenance_in(disposition)
    if number is not None:
        return f"in maintenance {number}: kept quiet, nobody is called"
    return WOULD.get(disposition, disposition)


@dataclass(frozen=True)
class Trial:
    """What somebody wants to try, and whether they are sure that it is meant."""

    payload: str
    form: Kind
    sure: bool
    form_token: str

    @property
    def shown(self) -> dict[str, Any]:
        """What the page shows of it again."""
        return {"payload": self.payload, "form": self.form}


def _trial(
    payload: Annotated[str, Form(max_length=PAYLOAD_AT_MOST)] = "",
    form: Annotated[Kind, Form()] = "alertmanager",
    sure: Annotated[str, Form(max_length=10)] = "",
    form_token: FormToken = "",
) -> Trial:
    return Trial(payload, form, sure == "yes", form_token)


Tried = Annotated[Trial, Depends(_trial)]


@dataclass(frozen=True)
class Came:
    """A request as the page shows it. `withheld`: it may hold what is not for this reader."""

    at: datetime
    path: str
    size: int
    said: str
    good: bool
    text: str
    withheld: bool = False


@router.get("/integrations")
def integrations_page(web: TheWeb, caller: Reader) -> Response:
    """List every machine that may send something."""
    integrations = web.world.rules.organisation.integrations
    last = {name: next(iter(web.site.arrivals.of(name)), None) for name in integrations}
    strangers = web.site.arrivals.strangers() if may(caller, "administer") else []
    return render(
        web, "integrations.html", caller, integrations=integrations.values(), last=last,
        said={name: _said(one) for name, one in last.items() if one is not None},
        strangers=strangers, paths=PATHS, names=Names(web.world.rules.organisation),
    )  # fmt: skip


@router.get("/integrations/{name}")
def integration_page(web: TheWeb, caller: Reader, name: str, example: str = "") -> Response:
    """Show how one machine is connected, what it sent last, and a place to try it."""
    chosen = EXAMPLES.get(example)
    return _page(web, caller, _known(web, name), payload=chosen.text if chosen else "",
                 form=chosen.form if chosen else "alertmanager")  # fmt: skip


@router.post("/integrations/{name}/key")
def show_key(
    request: Request, web: TheWeb, caller: Administrator, name: str, form_token: FormToken = ""
) -> Response:
    """Show the key, once, and note who has seen it."""
    demand_form_token(web, caller, form_token)
    integration = _known(web, name)
    with web.world.store.write() as tx:
        by = doer(request, caller)
        audited(tx, web.world.now(), by, "integration.key-shown", integration.id)
    key = integration_key(web.world.secret, integration.id, integration.key_version)
    return _page(web, caller, integration, key=key)


@router.post("/integrations/{name}/try")
def try_it(web: TheWeb, caller: Administrator, name: str, trial: Tried) -> Response:
    """Say what a payload would become; nothing is written."""
    demand_form_token(web, caller, trial.form_token)
    integration = _known(web, name)
    request = _parsed(web, integration, trial)
    if isinstance(request, Trouble):
        return _page(web, caller, integration, trouble=request, **trial.shown)
    try:
        outcome = again(lambda: dry_run(web.world, request))
    except (StoreUnavailable, Conflict) as busy:
        trouble = unavailable(str(busy) or "the store is busy")
        return _page(web, caller, integration, trouble=trouble, **trial.shown)
    return _page(web, caller, integration, outcome=_as_seen(web, caller, outcome), **trial.shown)


@router.post("/integrations/{name}/send")
def send_it(
    request: Request, web: TheWeb, caller: Administrator, name: str, trial: Tried
) -> Response:
    """Take a payload in as if the machine had sent it: people are called."""
    demand_form_token(web, caller, trial.form_token)
    integration = _known(web, name)
    alerts = _parsed(web, integration, trial)
    if isinstance(alerts, Trouble):
        return _page(web, caller, integration, trouble=alerts, **trial.shown)
    if not trial.sure:
        hint = "tick the box that says so, or look at the dry run"
        wrong = Trouble(422, "integration.not-sure", "sending it calls people for real", hint)
        return _page(web, caller, integration, trouble=wrong, **trial.shown)
    now, by = web.world.now(), doer(request, caller)
    try:
        receipts = again(lambda: take_in(web.world, [alerts]))[0]
    except (StoreUnavailable, Conflict) as busy:
        trouble = unavailable(str(busy) or "the store is busy")
        return _page(web, caller, integration, trouble=trouble, **trial.shown)
    said = _counted(receipts)
    with web.world.store.write() as tx:
        audited(tx, now, by, "integration.sent", integration.id, said)
    body = trial.payload.encode()
    web.site.arrivals.came(integration.id, now, "by hand on this page", body, receipts)
    web.site.notifier.changed()
    return _page(web, caller, integration, done=said, **trial.shown)


def _page(
    web: Web, caller: Known, integration: Integration, *, trouble: Trouble | None = None,
    **shown: Any,
) -> Response:  # fmt: skip
    administers = may(caller, "administer")
    with web.world.store.read() as reading:
        came = [_came(web, caller, reading, one) for one in
                web.site.arrivals.of(integration.id)] if administers else []  # fmt: skip
        kept = _unreadable(reading, integration.id) if administers else []
        beat = next((b for b in reading.heartbeats() if b.integration == integration.id), None)
    given: dict[str, Any] = {
        "payload": "", "form": "alertmanager", "key": "", "outcome": None, "done": "", **shown,
    }  # fmt: skip
    strangers = [one for one in web.site.arrivals.strangers() if one.named == integration.id]
    return render(
        web, "integration.html", caller, trouble.status if trouble is not None else 200,
        integration=integration, trouble=trouble, came=came, kept=kept, would=would,
        maintenance_in=maintenance_in,
        strangers=strangers if administers else [], administers=administers,
        paths=_paths(integration), beat=beat, base_url=web.world.base_url,
        host=web.world.base_url.partition("://")[2], scheme=web.world.base_url.partition(":")[0],
        examples=examples_for(integration.source), names=Names(web.world.rules.organisation),
        **given,
    )  # fmt: skip


def _paths(integration: Integration) -> list[tuple[str, str]]:
    """Return where this integration sends, and what."""
    paths = PATHS.get(integration.source, ())
    return [(path.replace("NAME", integration.id), words) for path, words in paths]


def _known(web: Web, name: str) -> Integration:
    found = web.world.rules.organisation.integrations.get(name)
    if found is None:
        hint = "they stand in the organisation file under `integrations`"
        raise Trouble(404, "integration.unknown", "there is no such integration", hint)
    return found


def _parsed(web: Web, integration: Integration, trial: Trial) -> list[Any] | Trouble:
    source = web.world.sources.get(trial.form)
    if integration.source != "alertmanager" or source is None:
        hint = "send it to its address"
        return Trouble(409, "integration.no-trial", "this kind can't be tried here", hint)
    if not trial.payload.strip():
        hint = "paste what a machine sends, or choose an example"
        return Trouble(422, "integration.no-payload", "there is nothing to try", hint)
    found = list(source.parse(integration.id, trial.payload.encode(), web.world.now()))
    if not found:
        hint = "a payload without alerts changes nothing"
        return Trouble(422, "integration.no-alerts", "it holds no alerts", hint)
    return found


def _as_seen(web: Web, caller: Known, outcome: Outcome) -> dict[str, Any]:
    """Return an outcome for the page; restricted incidents come without what they are about."""
    plan = web.world.rules.plan
    incidents = {}
    for one in outcome.incidents:
        reads = one.is_new or may_read(web.world, caller, one.incident)
        incidents[one.incident.id] = {
            "code": one.incident.code if not one.is_new else "",
            "title": one.incident.title if reads else "",
            "severity": plan.severity(one.incident.severity)
            if any(s.code == one.incident.severity for s in plan.severities) else None,
            "is_new": one.is_new,
            "calls": one.calls,
        }  # fmt: skip
    return {"alerts": outcome.alerts, "unreadable": outcome.unreadable, "incidents": incidents}


def _said(came: Arrival) -> str:
    """Say in a sentence what became of a request."""
    if isinstance(came.result, Exception):
        return f"not taken: {came.result}"
    return _counted(came.result) if came.result else "no alerts in it"


def _counted(receipts: Sequence[Receipt]) -> str:
    counts: dict[str, int] = {}
    for one in receipts:
        counts[one.disposition] = counts.get(one.disposition, 0) + 1
    return listed([f"{number} {became(what)}" for what, number in counts.items()])


def _came(web: Web, caller: Known, reading: Reading, came: Arrival) -> Came:
    good = not isinstance(came.result, Exception) and all(
        one.disposition != "dead-lettered" for one in came.result
    )
    withheld = _is_withheld(web, caller, reading, came)
    text = "" if withheld else _readable(came.beginning)
    return Came(came.at, came.path, came.size, _said(came), good, text, withheld)


def _is_withheld(web: Web, caller: Known, reading: Reading, came: Arrival) -> bool:
    """Whether a payload belongs to an incident that the caller may not read."""
    if isinstance(came.result, Exception):
        return False
    wanted = {one.fingerprint for one in came.result if one.fingerprint}
    restricted = [
        summary.incident
        for summary in reading.incidents((), None, 200)
        if summary.incident.restricted is not None
        and not may_read(web.world, caller, summary.incident)
    ]
    return any(
        alert.fingerprint.hex() in wanted
        for incident in restricted
        for alert in reading.alerts(incident.id, None, 1000)
    )


def _readable(payload: bytes) -> str:
    """Return a payload as text, indented where it is whole JSON."""
    try:
        return msgspec.json.format(payload, indent=2).decode()[:SHOWN_AT_MOST]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return payload[:SHOWN_AT_MOST].decode("utf-8", "replace")


def _unreadable(reading: Reading, integration: str) -> list[tuple[datetime, str, str]]:
    """Return what could not be understood and is kept: when, why, and how it begins."""
    found: list[tuple[datetime, Unreadable]] = [
        (at, bad)
        for _, at, bad in reading.unreadable(UNREADABLE_LOOKED_AT)
        if bad.integration == integration
    ]
    return [(at, bad.why, _readable(bad.payload)) for at, bad in found[:UNREADABLE_SHOWN]]
