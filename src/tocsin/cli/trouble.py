"""Why a command could not do what it was asked: one line that says it, one that says what next."""

NO = 1
"""Exit code for "no", and for problems that were found."""

WRONG_USAGE = 2
"""Exit code for a command that was called in a way that makes no sense."""


class Trouble(Exception):
    """Ends a command with exit code `exit_code`; `main` prints `what` and `hint`."""

    def __init__(self, what: str, hint: str = "", exit_code: int = NO) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.exit_code = exit_code


def wrong_usage(what: str, hint: str = "") -> Trouble:
    """Build the trouble of somebody who typed something that cannot be meant."""
    return Trouble(what, hint, WRONG_USAGE)


def parted(error: ValueError) -> Trouble:
    """Build wrong usage from a message of the core, which reads `what; hint`."""
    what, _, hint = str(error).partition("; ")
    return wrong_usage(what, f"{hint[:1].upper()}{hint[1:]}." if hint else "")
