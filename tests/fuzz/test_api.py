"""The API answers what its document promises to all: briefly here, long in `make torture`."""

from __future__ import annotations

from tests.fuzz.asking import asker
from tests.fuzz.filling import fill, look

EACH = 2
"""Requests of each operation."""


def test_every_answer_is_what_the_document_promises() -> None:
    with asker(20261121) as asked:
        asked.ask(EACH)
        assert not asked.broken, asked.told()
        assert set(asked.asked) == set(asked.callers), "not everybody has asked"
        done = [status for status in asked.answers if status < 300]
        assert sum(asked.answers[status] for status in done) > 30, asked.answers


def test_no_form_and_no_address_of_a_page_is_a_fault() -> None:
    with asker(1) as asked:
        look(asked, 1)
        fill(asked, 1, once=True)
        assert not asked.broken, asked.told()


def test_a_fault_would_be_found() -> None:
    """The proof of the proof: a document that promises too little is found out."""
    with asker(1) as asked:
        for path, operations in asked.description["paths"].items():
            for operation in operations.values():
                if path != "/api/v1/status":
                    operation["responses"] = {"204": {"description": "nothing"}}
        asked.description["paths"] = dict(list(asked.description["paths"].items())[:20])
        asked.ask(1, "operator")
        assert len(asked.broken) > 10
