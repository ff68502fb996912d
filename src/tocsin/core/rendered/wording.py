"""The names by which the parts of one plan are called in its document."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec.structs import replace

from tocsin.core.plan.model import FactRule, Plan
from tocsin.core.plan.task import Task
from tocsin.core.rendered.outline import Block, Section
from tocsin.core.words import tasks as task_words
from tocsin.core.words.phrases import capital, named


class Wording:
    """What phases, tasks, roles and the rest of a plan are called."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def facts(self) -> Mapping[str, FactRule]:
        """The facts that conditions may name."""
        return self.plan.facts

    @cached_property
    def _phases(self) -> Mapping[str, str]:
        return {phase.id: phase.name for phase in self.plan.response.phases}

    @cached_property
    def _tasks(self) -> Mapping[str, str]:
        return {task.id: task.text for task in self.plan.tasks}

    def task_text(self, task: str) -> str:
        """Return the text of a task, "" if there is none of that id."""
        return self._tasks.get(task, "")

    def name(self, kind: str, name: str) -> str:
        """Say the name of a thing of that kind: a phase, a task, a role, a recipient."""
        if kind in ("phase", "after", "leave"):
            return self._phases.get(name) or named(name)
        if kind == "done":
            return f"“{self._tasks.get(name, name)}”"
        if kind == "role" and name in self.plan.roles:
            return self.plan.roles[name].name
        return f"the {named(name)}" if kind in ("told", "published", "publish") else named(name)

    @cached_property
    def _playbooks(self) -> Mapping[str, str]:
        """Condition -> the name of the playbook that applies then."""
        return {when: name for _, name, when, *_ in self.plan.response.playbooks if when}

    def demands(self, task: Task, given: str = "") -> tuple[str, ...]:
        """Say everything about a task beside its text; that `given` holds is known."""
        replaced = [self._playbooks[one] for one in task.unless if one in self._playbooks]
        task = replace(
            task,
            when="" if task.when == given else task.when,
            unless=tuple(one for one in task.unless if one not in self._playbooks),
        )
        return (
            *task_words.demands_of(task, self.name),
            *(f"unless the playbook “{name}” applies" for name in replaced),
            *task_words.conditions_of(task, self.facts, self.name),
            *task_words.ties_of(task, self.facts, self.name),
        )


def part(
    id_: str, title: str, *blocks: Block | None, sections: Iterable[Section] = (), line: int = 0
) -> Section:
    """Make a section of what is there: blocks that are None, and empty sections, are left out."""
    kept = tuple(block for block in blocks if block is not None)
    inner = tuple(section for section in sections if not section.empty)
    return Section(id=id_, title=capital(title), blocks=kept, sections=inner, line=line)
