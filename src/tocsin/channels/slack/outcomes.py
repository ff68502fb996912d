"""What Slack's answer means for the delivery."""

from datetime import datetime

from tocsin.core.delivery import Failed, FailureClass, Outcome, Sent
from tocsin.outbound.exchange import Answer, NoAnswer, retry_after

TEMPORARY = ("rollup_error",)

REFUSED = frozenset(
    {"invalid_blocks", "invalid_payload", "msg_blocks_too_long", "msg_too_long", "no_text",
     "too_many_attachments"}
)  # fmt: skip
"""Words that speak of the message, and not of where it goes or who sends it."""

REFUSED_STATUS = (400, 413, 422)
"""Codes that do so where there is no word that we know."""

CURES = {
    "action_prohibited": "an admin of the workspace forbids this; allow the app to post",
    "channel_is_archived": "the channel is archived; unarchive it or make a new hook",
    "channel_not_found": "the channel is gone; make a new hook for another channel",
    "invalid_blocks": "Slack does not understand the message; report this as a bug of Tocsin",
    "invalid_payload": "Slack does not understand the message; report this as a bug of Tocsin",
    "invalid_token": "the hook's URL is wrong or was revoked; enter the new one",
    "msg_blocks_too_long": "the message is too long for Slack",
    "msg_too_long": "the message is too long for Slack",
    "no_active_hooks": "the hook is switched off; switch it on or make a new one",
    "no_service": "the hook is switched off or was removed; make a new one",
    "no_team": "the workspace is gone; make a hook in another one",
    "no_text": "Slack misses a text; report this as a bug of Tocsin",
    "posting_to_general_channel_denied": "only some may post to #general; use another channel",
    "team_disabled": "the workspace is switched off",
    "too_many_attachments": "Slack wants fewer attachments; report this as a bug of Tocsin",
    "user_not_found": "the person is gone from Slack; make a new hook",
}


def outcome_of(answer: Answer | NoAnswer, hook: str, now: datetime) -> Outcome:
    """Classify an answer. Slack's own words appear only if they are among those we know."""
    if isinstance(answer, NoAnswer):
        detail = f"{hook}: Slack {answer.why}"
        return Failed("unknown" if answer.left else "temporary", detail)
    status = answer.status
    if 200 <= status < 300:
        return Sent()
    word = answer.body[:100].decode("ascii", "replace").strip()
    after = retry_after(answer, now)
    if status == 429:
        return Failed("rate-limited", f"{hook}: Slack asks for fewer messages (429)", after)
    if word in CURES:
        known: FailureClass = "refused" if word in REFUSED else "permanent"
        return Failed(known, f"{hook}: {CURES[word]} ({status} {word})")
    said = f"{hook}: Slack answered {status}"
    if status >= 500 or status == 408 or word in TEMPORARY:
        return Failed("temporary", said, after)
    if 300 <= status < 400:
        return Failed("permanent", f"{said}, a redirect; check the hook's URL")
    if status in REFUSED_STATUS:
        return Failed("refused", f"{said}; it does not take this message")
    return Failed("permanent", f"{said}; check the hook's URL")
