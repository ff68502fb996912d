"""`tocsin doctor`."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.examinations import EXAMINATIONS
from tocsin.cli.findings import Finding, Patient, State
from tocsin.cli.output import clean, counted, indented, listed, print_json, say
from tocsin.cli.server import DataOption, JsonOption, Server, ServerOption, connect, incident_path
from tocsin.cli.trouble import Trouble
from tocsin.core.organisation import read_organisation
from tocsin.core.people import Organisation
from tocsin.core.times import words_duration
from tocsin.settings import BadSettings, data_directory, read_settings
from tocsin.wallclock import now as read_clock

app = make_app()

EXAMPLES = """
tocsin doctor
tocsin doctor --page ana
"""

STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "problem": "bold red"}

SKEW_ODD_SECONDS = 5
SKEW_WRONG_SECONDS = 60
EARLIEST_YEAR = 2026

PAGE_LOOKS = 20
PAGE_LOOKS_EVERY_SECONDS = 0.5
"""A provider that has not answered after these ten seconds is not waited for."""


@app.command(cls=Command, epilog=EXAMPLES)
def doctor(
    page: Annotated[
        str, typer.Option(metavar="PERSON", help="Send this person a real test page.")
    ] = "",
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The organisation; else org.yaml in the data directory."),
    ] = None,
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that everything is set up so that pages go out, and that somebody would notice if not.

    One line for each thing, with what to do about it; it works without a server too, and says so.
    The exit code is 1 if anything is a problem; a warning is worth a look.
    """
    findings = list(_examine(server, data, org, page))
    if as_json:
        print_json({"checks": [asdict(one) for one in findings]})
    else:
        _tell(findings)
    if any(one.state == "problem" for one in findings):
        raise typer.Exit(1)


def _examine(url: str, data: Path | None, org: Path | None, page: str) -> Iterator[Finding]:
    try:
        settings = read_settings()
    except BadSettings as bad:
        for line in str(bad).split("\n"):
            yield Finding("settings", "problem", line, "Correct the environment.")
        return
    yield Finding("settings", "ok", "the environment makes sense")
    directory = data_directory(data, settings)
    yield from _data(directory)
    server, status, findings = _reach(url, data)
    yield from findings
    patient = Patient(settings, directory, org or directory / "org.yaml", server, status)
    for check in CHECKS:
        yield from check(patient)
    if page:
        yield _test_page(patient, page)


def _data(directory: Path) -> Iterator[Finding]:
    name = "data directory"
    try:
        mode = stat.S_IMODE(directory.stat().st_mode)
    except FileNotFoundError:
        hint = "`tocsin serve` makes it; TOCSIN_DATA or --data name another one."
        yield Finding(name, "warning", f"{directory} is not there", hint)
        return
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        yield Finding(name, "problem", f"{directory}: {reason}", "Look at who may read it.")
        return
    if mode & 0o077:
        what = f"others on this machine may look into {directory} (mode {mode:o})"
        yield Finding(name, "warning", what, f"chmod 700 {directory}")
    left = directory / "server.json"
    if left.exists() and stat.S_IMODE(left.stat().st_mode) & 0o077:
        yield Finding(name, "problem", f"others may read the key in {left}", f"chmod 600 {left}")
    elif not mode & 0o077:
        yield Finding(name, "ok", f"{directory} is private")


def _reach(
    url: str, data: Path | None
) -> tuple[Server | None, dict[str, Any] | None, list[Finding]]:
    try:
        server = connect(url, data)
        ready = server.send("GET", "/readyz")
        status: dict[str, Any] = server.get("/api/v1/status")
    except Trouble as trouble:
        return None, None, [Finding("server", "problem", trouble.what, trouble.hint)]
    up = Finding("server", "ok", f"version {clean(status['version'])} at {server.url}")
    if ready.status_code == 200:
        return server, status, [up, Finding("readiness", "ok", "alerts are taken, pages go out")]
    reasons = _reasons(ready)
    hint = "Its log says more; until then alerts are answered with 503."
    return server, status, [up, Finding("readiness", "problem", reasons, hint)]


def _reasons(answer: Any) -> str:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    return clean("; ".join(said.get("reasons", []))) or f"/readyz answered {answer.status_code}"


def _rules(patient: Patient) -> Iterator[Finding]:
    status = patient.status
    if status is None:
        return
    refused = [one for one in status.get("refused", []) if one["level"] == "error"]
    if refused:
        first = refused[0]
        what = (
            f"a changed file was refused ({counted(len(refused), 'error')}; the first:"
            f" {first['file']}:{first['line']}: {first['what']})"
        )
        hint = f"{first['hint']} Until then the last good files stay in force."
        yield Finding("rules", "problem", clean(what), clean(hint))
    elif status.get("plan"):
        title = clean(status["plan"]["title"] or status["plan"]["name"])
        what = f"{title} for {clean(status['organisation'])} is in force"
        yield Finding("rules", "ok", what)


def _armed(patient: Patient) -> Iterator[Finding]:
    if patient.status is None:
        return
    unarmed = patient.status["counts"].get("unarmed", 0)
    if unarmed:
        what = f"{counted(unarmed, 'open incident')} will never be looked at again"
        hint = "This must not happen: escalate by hand, `tocsin incidents`, and please report it."
        yield Finding("incidents", "problem", what, hint)
    else:
        count = counted(patient.status["counts"].get("incidents_open", 0), "open incident")
        yield Finding("incidents", "ok", f"{count}, each with its next step")


def _clock(patient: Patient) -> Iterator[Finding]:
    now = read_clock()
    there = patient.server.at if patient.server is not None else None
    if now.year < EARLIEST_YEAR:
        yield Finding("clock", "problem", f"this machine thinks it is {now.year}", "Set its clock.")
    elif there is not None:
        yield _skew(now, there)


def _skew(now: datetime, there: datetime) -> Finding:
    skew = abs(now - there)
    seconds = skew.total_seconds()
    if seconds <= SKEW_ODD_SECONDS:
        return Finding("clock", "ok", "the server's clock agrees with this machine's")
    state: State = "problem" if seconds > SKEW_WRONG_SECONDS else "warning"
    what = f"the server's clock and this machine's differ by {words_duration(skew)}"
    return Finding("clock", state, what, "Let both follow a time server.")


def _contacts(patient: Patient) -> Iterator[Finding]:
    file, name = patient.organisation_file, "contacts"
    try:
        content = file.read_bytes()
    except OSError:
        hint = "Name it with --org, to have its contacts looked at."
        yield Finding(name, "warning", f"no organisation file at {file}", hint)
        return
    organisation, problems = read_organisation(content, str(file))
    if organisation is None:
        first = next(problem for problem in problems if problem.level == "error")
        what = f"{file}:{first.line}: {first.what}"
        yield Finding(name, "problem", clean(what), f"`tocsin check` says more. {first.hint}")
        return
    yield _domains(organisation)
    yield from _mail(patient, organisation)


def _domains(organisation: Organisation) -> Finding:
    people = organisation.people.values()
    on_duty = {one for roster in organisation.rosters.values() for one in roster.rotation}
    on_duty |= {one for r in organisation.recipients.values() for one in r.people}
    thin = [
        person.id
        for person in people
        if person.id in on_duty and len({contact.domain for contact in person.contacts}) < 2
    ]
    if not thin:
        return Finding("contacts", "ok", "everybody on duty can be reached in two ways or more")
    verb = "is" if len(thin) == 1 else "are"
    what = f"{clean(listed(thin))} {verb} reached in one way only, which may fail as a whole"
    return Finding("contacts", "warning", what, "Add a contact of another kind.")


def _mail(patient: Patient, organisation: Organisation) -> Iterator[Finding]:
    contacts = [c for person in organisation.people.values() for c in person.contacts]
    contacts += [c for recipient in organisation.recipients.values() for c in recipient.contacts]
    by_mail = any(contact.channel == "email" for contact in contacts)
    if by_mail and not patient.settings.smtp_url.get_secret_value():
        what = "contacts name e-mail, and TOCSIN_SMTP_URL is not set here"
        yield Finding("e-mail", "warning", what, "Set it for the server: smtp://user:pass@host:587")


def _test_page(patient: Patient, person: str) -> Finding:
    name = "test page"
    if patient.server is None:
        return Finding(name, "problem", "not sent: no server answers", "See above.")
    try:
        exercise = patient.server.post("/api/v1/test-page", {"person": person})
        sent = _when_tried(patient.server, str(exercise["code"]), exercise["deliveries"])
    except Trouble as trouble:
        return Finding(name, "problem", trouble.what, trouble.hint)
    said = [f"{one['channel']} {one['state']}" for one in sent]
    good = [one for one in sent if one["state"] == "sent"]
    bad = [f"{one['channel']}: {one['detail']}" for one in sent if one["state"] == "failed"]
    what = clean(f"{exercise['code']} to {person}: {', '.join(said) or 'nothing was sent'}")
    if not good:
        return Finding(name, "problem", what, clean("; ".join(bad)) or "Look at the contacts.")
    if len(good) < len(sent):
        return Finding(name, "warning", what, clean("; ".join(bad)) or "The rest is on its way.")
    return Finding(name, "ok", what, "Ask whether it has arrived: nothing else proves it.")


def _when_tried(server: Server, code: str, deliveries: list[Any]) -> list[dict[str, Any]]:
    """Return an incident's deliveries once none of them is due any more, or time is over."""
    pause = Event()
    for _ in range(PAGE_LOOKS):
        if deliveries and all(one["state"] != "due" for one in deliveries):
            break
        pause.wait(PAGE_LOOKS_EVERY_SECONDS)
        deliveries = server.get(incident_path(code))["deliveries"]
    return deliveries


CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    _rules,
    _armed,
    _clock,
    _contacts,
    *EXAMINATIONS,
)


def _tell(findings: list[Finding]) -> None:
    for one in findings:
        say((f"{one.state:<8}", STYLES[one.state]), (one.name, "bold"), f": {clean(one.what)}")
        if one.hint:
            indented(one.hint, 8, "dim" if one.state == "ok" else "")
    count = {state: sum(one.state == state for one in findings) for state in STYLES}
    say()
    if count["problem"]:
        say((counted(count["problem"], "problem"), "bold red"), ": pages may not go out.")
    elif count["warning"]:
        say(("No problem", "green"), f", {counted(count['warning'], 'warning')}.")
    else:
        say(("All is well.", "bold green"))
