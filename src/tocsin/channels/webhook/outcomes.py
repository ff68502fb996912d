"""What a receiver's answer means for the delivery."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tocsin.core.delivery import Failed, Outcome, Sent
from tocsin.outbound.exchange import Answer, NoAnswer

TEMPORARY = (408, 425)
"""Codes below 500 that ask for another try."""

REASONS = {
    401: "it wants a login; check the secret on both sides",
    403: "it forbids this; check the secret on both sides",
    404: "there is nothing at this address; check the URL",
    410: "the receiver is gone; remove it or enter its new URL",
    413: "the message is too long for it",
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
    return Failed("permanent", f"{said}: {reason}" if reason else said)


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Read the Retry-After header, in seconds; None where it says nothing usable."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)
