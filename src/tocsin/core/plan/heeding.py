"""Whether a plan takes notice of single alerts, or only of what they mean."""

import msgspec

SIGNS = (b'"alert"', b"alerts_firing", b'"restarts_on_alert":true')
"""In a plan as JSON: the moment of the last alert, the number that fires, a watch that restarts."""


def heeds_alerts(plan: msgspec.Struct) -> bool:
    """Whether one more alert, which changes nothing else, may make the plan demand something.

    Says yes rather once too often: a plan with a recipient called `alert` only costs time.
    """
    written = msgspec.json.encode(plan)
    return any(sign in written for sign in SIGNS)
