"""Plans made at random over the whole language, by walking the models that read plans.

What a key may hold follows from its model: whoever adds a key to the language has it tried here at
once. Names are taken from a small cast, so that most references lead somewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.plan.shapes import Code, Duration, FactName, Id, Time, WhoFile
from tocsin.core.problem import Problem

Place = tuple[str | int, ...]
Data = dict[str, Any]

SEVERITIES = ("P0", "P1", "P2")
RECIPIENTS = ("on-call", "lead", "cto", "board", "users", "security-team")
ROLES = ("commander", "scribe", "spokesperson")
PHASES = ("assessment", "containment", "recovery", "cleanup")
FACTS: Mapping[str, Any] = {
    "down": "yes or no",
    "slow": "yes or no",
    "data_breach": ["no", "suspected", "confirmed"],
    "availability": ["full", "degraded", "none"],
    "users_affected": "number",
    "financial_impact": "number",
    "outage_minutes": "number",
    "affected_systems": "text",
    "filing": "text",
}
STATUSES = ("Investigating", "Identified", "Resolved")
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "severities": SEVERITIES,
    "contacts": RECIPIENTS,
    "facts": tuple(FACTS),
    "roles": ROLES,
    "phases": PHASES,
    "teams": ("network", "press"),
    "modes": ("disaster-recovery", "read-only"),
    "audiences": ("staff", "customers", "public-page"),
    "templates": ("first-word", "status-update", "all-clear"),
    "playbooks": ("breach", "outage"),
    "duties": ("tell-users", "call-board", "consult"),
    "regulations": ("gdpr", "nis2"),
    "ladders": ("financial_impact", "users_affected", "hours"),
    "disaster_recovery": ("region", "site"),
    "documents": ("report", "letter"),
    "metrics": ("mttr", "mtta"),
    "reports": ("monthly",),
    "programme": ("game-day", "audit"),
    "assessments": ("drill-form",),
    "components": ("api", "database"),
    "providers": ("mailer", "bank"),
    "inventories": ("secrets", "data"),
    "terms": ("widespread", "weight"),
    "thresholds": ("errors", "uptime"),
    "references": ("policy",),
    "clocks": ("repair", "respond"),
    "calendars": ("sprint-planning",),
    "channels": ("mail", "chat", "bridge"),
    "prepared": ("sorry",),
    "groups": ("immediate", "later"),
    "classes": ("lost_revenue", "vendor_support", "credits"),
    "fields": ("what", "next", "impact"),
    "experts": ("api", "database"),
    "tiers": ("critical", "warning"),
    "needs": ("improvement", "filing"),
    "statuses": STATUSES,
}
KINDS = ("security", "operational")
MOMENTS = (
    "opened", "acknowledged", "assessed", "raised", "resolved", "reopened", "alert", "status",
    *(f"phase {name}" for name in PHASES), *(f"after phase {name}" for name in PHASES),
    "missed acknowledge", "missed respond", "mode read-only", "role commander", "told on-call",
    "published staff", "published customers", "told cto", "told lead", "missed repair",
)  # fmt: skip
GATES = ("resolve", "close", "phase recovery", "leave containment", "publish customers")
TEXTS = (
    "Check the logs", "Isolate the host", "Rotate the keys", "Find the cause", "Call the bank",
    "Write it down", "Überprüfen", "Is it user facing?", "Stop writes",
)  # fmt: skip
TIMES = (
    "immediate", "within 15m", "30m", "< 1h", "2h", "4h", "1d", "next business day", "24h-72h",
    "3 business days", "7 calendar days", "next sprint-planning", "never", "T+20m", "90s",
)  # fmt: skip
DURATIONS = ("10m", "15m", "30m", "1h", "8h", "24h", "1w")
CRITERIA = (
    "down", "slow", "!down", "users_affected > 100", 'data_breach == "confirmed"',
    'data_breach != "no"', 'availability == "none"', "financial_impact >= 1000 || slow",
    'affected_systems.contains("db")', "users_affected / outage_minutes > 2.0",
    'availability in ["degraded", "none"]', "down && !slow",
)  # fmt: skip
SITUATIONS = (
    *CRITERIA, 'severity == "P0"', 'kind == "security"', 'phase == "recovery"',
    'mode == "read-only"', 'state == "resolved"', 'status == "Identified"', "other_incidents > 1.0",
    'phase != "assessment" && down', 'in_doubt.contains("down")', 'severity != "P2" && slow',
)  # fmt: skip

_MARKS = {
    kind: next(mark for mark in get_args(shape)[1:] if hasattr(mark, "func"))
    for kind, shape in (
        ("time", Time), ("duration", Duration), ("id", Id), ("fact", FactName), ("code", Code),
    )
}  # fmt: skip

WORDS: Mapping[str, tuple[Any, ...]] = {
    "when": SITUATIONS, "ends_when": SITUATIONS, "keeps": SITUATIONS, "done_when": SITUATIONS,
    "applies_when": SITUATIONS, "abort_when": SITUATIONS, "only_when": SITUATIONS,
    "required_when": SITUATIONS, "exclude": SITUATIONS, "not_an_incident": CRITERIA,
    "for": SEVERITIES, "required_for": SEVERITIES, "severity": SEVERITIES, "at_least": SEVERITIES,
    "otherwise": SEVERITIES, "kind": KINDS, "during": PHASES, "instead_of": PHASES,
    "from": MOMENTS, "after": MOMENTS, "met_by": MOMENTS, "on": MOMENTS, "until": MOMENTS,
    "since": MOMENTS, "starts_at": MOMENTS, "stops_at": MOMENTS, "to": MOMENTS,
    "before": GATES, "holds": GATES, "by": (*ROLES, *RECIPIENTS), "remind": (*ROLES, *RECIPIENTS),
    "may": (*ROLES, *RECIPIENTS, "anybody", "assigned", "senior"), "readers": RECIPIENTS,
    "unless": ROLES, "started_by": ROLES, "approved_by": ROLES, "lifted_by": ROLES,
    "with": ("reason", "severity", "affected_systems"), "not_with": ROLES, "then": RECIPIENTS,
    "lead": ROLES, "mode": SECTIONS["modes"], "notify": RECIPIENTS, "page": RECIPIENTS,
    "tell": RECIPIENTS, "warn": RECIPIENTS, "approve": RECIPIENTS, "default": RECIPIENTS,
    "relieved_by": RECIPIENTS, "shadowed_by": RECIPIENTS, "escalate_to": RECIPIENTS,
    "records": tuple(FACTS), "proof": tuple(FACTS), "answer": ("down", "slow"),
    "over": ("users_affected", "outage_minutes"), "of": ("users_affected",),
    "each": SECTIONS["inventories"], "behind": ("Check the logs", "Isolate the host", "consult"),
    "covers": ("Check the logs", "Isolate the host"), "audience": SECTIONS["audiences"],
    "template": SECTIONS["templates"], "document": SECTIONS["documents"], "write": ("report",),
    "channels": SECTIONS["channels"], "else": SECTIONS["channels"], "tiers": ("gold", "free"),
    "topics": ("api", "down", "security"), "component": SECTIONS["components"],
    "depends_on": ("database", "mailer"), "providers": SECTIONS["providers"],
    "systems": ("api", "mailer"), "credentials": ("mail-key",), "regulation": ("gdpr",),
    "law": ("gdpr-33", "A law"), "metrics": SECTIONS["metrics"], "satisfies": ("audit",),
    "assessment": ("drill-form",), "while_status": STATUSES, "status": STATUSES,
    "every": ("month", "quarter", "2 weeks"), "currency": ("USD",),
    "up_to": ("1 kUSD", "5000 USD"), "formula": ("users_affected * 2.5", "tier * 3"),
    "means": ("users_affected > 50", 3.0, "unspecified"), "tier": ("critical",),
    "attendees": RECIPIENTS, "required": ("responders", "lead"), "optional": ("cto",),
    "to_leave": ("all steps", "nothing"), "review_every": ("1 year",), "reviewed": ("2026-11-01",),
    "window": ("5m", "10m"), "default_window": ("5m",), "publish": SECTIONS["audiences"],
    "scenario": ("Nobody answers",), "target": (30, "1h"), "name": ("It", "The thing"),
    "text": ("It burns", "{{ incident.title }}", "We are at {{ status }}. {{ what }}"),
    "subject": ("{{ incident.code }}",), "path": ("docs/{YYYY}.md",), "metric": ("users_affected",),
    "components": ("api",), "labels": ("x",), "workers": ("queue",), "type": ("tabletop",),
    "above": (0.5, 100.0), "below": (0.99,), "level": (1, 2), "when_open": (2, 3),
    "statuses": STATUSES, "leads_at_most": (1,), "reads": ("x",), "history": ("24h",),
    "max_length": (40, 400),
}  # fmt: skip
"""What a key mostly holds, by its name."""

SPECIAL: Mapping[tuple[str, str], tuple[Any, ...]] = {
    ("SeverityFile", "when"): CRITERIA,
    ("StepFile", "when"): CRITERIA,
    ("RoleFile", "from"): RECIPIENTS,
    ("FloorFile", "unless"): RECIPIENTS,
    ("FloorFile", "when"): CRITERIA,
    ("RoleFile", "needs"): ("senior",),
    ("AudienceFile", "to"): RECIPIENTS,
    ("RouteFile", "to"): RECIPIENTS,
    ("TicketsFile", "to"): RECIPIENTS,
    ("SupportFile", "otherwise"): ROLES,
    ("UpdateRuleFile", "every"): ("30m", "1h", "next business day", "none"),
    ("UpdateRuleFile", "before"): ("all",),
    ("UpdateRuleFile", "during"): (*PHASES, *SECTIONS["modes"]),
    ("AnnouncementFile", "at"): MOMENTS,
    ("PrincipleFile", "at"): MOMENTS,
    ("CareFile", "at"): MOMENTS,
    ("EvidenceFile", "before"): ("Isolate the host", "cleanup"),
    ("TodoFile", "from"): MOMENTS,
    ("FactFile", "type"): ("yes or no",),
    ("TermFile", "type"): ("number",),
    ("CostFile", "over"): ("outage_minutes",),
    ("CostFile", "needs"): ("filing",),
    ("GateFile", "before"): GATES,
    ("OccasionFile", "every"): ("2 weeks",),
    ("OccasionFile", "from"): ("2026-01-05",),
    ("OccasionFile", "at"): ("10:00",),
    ("RecurringFile", "from"): ("2026-01-05",),
    ("RecurringFile", "document"): ("docs/{YYYY}.md",),
    ("RecurringFile", "metrics"): SECTIONS["metrics"],
    ("IdsFile", "incident"): ("INC-{YYYY}-{n:03}", "I{n}"),
    ("BusinessFile", "hours"): ("09:00-17:00",),
    ("BusinessFile", "holidays"): ("2026-12-25",),
    ("ChannelFile", "name"): ("#ops", "#i-{YYYY}-{n:03}"),
    ("ActionItemsFile", "reviewed"): ("week",),
    ("TemplateFieldFile", "from"): ("incident.severity", "fact.affected_systems", "role.commander"),
    ("MaintenanceFile", "announce"): DURATIONS,
    ("ContradictionFile", "between"): TEXTS,
    ("LadderFile", "since"): ("opened",),
    ("MetricFile", "from"): ("opened", "acknowledged"),
    ("MetricFile", "to"): ("resolved", "phase recovery"),
    ("PublishingFile", "may"): (*ROLES, *RECIPIENTS),
    ("ThresholdFile", "of"): ("average", "ratio"),
    ("ThresholdFile", "metric"): ("users_affected", "error_rate"),
    ("MetricFile", "share"): ("uptime",),
    ("AppliesToFile", "otherwise"): ("note", "refuse"),
    ("PlanFile", "time_zone"): ("UTC", "Europe/Berlin", "America/New_York"),
    ("PlanFile", "kinds"): KINDS,
    ("PlanFile", "display"): ("{code} {name}", "{code}"),
}
"""What it holds in one part of the language, where its name means something else there."""


class Maker:
    """Makes parts of plans; `density` is the share of the optional keys that are written."""

    def __init__(self, random: Random, density: float) -> None:
        self.random = random
        self.density = density

    def plan(self, rooms: frozenset[str]) -> Data:
        """A plan with what every plan needs, and these rooms of the language."""
        data: Data = {
            "tocsin": 1, "plan": "made", "tolerance": "5m", "kinds": list(KINDS),
            "facts": dict(FACTS), "statuses": list(STATUSES),
            "contacts": dict.fromkeys(RECIPIENTS, "by telephone"),
            "calendars": {"sprint-planning": {"every": "2 weeks", "from": "2026-01-05"}},
            "severities": {code: self.severity(rank) for rank, code in enumerate(SEVERITIES)},
            "alerts": {"otherwise": "P2", "resolve_incident": self.random.random() < 0.5},
            "escalation": {
                "measured_from": "start", "until": self.pick(("acknowledged", "resolved")),
                "steps": self.steps(), "if_exhausted": {"page": "cto", "every": "15m"},
            },
        }  # fmt: skip
        if self.random.random() < 0.1:
            del data["alerts"]
        for name, field in PlanFile.model_fields.items():
            key = field.alias or name
            if key in rooms:
                made = self.value("PlanFile", key, field.annotation, tuple(field.metadata), 0)
                data[key] = data[key] | made if isinstance(data.get(key), dict) else made
        return data

    def severity(self, rank: int) -> Data:
        """A level with criteria and limits that fit each other."""
        made: Data = {"when": [CRITERIA[rank], CRITERIA[rank + 3]]}
        if self.random.random() < 0.8:
            made["acknowledge"] = f"within {15 * (rank + 1)}m"
        if self.random.random() < 0.5:
            made["respond"] = f"< {rank + 1}h"
        return made

    def steps(self) -> list[Data]:
        """An escalation: somebody at once, and others later."""
        later = sorted(self.random.sample(range(1, 500), self.random.randint(0, 3)))
        first: Data = {"page": "on-call", "at": "immediate"}
        others = [
            {self.pick(("page", "page", "notify")): self.pick(RECIPIENTS[1:]), "at": f"{at}m"}
            for at in later
        ]
        return [first, *others]

    def pick(self, values: Any) -> Any:
        """One of several."""
        return self.random.choice(list(values))

    def part(self, model: type[BaseModel], depth: int) -> Any:
        """One part of a plan, as a map."""
        if model is WhoFile:
            return self.pick(
                (self.pick(RECIPIENTS), [self.pick(RECIPIENTS)], {"all": self.pick(RECIPIENTS)})
            )
        made: Data = {}
        density = self.density / (1 + depth / 3)
        for name, field in model.model_fields.items():
            if field.is_required() or self.random.random() < density:
                key = field.alias or name
                made[key] = self.value(
                    model.__name__, key, field.annotation, tuple(field.metadata), depth
                )
        self.besides(model, made, depth)
        return made

    def besides(self, model: type[BaseModel], made: Data, depth: int) -> None:
        """Keys that the model does not know by name, and what makes most parts sensible."""
        name = model.__name__
        if name == "TodoFile":
            self.one_kind(made, ("do", "do", "ask", "act", "page", "notify", "publish", "one_of"))
            made.pop("steps", None) if "group" not in made else made.setdefault("steps", ["Look"])
        elif name == "DutyFile":
            self.one_kind(made, ("tell", "page", "notify", "do"))
        elif name == "StepFile":
            self.one_kind(made, ("page", "notify", "ticket"))
            made.setdefault("at", self.pick(TIMES))
        elif name == "MilestonesFile":
            made.setdefault("meaning", "by")
            for minutes in self.random.sample((5, 15, 60, 240), 2):
                made[f"T+{minutes}m"] = [self.todo(depth) for _ in range(2)]
        elif name == "AuthorityFile":
            rules = model.model_fields["declare"].annotation
            made["spend"] = self.value(name, "spend", rules, (), depth + 1)
        elif name in _SENSE:
            made.update({k: self.pick(v) for k, v in _SENSE[name].items() if k not in made})
            for key in _EXCLUDED.get(name, ()):
                made.pop(key, None)
        elif name == "ChannelsFile":
            for channel in SECTIONS["channels"]:
                made[channel] = self.pick(("#x", {"kind": "email", "address": "a@example.org"}))
        elif name == "CalendarsFile":
            made["sprint-planning"] = {"every": "2 weeks", "from": "2026-01-05"}

    def todo(self, depth: int) -> Any:
        """A step."""
        steps = PlanFile.model_fields["gates"].annotation
        gate: Any = get_args(steps)[0]
        inner = get_args(gate.model_fields["needs"].annotation)[0]
        return self.part(inner, depth + 1) if self.random.random() < 0.6 else self.pick(TEXTS)

    def one_kind(self, made: Data, kinds: tuple[str, ...]) -> None:
        """A part says one thing that is done, and not several."""
        kind = self.pick([k for k in kinds if k in made] or kinds)
        for other in {*kinds, "write", "ticket"} - {kind}:
            made.pop(other, None)
        fresh = {"one_of": ["Fix it", "Roll back"], "publish": self.pick(SECTIONS["audiences"])}
        if kind not in made:
            told = kind in ("page", "notify", "ticket", "tell")
            made[kind] = fresh.get(kind) or self.pick(RECIPIENTS if told else TEXTS)
        if kind == "ask":
            made["answer"] = self.pick(("down", "slow", "affected_systems"))
            made.pop("done_when", None)

    def value(
        self, model: str, key: str, annotation: Any, metadata: tuple[Any, ...], depth: int
    ) -> Any:
        """What stands behind a key, by its type and its name."""
        origin, inside = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.value(model, key, inside[0], (*metadata, *inside[1:]), depth)
        if origin is Union or str(origin) == "<class 'types.UnionType'>":
            chosen = self.pick([kind for kind in inside if kind is not type(None)])
            return self.value(model, key, chosen, metadata, depth)
        if origin is Literal:
            return self.pick(inside)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.part(annotation, depth + 1)
        if origin is list:
            many = 6 if key == "between" else self.random.randint(1, 3 if depth < 2 else 2)
            items = [self.value(model, key, inside[0], (), depth) for _ in range(many)]
            return [one for n, one in enumerate(items) if one not in items[:n]]
        if origin is dict:
            return {k: self.value(model, k, inside[1], (), depth) for k in self.keys(model, key)}
        return self.word(model, key, annotation, metadata)

    def keys(self, model: str, key: str) -> list[str]:
        """The names under which the entries of a map stand."""
        known: tuple[str, ...] = SECTIONS.get(key, ())
        if model == "ActionItemsFile":
            known = ("high", "preventive")
        elif key == "rungs":
            known = self.pick((("1000", "50000"), ("1h", "4h")))
        elif key == "tiers":
            known = ("60", "240") if model == "CostFile" else known
        elif key in SECTIONS["inventories"]:
            known = ("mail-key", "root-key")
        known = known or (("alertname",) if key in ("match", "alert") else ("down", "slow"))
        return sorted(self.random.sample(known, self.random.randint(1, len(known))))

    def word(self, model: str, key: str, annotation: Any, metadata: tuple[Any, ...]) -> Any:
        """A single value."""
        if (model, key) in SPECIAL:
            return self.pick(SPECIAL[(model, key)])
        if _MARKS["time"] in metadata:
            return self.pick(TIMES)
        if _MARKS["duration"] in metadata:
            return self.pick(DURATIONS)
        if annotation is bool:
            return self.random.random() < 0.5
        if annotation is str and key in WORDS:
            return self.pick([word for word in WORDS[key] if isinstance(word, str)] or TEXTS)
        if annotation in (int, float):
            numbers = [word for word in WORDS.get(key, ()) if isinstance(word, annotation)]
            return self.pick(numbers or (annotation(1), annotation(3)))
        if _MARKS["fact"] in metadata:
            return self.pick(FACTS)
        if _MARKS["id"] in metadata:
            return self.pick(RECIPIENTS)
        if _MARKS["code"] in metadata:
            return self.pick(SEVERITIES)
        if annotation is Any:
            return self.pick((True, False, 3, "suspected"))
        return self.pick(TEXTS)


_SENSE: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "ThresholdFile": {"metric": ("users_affected",), "above": (0.5,), "window": ("5m",)},
    "FreezeFile": {"for": (["P0"], ["P0", "P1"])},
    "MetricFile": {"from": ("opened", "stated filing"), "to": ("acknowledged", "resolved")},
    "RecoveryFile": {"when": SITUATIONS, "actions": (["Promote the replica"],)},
    "PlaybookFile": {"when": SITUATIONS},
    "RungFile": {"notify": RECIPIENTS},
    "ContradictionFile": {"precedence": (1, 2)},
    "LadderFile": {
        "currency": ("USD",), "basis": ("estimate", "actual"), "cumulative": (True, False),
        "clock": ("crossing", "opened"),
    },
}  # fmt: skip
"""What parts of the language say as a rule."""

_EXCLUDED: Mapping[str, tuple[str, ...]] = {
    "ThresholdFile": ("state", "below", "component"),
    "MetricFile": ("of",),
}
"""What they do not say besides."""

ROOMS = tuple(
    field.alias or name
    for name, field in PlanFile.model_fields.items()
    if name not in ("tocsin", "plan", "standing", "contacts", "facts", "severities", "escalation")
)
"""The top keys that a plan may have or not."""


def made_plan(seed: int, rooms: frozenset[str], density: float = 0.4) -> Data:
    """The same plan for the same arguments."""
    return Maker(Random(seed), density).plan(rooms)


@st.composite
def plans(draw: st.DrawFn) -> Data:
    """Mostly valid plans over most rooms of the language."""
    left_out = draw(st.frozensets(st.sampled_from(ROOMS), max_size=len(ROOMS)))
    rooms = frozenset(ROOMS) - left_out
    return made_plan(draw(st.integers(0, 2**32)), rooms, draw(st.sampled_from((0.15, 0.3, 0.5))))


def written(data: Any) -> tuple[str, list[Place]]:
    """The text of a plan, and what stands on each of its lines."""
    lines: list[str] = []
    places: list[Place] = []

    def put(text: str, place: Place) -> None:
        lines.append(text)
        places.append(place)

    def write(value: Any, place: Place, lead: str, end: str) -> None:
        if isinstance(value, dict | list) and value:
            opens, closes = "{}" if isinstance(value, dict) else "[]"
            put(f"{lead}{opens}", place)
            entries = list(value.items() if isinstance(value, dict) else enumerate(value))
            for number, (key, item) in enumerate(entries):
                inner = " " * (len(place) + 1)
                inner += f"{json.dumps(key)}: " if isinstance(value, dict) else ""
                write(item, (*place, key), inner, "," if number + 1 < len(entries) else "")
            put(f"{' ' * len(place)}{closes}{end}", place)
        else:
            put(f"{lead}{json.dumps(value, ensure_ascii=False)}{end}", place)

    write(data, (), "", "")
    return "\n".join(lines) + "\n", places


def without(data: Any, place: Place) -> Any:
    """The data without what stands at a place; maps and lists that are empty then go as well."""
    if len(place) == 1:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if key != place[0]}
        return [value for number, value in enumerate(data) if number != place[0]]
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    rest = without(copy[place[0]], place[1:])
    if rest or rest == 0 or rest is False:
        copy[place[0]] = rest
        return copy
    return without(data, place[:1])


def clean_plan(data: Data) -> tuple[Plan | None, Data, list[Problem]]:
    """The plan that is left when everything that is wrong has been taken out.

    None where that does not end; the data and the problems say why.
    """
    problems: list[Problem] = []
    for attempt in range(40):
        text, places = written(data)
        plan, problems = read(text, "plan.yaml")
        if plan is not None:
            return plan, data, problems
        wrong = {
            places[min(max(p.line, 1), len(places)) - 1] for p in problems if p.level == "error"
        }
        # The longer a plan resists, the more is taken out around what is wrong.
        wrong = {place[: max(1, len(place) - attempt // 4)] for place in wrong}
        for place in sorted(_outermost(wrong), key=_backwards, reverse=True):
            data = without(data, place)
    return None, data, problems


def _outermost(places: set[Place]) -> Iterator[Place]:
    for place in places:
        if place and not any(place[:end] in places for end in range(1, len(place))):
            yield place


def _backwards(place: Place) -> tuple[tuple[int, str], ...]:
    """Entries of a list are taken out from behind, so that the others keep their numbers."""
    return tuple((part, "") if isinstance(part, int) else (0, part) for part in place)


def all_places(data: Any, place: Place = ()) -> Iterator[Place]:
    """Where anything stands."""
    if place:
        yield place
    if isinstance(data, dict | list):
        entries = data.items() if isinstance(data, dict) else enumerate(data)
        for key, item in entries:
            yield from all_places(item, (*place, key))


def value_at(data: Any, place: Place) -> Any:
    """What stands at a place."""
    for part in place:
        data = data[part]
    return data


def replaced(data: Any, place: Place, value: Any) -> Any:
    """The data with another value at a place."""
    if not place:
        return value
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[place[0]] = replaced(data[place[0]], place[1:], value)
    return copy


STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1e400, 3.5, "", " ", "unspecified", "never", "all", [], {}, [[]], {"a": {}},
    ["x", 1], "choice(1h, 2h)", "T+5m", "next x", "a == ", "((((", "{{ x }}", "{{", "{YYYY",
    "9" * 30, "phase ", "done x", "on-call", "P0", "down", "\u2028", "a" * 600,
)  # fmt: skip


def slipped(random: Random, data: Data) -> Any:
    """The plan with a slip: a key left out, a value swapped, misspelt or of a wrong type."""
    places = list(all_places(data))
    place = random.choice(places)
    old = value_at(data, place)
    way = random.randrange(5)
    if way == 0:
        return data if len(place) == 1 and len(data) == 1 else without(data, place)
    if way == 1:
        return replaced(data, place, random.choice(STRANGE))
    if way == 2:
        return replaced(data, place, value_at(data, random.choice(places)))
    if way == 3 and isinstance(old, str) and old:
        cut = random.randrange(len(old))
        return replaced(data, place, old[:cut] + random.choice("xß -") + old[cut + 1 :])
    key = place[-1]
    parent = value_at(data, place[:-1])
    if isinstance(parent, dict) and isinstance(key, str):
        renamed = {(k + "x" if k == key else k): v for k, v in parent.items()}
        return replaced(data, place[:-1], renamed)
    return replaced(data, place, [old])
