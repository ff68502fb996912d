"""The API and the pages, asked for long by everybody who may come (T-F2).

TORTURE_API_EACH says how often each operation is asked as each caller. Figures:
trust/figures/api.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.fuzz.asking import Asker, asker
from tests.fuzz.filling import fill, look
from tests.fuzz.mutating import effort
from tests.torture.figures import keep

pytestmark = [pytest.mark.torture, pytest.mark.timeout(0)]

EACH = effort("API_EACH", 10)
SEED = effort("API_SEED", 1)
FORMS = effort("API_FORMS", 3)

CALLERS = (
    "nobody", "viewer", "responder", "commander", "administrator", "auditor", "operator",
    "integration", "deployer", "key to read", "key to respond", "key to command",
    "key to administer", "key to audit",
)  # fmt: skip


@pytest.fixture(scope="module")
def counted() -> Iterator[list[Asker]]:
    """Who has asked, written down in the end, however it ends."""
    all_of: list[Asker] = []
    yield all_of
    answers: Counter[int] = sum((one.answers for one in all_of), Counter())
    asked: Counter[str] = sum((one.asked for one in all_of), Counter())
    broken = [found for one in all_of for found in one.broken.values()]
    keep(
        "api",
        {f"as {name}: requests": count for name, count in asked.items()}
        | {f"answered with {status}: requests": count for status, count in answers.items()}
        | {
            "requests": sum(asked.values()),
            "callers": len(CALLERS),
            "operations": sum(len(one) for one in all_of[0].description["paths"].values()),
            "faults": sum(count for status, count in answers.items() if status >= 500)
            + sum("Traceback" in one.what for one in broken),
            "breaks": len(broken),
        },
    )


@pytest.mark.parametrize("caller", CALLERS)
def test_the_document_holds_for(caller: str, counted: list[Asker]) -> None:
    with asker(SEED) as asked:
        assert caller in asked.callers
        asked.ask(EACH, caller)
        counted.append(asked)
        assert not asked.broken, asked.told()


def test_no_form_and_no_address_of_a_page_is_a_fault(counted: list[Asker]) -> None:
    with asker(SEED) as asked:
        look(asked, 10 * FORMS)
        fill(asked, FORMS)
        counted.append(asked)
        assert not asked.broken, asked.told()
