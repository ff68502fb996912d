"""The simulated providers: what becomes of a message that a node hands to one."""

import msgspec

from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Failed, Message, Outcome, Sent
from tocsin.simulation.dice import lot
from tocsin.simulation.schedule import SECOND

TIMED_OUT = int(SEND_TIMEOUT_SECONDS * SECOND)


class Submitted(msgspec.Struct, frozen=True):
    """What becomes of one attempt: what the node hears after `answers_in` microseconds.

    `arrives_in` is when the person has it, None if it never arrives.
    """

    outcome: Outcome
    answers_in: int
    arrives_in: int | None


def submitted(seed: int, mood: str, message: Message, at: int) -> Submitted:
    """Return what a provider in this mood ("" for a good one) does with a message."""
    luck = lot(seed, "provider", message.id, message.attempt, at)
    quick = int(20_000 + luck * 150_000)
    match mood:
        case "":
            return Submitted(Sent(f"p-{message.short_code}"), quick, quick * 2)
        case "temporary":
            return Submitted(Failed("temporary", "503 from the provider"), quick, None)
        case "permanent":
            return Submitted(Failed("permanent", "no such address"), quick, None)
        case "rate-limits":
            outcome = Failed("rate-limited", "429 from the provider", 5 + luck * 200)
            return Submitted(outcome, quick, None)
        case "hangs":
            return Submitted(Failed("unknown", "no answer in time"), TIMED_OUT, None)
        case "hangs-and-delivers":
            return Submitted(Failed("unknown", "no answer in time"), TIMED_OUT, quick)
        case "denies":
            return Submitted(Failed("temporary", "503 from the provider"), quick, quick)
        case "pretends":
            return Submitted(Sent("lost"), quick, None)
        case "slow":
            slow = int(SECOND + luck * 8 * SECOND)
            return Submitted(Sent(f"p-{message.short_code}"), slow, slow)
        case _:
            raise AssertionError(f"a provider knows no mood {mood!r}")
