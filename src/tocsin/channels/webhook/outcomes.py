"""What a receiver's answer means for the delivery."""

from datetime import datetime

from tocsin.core.delivery import Failed, FailureClass, Outcome, Sent
from tocsin.outbound.exchange import Answer, NoAnswer, retry_after

TEMPORARY = (408, 425)
"""Codes below 500 that ask for another try."""

REFUSED = (400, 413, 422)
"""Codes that speak of what was sent, and not of where it went or who sent it."""

REASONS = {
    400: "it does not take this message",
    401: "it wants a login; check the secret on both sides",
    403: "it forbids this; check the secret on both sides",
    404: "there is nothing at this address; check the URL",
    410: "the receiver is gone; remove it or enter its new URL",
    413: "the message is too long for it",
    422: "it does not take this message",
}


def outcome_of(answer: Answer | NoAnswer, receiver: str, now: datetime) -> Outcome:
    """Classify an answer; `receiver` is what people may see of the address."""
    if isinstance(answer, NoAnswer):
        return Failed("unknown" if answer.left else "temporary", f"{receiver} {answer.why}")
    status = answer.status
    if 200 <= status < 300:
        return Sent()
    said = f"{receiver} answered {status}"
    after = retry_after(answer, now)
    if status == 429:
        return Failed("rate-limited", f"{said}: too many requests", after)
    if status >= 500 or status in TEMPORARY:
        return Failed("temporary", said, after)
    if 300 <= status < 400:
        return Failed("permanent", f"{said}: redirects are not followed; enter the final URL")
    reason = REASONS.get(status)
    failure: FailureClass = "refused" if status in REFUSED else "permanent"
    return Failed(failure, f"{said}: {reason}" if reason else said)
