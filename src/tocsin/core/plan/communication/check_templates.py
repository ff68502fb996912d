"""What does not fit together in templates: with their examples, and with when they are sent."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.core.document import listed, near
from tocsin.core.plan.communication.known import UNKNOWN
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.communication.origins import INSIDE, is_known_at, known_from
from tocsin.core.plan.communication.templates import Incomplete, fill, left_open, names_in
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.times import After, Immediate, Within
from tocsin.core.tree import Path

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2}:\d{2})")
_BEFORE_NEXT = ("now", "incident.detected", "incident.started")


def check_templates(plan: Plan, scope: Scope) -> None:
    """Report templates that cannot be filled in, or not when they are wanted."""
    for template in plan.communication.templates.values():
        path: Path = ("templates", template.id)
        _has_a_text(template, scope, path)
        template = _with_its_file(template, scope)
        _is_finished(template, scope, path)
        _uses_its_fields(template, scope, path)
        _says_nothing_from_inside(plan, template, scope, path)
        _keeps_the_title_inside(plan, template, scope, path)
        _example_comes_out(plan, template, scope, path)
        _example_keeps_the_cadence(plan, template, scope, path)
    for template, moment, line, by_itself in _uses(plan):
        _is_known_then(plan, scope, template, (moment, line, by_itself))
    _templates_fit_their_tasks(plan, scope)


def used_in(template: Template) -> tuple[str, ...]:
    """Return what a template fills in, by field or origin."""
    return names_in(f"{template.subject}\n{template.text}")


def _has_a_text(template: Template, scope: Scope, path: Path) -> None:
    if bool(template.text) == bool(template.file) and not scope.document.damaged(path):
        what = "has a text and a file" if template.text else "has no text"
        scope.error(
            path, "plan.template-text", f"the template {template.id} {what}",
            "Write its `text:`, or name the `file:` that holds it.",
        )  # fmt: skip
    if template.file and scope.exists is not None and not scope.exists(template.file):
        scope.warn(
            (*path, "file"), "plan.missing-file", f"there is no `{template.file}`",
            "Paths count from the folder of the plan. Write the file, or correct the path.",
        )  # fmt: skip


def _with_its_file(template: Template, scope: Scope) -> Template:
    """A template that is kept in a file is looked at with what stands there, if that is known."""
    if template.text or not template.file or scope.text_of is None:
        return template
    return replace(template, text=scope.text_of(template.file) or "")


def _is_finished(template: Template, scope: Scope, path: Path) -> None:
    for key, text in (("subject", template.subject), ("text", template.text)):
        found = left_open(text, template.literal)
        if found:
            scope.undecided(
                (*path, key), "plan.template-placeholder",
                f"{listed(found)} would go out as it stands",
                "Make it a field, `{{ name }}`; or put it under `literal:` if it is meant so.",
            )  # fmt: skip
    for number, text in enumerate(template.literal):
        if text not in f"{template.subject}\n{template.text}" and template.text:
            scope.warn(
                (*path, "literal", number), "plan.template-field",
                f"`{text}` does not occur in the template", "Take it out, or correct it.",
            )  # fmt: skip


def _uses_its_fields(template: Template, scope: Scope, path: Path) -> None:
    used = used_in(template)
    for name in template.fields:
        if name not in used and template.text:
            scope.warn(
                (*path, "fields", name), "plan.template-field",
                f"the template never says `{name}`", f"Write `{{{{ {name} }}}}`, or take it out.",
            )  # fmt: skip


def _origins(template: Template) -> Iterator[tuple[str, str]]:
    """Each name that is filled in, with where it comes from ("" if people say it)."""
    for name in used_in(template):
        field = template.fields.get(name)
        yield name, field.origin if field is not None else name


def _says_nothing_from_inside(plan: Plan, template: Template, scope: Scope, path: Path) -> None:
    audiences = plan.communication.audiences
    outside = [n for n in template.audiences if n in audiences and audiences[n].outside]
    for name, origin in _origins(template):
        if outside and origin.startswith(INSIDE):
            scope.warn(
                path, "plan.template-inside",
                f"{outside[0]} would read `{name}` ({origin}), which is of use only inside",
                "Take it out, or write another template for them.",
            )  # fmt: skip


def _keeps_the_title_inside(plan: Plan, template: Template, scope: Scope, path: Path) -> None:
    """A title is what an alert or a colleague called it: nobody wrote it for readers outside."""
    audiences = plan.communication.audiences
    names = template.audiences or _sent_to(plan, template)
    outside = [audiences[n].name or n for n in names if n in audiences and audiences[n].outside]
    if outside and any(origin == "incident.title" for _, origin in _origins(template)):
        scope.warn(
            path, "plan.template-title",
            f"{outside[0]} would read the incident's title, which is in the words of an alert or of"
            " a colleague",
            "Ask for words that are meant for them: `fields: {what: {ask: What do they notice?}}`.",
        )  # fmt: skip


def _sent_to(plan: Plan, template: Template) -> tuple[str, ...]:
    """To whom the plan itself sends a template that is for any audience."""
    room = plan.communication
    names = [task.audience for task in plan.tasks if task.template == template.id]
    names += [rule.audience for rule in room.cadences if rule.template == template.id]
    page = room.status_page
    if page is not None and page.template == template.id:
        names.append(page.audience)
    return tuple(dict.fromkeys(names))


def _example_comes_out(plan: Plan, template: Template, scope: Scope, path: Path) -> None:
    example = template.example
    if example is None or not template.text:
        return
    for name in example.values:
        if name not in used_in(template):
            scope.error(
                (*path, "example", "values", name), "plan.template-example",
                f"the template has no place for `{name}`",
                f"It has: {listed(used_in(template), 20)}.",
            )  # fmt: skip
    told = fill(template, example.values, plan.time_zone)
    if isinstance(told, Incomplete):
        scope.error(
            (*path, "example"), "plan.template-example",
            f"the example does not say {listed(told.missing)}", "Add it under `values:`.",
        )  # fmt: skip
        return
    wanted = example.reads.strip("\n").splitlines()
    got = told.text.splitlines()
    wrong = next(
        (n for n in range(max(len(wanted), len(got))) if wanted[n : n + 1] != got[n : n + 1]), None
    )
    if wrong is not None:
        made = got[wrong] if wrong < len(got) else "(nothing)"
        scope.error(
            (*path, "example", "reads"), "plan.template-example",
            f"line {wrong + 1} of the example comes out as `{made}`",
            "Correct the template, or what the example reads.",
        )  # fmt: skip


def _example_keeps_the_cadence(plan: Plan, template: Template, scope: Scope, path: Path) -> None:
    """The time between two updates in an example is one that the plan promises."""
    if template.example is None:
        return
    by_origin: dict[str, str] = {}
    for name, origin in _origins(template):
        if name in template.example.values:
            by_origin[origin] = template.example.values[name]
    said, after = _time(by_origin, ("next_update",)), _time(by_origin, _BEFORE_NEXT)
    limits = [limit for limit in _limits(plan, template) if limit is not None]
    if said is None or after is None or not limits or said - after in limits:
        return
    promised = " or ".join(str(int(limit.total_seconds() // 60)) for limit in limits)
    scope.warn(
        (*path, "example"), "plan.template-example",
        f"the next update comes {int((said - after).total_seconds() // 60)} minutes later in the "
        f"example, and {promised} in the plan",
        "Correct the example, or `every:` under `updates:`.",
    )  # fmt: skip


def _time(values: Mapping[str, str], names: tuple[str, ...]) -> datetime | None:
    for name in names:
        found = _TIME.search(values.get(name, ""))
        if found:
            try:
                return datetime.fromisoformat(f"{found[1]} {found[2].rjust(5, '0')}")
            except ValueError:
                return None
    return None


def _limits(plan: Plan, template: Template) -> Iterator[timedelta | None]:
    for rule in plan.communication.cadences:
        if template.audiences and rule.audience not in template.audiences:
            continue
        match rule.every:
            case Within(limit) | After(limit) | Immediate(limit):
                yield limit
            case _:
                yield None


def _uses(plan: Plan) -> Iterator[tuple[Template, str, int, bool]]:
    """Each use of a template: the moment from which it may be sent, and whether by itself."""
    room = plan.communication
    by_itself = {one.task for one in room.announcements if one.automatic}
    for task in plan.tasks:
        if task.do == "publish" and task.template in room.templates:
            yield room.templates[task.template], task.after, task.line, task.id in by_itself
    for rule in room.cadences:
        if rule.template in room.templates:
            yield room.templates[rule.template], "opened", rule.line, False


def _is_known_then(
    plan: Plan, scope: Scope, template: Template, use: tuple[str, int, bool]
) -> None:
    """A message that nobody can complete when it is wanted is not sent."""
    moment, line, by_itself = use
    for name, origin in _origins(template):
        field = template.fields.get(name)
        settled = field is not None and (field.fallback is not None or field.optional)
        if settled or not (origin or by_itself):
            continue
        if origin and (is_known_at(origin, moment) or _held_from_the_start(plan, origin)):
            continue
        if not by_itself and (origin.startswith("fact.") or (field is not None and field.ask)):
            continue  # whoever publishes says it, or is told what is missing
        when = {"resolved": "when the incident is resolved"}.get(known_from(origin), "some time")
        known = f"known {when}" if origin else "said by a person"
        path: Path = ("templates", template.id, *(("fields", name) if field else ()))
        what = (
            f"`{name}` is {known}, and the message is sent when {moment or 'it applies'}"
            f" (line {line})"
        )
        hint = "Add `fallback: to be assigned`, or `optional: true` to leave its line out."
        if by_itself:
            scope.undecided(path, "plan.template-not-known", what, hint)
        else:
            scope.warn(path, "plan.template-not-known", what, hint)


def _held_from_the_start(plan: Plan, origin: str) -> bool:
    role = plan.roles.get(origin.removeprefix("role.")) if origin.startswith("role.") else None
    return role is not None and bool(role.default)


def _templates_fit_their_tasks(plan: Plan, scope: Scope) -> None:
    templates, audiences = plan.communication.templates, plan.communication.audiences
    for task in plan.tasks:
        if task.do != "publish":
            continue
        for noun, name, known in (
            ("audience", task.audience, audiences), ("template", task.template, templates),
        ):  # fmt: skip
            if name and name not in known and not scope.lost(f"{noun}s"):
                cure = f"Known: {listed(known)}." if known else f"Add it under `{noun}s:`."
                scope.found.add(
                    (task.line, 1), UNKNOWN[noun], f"unknown {noun} `{name}`",
                    near(name, known) + cure, "error",
                )  # fmt: skip
        template = templates.get(task.template)
        if template is not None:
            _fits(scope, task, template)


def _fits(scope: Scope, task: Task, template: Template) -> None:
    place = (task.line, 1)
    if template.audiences and task.audience not in template.audiences:
        scope.found.add(
            place, "plan.template-audience",
            f"the template {template.id} is not for {task.audience} (line {template.line})",
            "Add the audience to the template, or name another template.", "error",
        )  # fmt: skip
    wanted = set(task.severities) or set(scope.codes)
    left = [code for code in scope.codes if code in wanted and code not in template.severities]
    if template.severities and left:
        scope.found.add(
            place, "plan.template-severity",
            f"the template {template.id} is not for {listed(left)}, and it is wanted there "
            f"(line {template.line})",
            "Add `for:` here, or more severities to the template.", "warning",
        )  # fmt: skip
