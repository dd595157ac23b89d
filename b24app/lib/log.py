"""Structured logs: a line of JSON (production) or of text (a terminal) per happening.

Lines carry what is bound around them: `request` and `route` in the web role, `job` and `work` in a worker. What
libraries log comes out in the same shape. No secrets and no personal data: addresses of requests are not logged.
"""

import logging
import re
import sys
from typing import Any, TextIO, cast

import structlog

logger = structlog.get_logger("b24app")

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class _StandardError:
    """Wherever standard error leads at the moment of writing."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


VALUES = re.compile(r"""'[^'\n]*'|"[^"\n]*"|\w*(?:auth|key|secret|token)\w*[=:]\S+|\S+@\S+|[\w.-]{24,}""")
"""What may be data in the message of an exception: quoted texts, secrets by name or length, addresses of people."""


NAME = re.compile(r"[\w.]+")


def configure(style: str = "console", level: int = logging.INFO) -> None:
    """`style` is `json` or `console` (LOG_FORMAT)."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*_SHARED, structlog.processors.format_exc_info, without_values, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
    )
    _adopt_libraries(renderer)


def _adopt_libraries(renderer: structlog.typing.Processor) -> None:
    """Warnings and errors of libraries (gunicorn, rq, ..) as lines like ours."""
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(cast(TextIO, _StandardError()))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[remove_meta, structlog.processors.format_exc_info, without_values, renderer],
        )
    )
    handler.set_name("b24app")
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if one.get_name() != "b24app"] + [handler]
    root.setLevel(logging.WARNING)


def without_values(_logger: Any, _method: str, event: Any) -> Any:
    """A traceback tells what happened and where; of its messages, which may quote anybody's data, only the words."""
    if isinstance(event.get("exception"), str):
        event["exception"] = "\n".join(map(_told, event["exception"].split("\n")))
    return event


def _told(line: str) -> str:
    """Lines of source are indented, messages are not; before a message stands the name of the exception."""
    if line.startswith(" "):
        return line
    kind, colon, message = line.partition(": ")
    return f"{kind}{colon}{VALUES.sub(_hidden, message)}" if NAME.fullmatch(kind) else VALUES.sub(_hidden, line)


def _hidden(found: re.Match[str]) -> str:
    quote = found[0][0]
    return f"{quote}…{quote}" if quote in "'\"" else "…"
