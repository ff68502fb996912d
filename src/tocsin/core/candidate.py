"""A plan and an organisation that are to be put in force: read, and checked together."""

import re

import msgspec

from tocsin.core.organisation.read import read_organisation
from tocsin.core.organisation.together import check_qualifications, check_together
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

NamedText = tuple[str, str | bytes]
"""A file's name and content; bytes that are no UTF-8 are a problem of the file."""

_STANDING = re.compile(r"""["']?standing["']?\s*:""")


class Candidate(msgspec.Struct, frozen=True):
    """What was understood of two files, and everything that is wrong with them.

    A part is None if its file has errors, or if nobody has offered one.
    """

    plan: Plan | None
    organisation: Organisation | None
    problems: tuple[Problem, ...]

    @property
    def is_refused(self) -> bool:
        """Whether a problem is an error, so that none of it may be put in force."""
        return any(problem.level == "error" for problem in self.problems)


def examine(
    plan: NamedText | Plan | None, organisation: NamedText | Organisation | None
) -> Candidate:
    """Read what is offered as text, and check that both may be in force together.

    What is in force already comes as a value: of its own problems nothing is said again.
    """
    problems: list[Problem] = []
    organisation_name = ""
    if isinstance(plan, tuple):
        name, text = plan
        plan, problems = read(text, name)
        if plan is not None:
            problems = problems + _problems_of_standing(plan, text, name)
    if isinstance(organisation, tuple):
        organisation_name, people = organisation
        organisation, more = read_organisation(people, organisation_name)
        problems = problems + more
    if plan is not None and organisation is not None:
        problems = problems + check_together(plan.recipients(), organisation, organisation_name)
        problems = problems + check_qualifications(plan, organisation, organisation_name)
    return Candidate(plan, organisation, tuple(dict.fromkeys(problems)))


def _problems_of_standing(plan: Plan, text: str | bytes, file: str) -> list[Problem]:
    """Refuse a plan that only says what a document says, with all that it leaves open."""
    if plan.standing != "as written":
        return []
    words = text if isinstance(text, str) else text.decode("utf-8", "replace")
    lines = enumerate(words.splitlines(), 1)
    line = next((number for number, line in lines if _STANDING.match(line)), 0)
    return [
        Problem(
            file=file,
            line=line,
            column=1 if line else 0,
            code="plan.as-written",
            level="error",
            what="this plan is kept `as written`: it can be checked, and not be put in force",
            hint="Decide its open points (`tocsin check` lists them), then write "
            "`standing: in force` in the plan that is to be followed.",
        )
    ]
