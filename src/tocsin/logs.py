"""Logs: one line an event on standard error, as text for people or JSON for machines."""

import logging
import re
import sys
from io import StringIO
from typing import Any, TextIO, cast

import structlog


class _StandardError:
    """Standard error as it is when something is written, not as it was when logging began."""

    def write(self, text: str) -> int:
        """Write to what standard error is now."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush it."""
        sys.stderr.flush()


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def set_up_logs(level: str, form: str) -> None:
    """Configure logging once; `form` is `json`, `text`, or `auto` (text on a terminal)."""
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    render = (
        structlog.dev.ConsoleRenderer(exception_formatter=_traceback)
        if as_text
        else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([plain_values] if as_text else []),
    ]
    structlog.configure(
        processors=[*shared, *_exceptions(as_text), render],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _StandardError())),
        # Not kept by loggers: what is set up later would not reach those that are in use.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_exceptions(as_text),
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(_number(level), logging.WARNING))


def plain_values(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Write out control characters of values (`\\n`, `\\x1b`), as JSON does by itself.

    What comes from outside can neither begin a line of its own nor move a terminal's cursor.
    """
    for name, value in event.items():
        if name != "exc_info" and not isinstance(value, bool | int | float | None):
            event[name] = _CONTROL.sub(_written_out, str(value))
    return event


def _written_out(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def _traceback(out: TextIO, info: structlog.typing.ExcInfo) -> None:
    """Write a traceback; what an exception says may come from outside too."""
    whole = StringIO()
    structlog.dev.plain_traceback(whole, info)
    out.write("\n".join(_CONTROL.sub(_written_out, line) for line in whole.getvalue().split("\n")))


def _exceptions(as_text: bool) -> list[structlog.typing.Processor]:
    return [] if as_text else [structlog.processors.format_exc_info]


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
