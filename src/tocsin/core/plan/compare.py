"""What changes for people when one plan takes the place of another.

Not a difference of texts: who is told earlier, later or no longer; which promises become looser
or tighter; what facts mean now; and every other clause that says something else than before.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from typing import Any

import msgspec

from tocsin.core.calendars import due_at
from tocsin.core.plan.change import Change, Effect
from tocsin.core.plan.classify import propose
from tocsin.core.plan.differences import CALLED, differences, effect_of, short
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
            about="classification", what=f"{name} = {short(value)} is {after} instead of {before}",
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
            what = f"{code}: {who} is told {phrase.format(short(after) or 'always')} instead of "
            what += phrase.format(short(before) if before else "always")
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
            effect, hours = effect_of(was.within, target.within), ""
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
            what = f"`{task.text}`: {limits[0]} instead of {limits[1]}"
            effect = effect_of(was.within, task.within)
            yield Change(about="tasks", effect=effect, what=what, **lines)
        rest = msgspec.structs.replace(was, within=task.within)
        yield from differences("tasks", f"`{task.text}`", rest, task)


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
        if not isinstance(now, msgspec.Struct):
            yield from differences(name.replace("_", " "), name.replace("_", " "), was, now)
            continue
        for field in now.__struct_fields__:
            if field in _TOLD_ELSEWHERE:
                continue
            said = CALLED.get(field, field.replace("_", " "))
            yield from differences(said, said, getattr(was, field), getattr(now, field))
