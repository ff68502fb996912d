"""What happens to a conversation after its time is up."""

import threading

import pytest
from tests.channels.email.mail_server import script
from tests.channels.email.test_send import TO, settings
from tests.channels.loopback import LineServer
from tests.channels.messages import PAGE

from tocsin.channels.email.attempt import Attempt, TimeIsUp, run
from tocsin.channels.email.send import Email
from tocsin.core.delivery import Failed


@pytest.mark.parametrize("changes", [{"greeting": "drip"}, {"MAIL": "hang"}, {"end": "drip"}])
def test_giving_up_ends_the_work_as_well(changes: dict[str, str]):
    with LineServer(script(**changes)) as server:
        outcome = Email(settings(server.port), timeout_seconds=0.3).send(TO, PAGE)
        assert isinstance(outcome, Failed)
        for thread in threading.enumerate():
            if thread.name.startswith("email"):
                thread.join(10)
                assert not thread.is_alive()


def test_a_mail_can_not_leave_after_giving_up():
    attempt = Attempt()
    attempt.end()
    with pytest.raises(TimeIsUp):
        attempt.leave()
    assert not attempt.left


def test_a_bug_comes_out():
    def work(attempt: Attempt) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(work, 5)
