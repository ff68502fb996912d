"""The inbox."""

from tests.channels.messages import PAGE

from tocsin.channels.inbox.send import Inbox
from tocsin.core.delivery import Sent


def test_sending_always_succeeds() -> None:
    inbox = Inbox()
    assert inbox.send("", PAGE) == Sent()
    assert inbox.problem_with("") is None
    assert inbox.problem_with("anything") is None
