"""What changes for people when one plan takes the place of another.

Not a difference of texts: who is told earlier, later or no longer; which promises become looser
or tighter; what facts mean now; and every other clause that says something else than before.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from typing import Any, Literal

import msgspec

from tocsin.core.calendars import due_at
from tocsin.core.plan.check import limit
from tocsin.core.plan.classify import propose
from tocsin.core.plan.model import FactRule, FactValue, Plan, Step
from tocsin.core.plan.notations import nominal
from tocsin.core.times import (
    AnyTime,
    BusinessDays,
    CalendarDays,
    NextOccasion,
    words,
    words_duration,
)

Effect = Literal["tighter", "looser", "other"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is different for somebody.

    `about` is the part of the plan ("escalation", "promises", "templates"), `what` a sentence,
    `who` those whom it concerns. `effect` says whether the plan demands more or less than before;
    `line` is the new plan's line, `was_line` the old one's, 0 where there is none.
    """

    about: str
    what: str
    effect: Effect = "other"
    severity: str = ""
    who: tuple[str, ...] = ()
    line: int = 0
    was_line: int = 0


def compare(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Return what `new` changes for people, in the order in which they would ask."""
    parts = (
        _severities(old, new),
        _verdicts(old, new),
        _told(old, new),
        _promises(old, new),
        _alarm(old, new),
        _contacts(old, new),
        _tasks(old, new),
        _clauses(old, new),
    )
    return tuple(chain.from_iterable(parts))


def _severities(old: Plan, new: Plan) -> Iterator[Change]:
    before = {severity.code: severity for severity in old.severities}
    after = {severity.code: severity for severity in new.severities}
    for code, severity in before.items():
        if code not in after:
            yield Change(
                about="severities", what=f"{code} ({severity.name}) is gone",
                severity=code, was_line=severity.line,
            )  # fmt: skip
    for code, severity in after.items():
        was = before.get(code)
        if was is None:
            yield Change(
                about="severities", what=f"{code} ({severity.name}) is new",
                severity=code, line=severity.line,
            )  # fmt: skip
        elif was.name != severity.name:
            yield Change(
                about="severities", what=f"{code} is called {severity.name} instead of {was.name}",
                severity=code, line=severity.line, was_line=was.line,
            )  # fmt: skip
        elif was.policy != severity.policy:
            yield Change(
                about="severities",
                what=f"escalation at {code} is {severity.policy or 'not spoken of'} instead of "
                f"{was.policy or 'not spoken of'}",
                severity=code, line=severity.line, was_line=was.line,
            )  # fmt: skip


def _verdicts(old: Plan, new: Plan) -> Iterator[Change]:
    """What single facts mean: each value that either plan's criteria look at, stated alone."""
    for name, value in _cases(old, new):
        was, now = propose(old, {name: value}), propose(new, {name: value})
        before = was.severity.code if was.severity and not was.excluded else "no incident"
        after = now.severity.code if now.severity and not now.excluded else "no incident"
        if before == after:
            continue
        line = now.because[0].line if now.because else 0
        was_line = was.because[0].line if was.because else 0
        yield Change(
            about="classification", what=f"{name} = {_said(value)} is {after} instead of {before}",
            effect=_verdict_effect(old, new, before, after), line=line, was_line=was_line,
        )  # fmt: skip


def _verdict_effect(old: Plan, new: Plan, before: str, after: str) -> Effect:
    ranks = {severity.code: severity.rank for severity in (*old.severities, *new.severities)}
    least = len(ranks)
    one, other = ranks.get(before, least), ranks.get(after, least)
    return "other" if one == other else "tighter" if other < one else "looser"


def _cases(old: Plan, new: Plan) -> list[tuple[str, FactValue]]:
    cases: dict[tuple[str, FactValue], None] = {}
    for plan, other in ((old, new), (new, old)):
        for name, rule in plan.facts.items():
            if name in other.facts:
                cases.update(dict.fromkeys((name, value) for value in _values(rule, old, new)))
    return list(cases)


def _values(rule: FactRule, *plans: Plan) -> list[FactValue]:
    if rule.kind == "bool":
        return [True]
    if rule.kind == "one of":
        return list(rule.values)
    if rule.kind == "text":
        return []
    thresholds = {0.0}
    for plan in plans:
        for severity in plan.severities:
            for criterion in (*severity.criteria, *severity.not_an_incident):
                thresholds |= _figures(criterion.text) if rule.name in criterion.text else set()
    marks = sorted(thresholds)
    between = [(one + two) / 2 for one, two in pairwise(marks)]
    return [*marks, *between, marks[-1] * 2 + 1]


def _figures(text: str) -> set[float]:
    figures = set()
    for word in text.replace("(", " ").replace(")", " ").split():
        try:
            figures.add(float(word))
        except ValueError:
            continue
    return figures


def _told(old: Plan, new: Plan) -> Iterator[Change]:
    """Who is told earlier, later, otherwise, no longer or anew, at each severity that stays."""
    for severity in new.severities:
        code = severity.code
        if code not in old.steps:
            continue
        before, after = _first_told(old.steps[code]), _first_told(new.steps[code])
        for who, was in before.items():
            now = after.get(who)
            if now is None:
                yield Change(
                    about="escalation", effect="looser", severity=code, who=(who,),
                    what=f"{code}: {who} is no longer told (was: {_step_words(was)})",
                    was_line=was.line,
                )  # fmt: skip
            elif (told := _told_otherwise(code, who, was, now)) is not None:
                yield told
        for who, now in after.items():
            if who not in before:
                yield Change(
                    about="escalation", effect="tighter", severity=code, who=(who,),
                    what=f"{code}: {who} is told who was not before ({_step_words(now)})",
                    line=now.line,
                )  # fmt: skip


def _first_told(steps: tuple[Step, ...]) -> dict[str, Step]:
    """Recipient -> the step that tells them first; a page counts before a notice."""
    first: dict[str, Step] = {}
    for step in sorted(steps, key=lambda s: (s.manual, nominal(s.at) or timedelta(), s.do)):
        for who in step.to:
            known = first.get(who)
            if known is None or (known.do != "page" and step.do == "page" and not step.manual):
                first[who] = step
    return first


def _told_otherwise(code: str, who: str, was: Step, now: Step) -> Change | None:
    lines: dict[str, Any] = {"line": now.line, "was_line": was.line}
    if (was.do, was.manual) != (now.do, now.manual):
        effect: Effect = "other"
        if was.manual != now.manual:
            effect = "looser" if now.manual else "tighter"
        elif "page" in (was.do, now.do):
            effect = "looser" if was.do == "page" else "tighter"
        what = f"{code}: {who}: {_step_words(now)} instead of {_step_words(was)}"
        return Change(
            about="escalation", effect=effect, severity=code, who=(who,), what=what, **lines
        )
    if was.at != now.at and not now.manual:
        before, after = nominal(was.at), nominal(now.at)
        effect, word = "other", "at another time"
        if before is not None and after is not None and before != after:
            effect, word = ("looser", "later") if after > before else ("tighter", "earlier")
        what = f"{code}: {who} is told {word}: {words(now.at)} instead of {words(was.at)}"
        return Change(
            about="escalation", effect=effect, severity=code, who=(who,), what=what, **lines
        )
    said = {"until": "until {}", "when": "if {}", "everyone": "everyone at once: {}"}
    for field, phrase in said.items():
        before, after = getattr(was, field), getattr(now, field)
        if before != after:
            what = f"{code}: {who} is told {phrase.format(_said(after) or 'always')} instead of "
            what += phrase.format(_said(before) or "always")
            return Change(about="escalation", severity=code, who=(who,), what=what, **lines)
    return None


def _step_words(step: Step) -> str:
    return step.do if step.manual else f"{step.do} {words(step.at)}"


def _promises(old: Plan, new: Plan) -> Iterator[Change]:
    """The limits of severities that both plans have."""
    before = {
        (severity.code, target.clock): target
        for severity in old.severities
        for target in severity.targets
    }
    codes = {severity.code for severity in old.severities}
    for severity in new.severities:
        for target in severity.targets:
            was = before.pop((severity.code, target.clock), None)
            if severity.code not in codes or (was and was.within == target.within):
                continue
            about = f"{severity.code}: {target.clock} {words(target.within)}"
            if was is None:
                yield Change(
                    about="promises", severity=severity.code, line=target.line,
                    what=f"{about} is new", effect="tighter",
                )  # fmt: skip
                continue
            effect, hours = _promise_effect(was.within, target.within), ""
            if _by_calendar(was.within) or _by_calendar(target.within):
                effect, hours = _hours(old, new, was.within, target.within)
            yield Change(
                about="promises", severity=severity.code, line=target.line, effect=effect,
                what=f"{about} instead of {words(was.within)}{hours}", was_line=was.line,
            )  # fmt: skip
    kept = {severity.code for severity in new.severities}
    for (code, clock), target in before.items():
        if code in kept:
            yield Change(
                about="promises", effect="looser", severity=code, was_line=target.line,
                what=f"{code}: nothing limits {clock} any more (was: {words(target.within)})",
            )  # fmt: skip


_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _hours(old: Plan, new: Plan, was: AnyTime, now: AnyTime) -> tuple[Effect, str]:
    """Whether a limit that depends on the day is later, and for which hours of a week.

    Compares every full hour of the week of Monday 2026-01-05 in UTC, a week without holidays.
    """
    later: list[datetime] = []
    earlier: list[datetime] = []
    furthest = timedelta()
    for hour in range(7 * 24):
        start = _MONDAY + timedelta(hours=hour)
        before, after = due_at(was, start, old.calendars), due_at(now, start, new.calendars)
        if before is None or after is None:
            return "other", ""
        if before != after:
            (later if after > before else earlier).append(start)
            furthest = max(furthest, abs(after - before))
    if not later and not earlier:
        return "other", ""
    parts = [
        f"{word} for what begins {_spans(starts)}"
        for word, starts in (("later", later), ("earlier", earlier))
        if starts
    ]
    said = f" ({', '.join(parts)}; by up to {words_duration(furthest)})"
    return ("other" if later and earlier else "looser" if later else "tighter"), said


def _spans(starts: list[datetime]) -> str:
    """Full hours of a week, days with the same hours together: `Mon-Thu from 18 to 24`."""
    if len(starts) == 7 * 24:
        return "at any time"
    hours: dict[int, list[int]] = {}
    for start in starts:
        hours.setdefault(start.weekday(), []).append(start.hour)
    days: dict[tuple[int, ...], list[int]] = {}
    for day, own in hours.items():
        days.setdefault(tuple(own), []).append(day)
    return ", ".join(f"{_days(same)}{_times(own)}" for own, same in days.items())


def _days(days: list[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [[_WEEKDAYS[day] for day in run] for run in runs]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in names)


def _times(hours: tuple[int, ...]) -> str:
    if len(hours) == 24:
        return ""
    ends = [hour for hour in hours if hour + 1 not in hours]
    begins = [hour for hour in hours if hour - 1 not in hours]
    spans = [f"{one} to {end + 1}" for one, end in zip(begins, ends, strict=True)]
    return f" from {' and '.join(spans)}"


def _by_calendar(value: AnyTime) -> bool:
    return isinstance(value, BusinessDays | CalendarDays | NextOccasion)


def _promise_effect(was: AnyTime, now: AnyTime) -> Effect:
    before, after = limit(was) or nominal(was), limit(now) or nominal(now)
    if before is None or after is None:
        return "other" if before is after else "looser" if after is None else "tighter"
    if before == after:
        return "other"
    return "looser" if after > before else "tighter"


def _alarm(old: Plan, new: Plan) -> Iterator[Change]:
    was, now = old.exhausted, new.exhausted
    if (was.page, was.every_seconds) == (now.page, now.every_seconds):
        return
    said = [
        f"{', '.join(one.page) or 'whoever was told last'}, "
        f"every {words_duration(timedelta(seconds=one.every_seconds))}"
        for one in (now, was)
    ]
    yield Change(
        about="last resort", what=f"when nobody answers: {said[0]} instead of {said[1]}",
        effect="looser" if now.every_seconds > was.every_seconds else "other",
        who=now.page, line=now.line, was_line=was.line,
    )  # fmt: skip


def _contacts(old: Plan, new: Plan) -> Iterator[Change]:
    for who in old.contacts.keys() - new.contacts.keys():
        yield Change(about="contacts", what=f"{who} is gone from the contacts", who=(who,))
    for who in new.contacts.keys() - old.contacts.keys():
        yield Change(about="contacts", what=f"{who} is new among the contacts", who=(who,))


def _tasks(old: Plan, new: Plan) -> Iterator[Change]:
    """What is asked of people: no longer, anew, with another deadline, or under other terms."""
    before = {task.id: task for task in old.tasks}
    after = {task.id: task for task in new.tasks}
    for name, task in before.items():
        if name not in after:
            yield Change(
                about="tasks", effect="looser", was_line=task.line,
                what=f"`{task.text}` is no longer asked for ({task.group or name})",
            )  # fmt: skip
    for name, task in after.items():
        was = before.get(name)
        if was is None:
            yield Change(
                about="tasks", effect="tighter", line=task.line,
                what=f"`{task.text}` is asked for ({task.group or name})",
            )  # fmt: skip
            continue
        lines: dict[str, Any] = {"line": task.line, "was_line": was.line}
        if was.within != task.within:
            limits = [words(t.within) if t.within else "no limit" for t in (task, was)]
            effect: Effect = "looser" if task.within is None else "tighter"
            if was.within is not None and task.within is not None:
                effect = _promise_effect(was.within, task.within)
            what = f"`{task.text}`: {limits[0]} instead of {limits[1]}"
            yield Change(about="tasks", effect=effect, what=what, **lines)
        yield from _fields(f"`{task.text}`", "tasks", was, task, {"within", "line"}, lines)


_TOLD_ELSEWHERE = frozenset(
    {"version", "severities", "steps", "exhausted", "contacts", "tasks", "line"}
)
"""Parts of a plan that have words of their own above."""


def _clauses(old: Plan, new: Plan) -> Iterator[Change]:
    """Everything else: clauses by their names, so that no part of a plan is left out."""
    for name in Plan.__struct_fields__:
        if name in _TOLD_ELSEWHERE:
            continue
        was, now = getattr(old, name), getattr(new, name)
        yield from _compared(name.replace("_", " "), name.replace("_", " "), was, now)


def _compared(about: str, name: str, was: Any, now: Any) -> Iterator[Change]:
    if _without_lines(was) == _without_lines(now):
        return
    named_was, named_now = _by_name(was), _by_name(now)
    if named_was is None or named_now is None:
        if isinstance(was, msgspec.Struct) and type(was) is type(now):
            yield from _fields(name, about, was, now, {"line"}, {})
        else:
            what = f"{name}: {_short(now)} instead of {_short(was)}"
            yield Change(about=about, what=what, line=_line(now), was_line=_line(was))
        return
    for key, clause in named_was.items():
        if key not in named_now:
            what = f"{about}: {key} is gone"
            yield Change(about=about, effect="looser", what=what, was_line=_line(clause))
    for key, clause in named_now.items():
        if key not in named_was:
            yield Change(about=about, what=f"{about}: {key} is new", line=_line(clause))
        else:
            yield from _compared(about, f"{about}: {key}", named_was[key], clause)


def _fields(
    name: str, about: str, was: Any, now: Any, without: set[str], lines: Mapping[str, Any]
) -> Iterator[Change]:
    lines = lines or {"line": _line(now), "was_line": _line(was)}
    for field in now.__struct_fields__:
        before, after = getattr(was, field), getattr(now, field)
        if field in without or _without_lines(before) == _without_lines(after):
            continue
        if _by_name(before) and _by_name(after):
            yield from _compared(about, f"{name}, {field.replace('_', ' ')}", before, after)
            continue
        what = f"{name}: {field.replace('_', ' ')} {_short(after)} instead of {_short(before)}"
        yield Change(about=about, what=what, **lines)


def _by_name(value: Any) -> dict[str, Any] | None:
    """Clauses by id or name, where a part of the plan is a collection of such; else None."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, tuple) or not all(isinstance(v, msgspec.Struct) for v in value):
        return None
    names = [getattr(v, "id", None) or getattr(v, "name", None) for v in value]
    if None in names or len(set(names)) != len(names):
        return None
    return {str(key): item for key, item in zip(names, value, strict=True)}


def _without_lines(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {
            field: _without_lines(getattr(value, field))
            for field in value.__struct_fields__
            if field not in ("line", "lines")
        }
    if isinstance(value, Mapping):
        return {key: _without_lines(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_without_lines(item) for item in value]
    return value


def _line(value: Any) -> int:
    return int(getattr(value, "line", 0) or 0)


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(value: Any) -> str:
    """A value in a few words: times as a plan says them, long texts cut off."""
    if value in ("", None, (), {}):
        return "nothing"
    if isinstance(value, tuple | list):
        text = ", ".join(_short(item) for item in value)
    elif isinstance(value, msgspec.Struct):
        try:
            text = words(value)
        except (TypeError, AttributeError):
            text = ""
        if not text or text == "None":
            text = ", ".join(
                _said(part)
                for field in value.__struct_fields__
                if field != "line" and (part := getattr(value, field)) not in ("", None, (), {})
            )
    else:
        text = _said(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
