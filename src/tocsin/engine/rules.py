"""The rules in force: the active plan and organisation, and every plan still in use."""

import threading
from datetime import datetime

import structlog

from tocsin.core.organisation.read import read_organisation
from tocsin.core.organisation.together import check_together
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.routing import Router
from tocsin.engine.ports import Store

log = structlog.get_logger()

NamedText = tuple[str, str | bytes]
"""A file's name and content; bytes that are no UTF-8 are a problem of the file."""


class NoRules(Exception):
    """There is no plan or organisation to work by: none was ever put in force."""


class Rules:
    """The one place that knows which plan and organisation are in force.

    A file with errors is never activated; the last good version goes on (invariant H10).
    Incidents keep the plan that opened them, so old plans are read back from the store when they
    are wanted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._plan: Plan | None = None
        self._organisation: Organisation | None = None
        self._plans: dict[str, Plan] = {}
        self._router: Router | None = None
        self.refused: tuple[Problem, ...] = ()
        """The problems of the files that were offered last, if they were refused."""

    @property
    def plan(self) -> Plan:
        """The plan in force; raises NoRules if there is none."""
        if self._plan is None:
            raise NoRules("no plan is active")
        return self._plan

    @property
    def organisation(self) -> Organisation:
        """The organisation in force; raises NoRules if there is none."""
        if self._organisation is None:
            raise NoRules("no organisation is active")
        return self._organisation

    @property
    def complete(self) -> bool:
        """Whether a plan and an organisation are in force."""
        return self._plan is not None and self._organisation is not None

    @property
    def router(self) -> Router:
        """What alerts mean under the plan in force; raises NoRules if there is none."""
        if self._router is None:
            raise NoRules("no plan is active")
        return self._router

    def plan_of(self, version: str) -> Plan:
        """Return a plan by version; raises NoRules if that version was never kept."""
        with self._lock:
            known = self._plans.get(version)
        if known is not None:
            return known
        with self._store.read() as reading:
            found = reading.plan_text(version)
        if found is None:
            raise NoRules(f"plan version {version} is not in the store")
        plan, _ = read(found[1], found[0])
        if plan is None:
            # A newer Tocsin may be stricter. Calling people by today's plan beats calling nobody.
            log.error("rules.plan-unreadable", version=version)
            plan = self.plan
        with self._lock:
            self._plans[version] = plan
        return plan

    def restore(self) -> None:
        """Take up what was activated last, if anything was."""
        with self._store.read() as reading:
            plan_file = reading.active("plan")
            organisation_file = reading.active("organisation")
        plan, organisation = None, None
        problems: list[Problem] = []
        if plan_file:
            plan, problems = read(plan_file[1], plan_file[0])
        if organisation_file:
            organisation, more = read_organisation(organisation_file[1], organisation_file[0])
            problems = problems + more
        if any(problem.level == "error" for problem in problems):
            self.refused = tuple(problems)
        self._take_up(plan, organisation)

    def activate(
        self, plan_file: NamedText, organisation_file: NamedText, now: datetime
    ) -> list[Problem]:
        """Read, check and put in force a plan and an organisation, each as (file name, content).

        Returns all problems. If any of them is an error, nothing changes.
        """
        plan, problems = read(plan_file[1], plan_file[0])
        organisation, more = read_organisation(organisation_file[1], organisation_file[0])
        problems = problems + more
        if plan is not None and organisation is not None:
            recipients = plan.recipients()
            problems += check_together(recipients, organisation, organisation_file[0])
        if any(problem.level == "error" for problem in problems):
            self.refused = tuple(problems)
            return problems
        if plan is None or organisation is None:
            raise AssertionError("a file without errors gives a value")
        self._keep(plan, plan_file, organisation, organisation_file, now)
        self._take_up(plan, organisation)
        self.refused = ()
        return problems

    def cannot_read(self, file: str, why: str) -> None:
        """Note that a file can't be read any more; what is in force stays in force."""
        what = f"the file can't be read: {why.lower()}"
        hint = "what was in force stays in force; put the file back"
        problem = Problem(
            file=file, line=0, column=0, code="file.unreadable", level="error", what=what, hint=hint
        )
        self.refused = (problem,)

    def _keep(
        self,
        plan: Plan,
        plan_file: NamedText,
        organisation: Organisation,
        organisation_file: NamedText,
        now: datetime,
    ) -> None:
        same_plan = self._plan is not None and self._plan.version == plan.version
        same_people = (
            self._organisation is not None and self._organisation.version == organisation.version
        )
        if same_plan and same_people:
            return
        with self._store.write() as tx:
            if not same_plan:
                tx.activate("plan", plan.version, *_text(plan_file), now)
            if not same_people:
                tx.activate("organisation", organisation.version, *_text(organisation_file), now)

    def _take_up(self, plan: Plan | None, organisation: Organisation | None) -> None:
        with self._lock:
            if plan is not None:
                self._plan = plan
                self._plans[plan.version] = plan
                self._router = Router(plan)
            if organisation is not None:
                self._organisation = organisation


def _text(file: NamedText) -> tuple[str, str]:
    """Return a file that was read without errors as text."""
    name, content = file
    return name, content if isinstance(content, str) else content.decode()
