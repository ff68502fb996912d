"""What GitHub's answer means for the delivery."""

from datetime import datetime

from tocsin.core.delivery import Failed, FailureClass, Outcome, Sent
from tocsin.outbound.exchange import Answer, NoAnswer, retry_after

CURES = {
    401: "the token is wrong or has expired; make a new one",
    404: "there is no such repository, or the token may not see it",
    410: "issues are switched off in this repository; switch them on",
    422: "GitHub does not take the issue; check the labels",
    451: "GitHub may not show this repository",
}


def outcome_of(answer: Answer | NoAnswer, name: str, now: datetime) -> Outcome:
    """Classify an answer to a request that writes; GitHub's own words are never shown."""
    if isinstance(answer, NoAnswer):
        return Failed("unknown" if answer.left else "temporary", f"{name}: GitHub {answer.why}")
    status = answer.status
    if 200 <= status < 300:
        return Sent()
    after = retry_after(answer, now)
    if status == 429 or (status == 403 and _is_limit(answer)):
        after = after if after is not None else _reset(answer, now)
        return Failed("rate-limited", f"{name}: GitHub asks for fewer requests ({status})", after)
    if status >= 500 or status == 408:
        return Failed("temporary", f"{name}: GitHub answered {status}", after)
    if status == 403:
        return Failed("permanent", f"{name}: the token may not write issues here (403)")
    cure = CURES.get(status, "check the repository's name")
    failure: FailureClass = "refused" if status == 422 else "permanent"
    return Failed(failure, f"{name}: {cure} ({status})")


def _is_limit(answer: Answer) -> bool:
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in answer.headers or b"rate limit" in answer.body.lower()


def _reset(answer: Answer, now: datetime) -> float | None:
    value = answer.headers.get("x-ratelimit-reset", "")
    if not (value.isascii() and value.isdigit()):
        return None
    return max(float(value[:12]) - now.timestamp(), 0.0)
