"""Structured logs on stderr: one function for each thing that happens, ids as fields, never mail content.

At INFO and above no local part of an address, no subject, no body and no secret is logged: who needs
to know reads the ticket. ``bind`` ties ids to a thread's later lines.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Stderr:
    """Whatever stderr is when a line is written. A reader that went away must not stop the daemon."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


_STDERR: Any = _Stderr()


def configure(level: str = "info", style: str = "json") -> None:
    """Send our lines to stderr as JSON objects or for people; library loggers speak at WARNING alone."""
    _configure(level, style)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, force=True)
    logging.getLogger("mail").setLevel(logging.ERROR)  # aiosmtpd logs addresses and content below that


def _configure(level: str, style: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            *(_for_machines() if style == "json" else _for_people()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(_STDERR),  # a line and its end in one piece
        cache_logger_on_first_use=False,
    )


def _for_machines() -> list[Any]:
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    return [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]


def _for_people() -> list[Any]:
    """Plain tracebacks: the pretty ones print the values of local variables, which may be mail."""
    colours = sys.stderr is not None and sys.stderr.isatty()
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]


_configure("warning", "console")  # so that not even an early line lands on stdout


def domain(address: str | None) -> str:
    """What may be logged of an address."""
    return "<>" if address == "" else (address or "").rpartition("@")[2].lower()


# --- services -------------------------------------------------------------------------------------


def service_started(service: str) -> None:
    _log.info("service_started", service=service)


def service_stopped(service: str) -> None:
    _log.info("service_stopped", service=service)


def service_failed(service: str, error: BaseException) -> None:
    _log.error("service_failed", service=service, exc_info=error)


def service_stalled(service: str, seconds: float) -> None:
    _log.error("service_stalled", service=service, seconds=round(seconds))


def daemon_ready(version: str) -> None:
    _log.info("daemon_ready", version=version)


def daemon_stopping(signal: str) -> None:
    _log.info("daemon_stopping", signal=signal)


def configuration_reloaded() -> None:
    _log.info("configuration_reloaded")


def configuration_refused(problems: list[tuple[str, str]]) -> None:
    _log.error("configuration_refused", problems=[f"{path}: {text}" for path, text in problems])


def fleet_joined(daemon: str) -> None:
    _log.info("fleet_joined", daemon=daemon)


def fleet_link_lost(error: BaseException) -> None:
    """What this daemon alone may do it does no more until it is back."""
    _log.warning("fleet_link_lost", exc_info=error)


def watch_began(service: str) -> None:
    _log.info("watch_began", service=service)


def watch_ended(service: str) -> None:
    _log.info("watch_ended", service=service)


# --- mail in --------------------------------------------------------------------------------------


def mail_accepted(inbox_id: int, source: str, size: int, duplicate: bool) -> None:
    _log.info("mail_accepted", inbox_id=inbox_id, source=source, size=size, duplicate=duplicate)


def mail_refused(source: str, reason: str) -> None:
    _log.warning("mail_refused", source=source, reason=reason)


def mail_decided(inbox_id: int, ticket: int | None, outcome: str, kind: str) -> None:
    _log.info("mail_decided", inbox_id=inbox_id, ticket=ticket, outcome=outcome, kind=kind)


def mail_quarantined(inbox_id: int, reason: str) -> None:
    _log.warning("mail_quarantined", inbox_id=inbox_id, reason=reason)


def reader_killed(inbox_id: int, reason: str, strikes: int) -> None:
    _log.warning("reader_killed", inbox_id=inbox_id, reason=reason, strikes=strikes)


def work_failed(inbox_id: int, error: BaseException) -> None:
    _log.error("work_failed", inbox_id=inbox_id, exc_info=error)


def smtp_listening(listen: str, protocol: str) -> None:
    _log.info("smtp_listening", listen=listen, protocol=protocol)


def smtp_session_failed(listen: str, error: BaseException) -> None:
    _log.error("smtp_session_failed", listen=listen, exc_info=error)


def mail_not_stored(source: str, cause: str) -> None:
    """The sender was told to try again, or (a permanent cause) to give up."""
    _log.error("mail_not_stored", source=source, cause=cause)


def smtp_recipient_refused(listen: str, address: str) -> None:
    _log.info("smtp_recipient_refused", listen=listen, domain=domain(address))


def smtp_connection_refused(listen: str, reply: str) -> None:
    _log.info("smtp_connection_refused", listen=listen, reply=reply)


def smtp_commit_late(listen: str, seconds: float) -> None:
    _log.warning("smtp_commit_late", listen=listen, seconds=round(seconds, 1))


def imap_connected(mailbox: str, capabilities: list[str]) -> None:
    _log.info("imap_connected", mailbox=mailbox, capabilities=capabilities)


def imap_lost(mailbox: str, error: str, retry_in: float) -> None:
    _log.warning("imap_lost", mailbox=mailbox, error=error, retry_in=round(retry_in, 1))


def imap_uidvalidity_changed(mailbox: str, before: int, after: int) -> None:
    _log.warning("imap_uidvalidity_changed", mailbox=mailbox, before=before, after=after)


def imap_settle_refused(mailbox: str, how: str, error: str) -> None:
    _log.warning("imap_settle_refused", mailbox=mailbox, how=how, error=error)


def imap_idle_refused(mailbox: str, error: str) -> None:
    _log.warning("imap_idle_refused", mailbox=mailbox, error=error)


def imap_message_unreadable(mailbox: str, uid: int, strikes: int, error: str) -> None:
    _log.error("imap_message_unreadable", mailbox=mailbox, uid=uid, strikes=strikes, error=error)


def oauth_token_not_stored(path: str, error: str) -> None:
    _log.error("oauth_token_not_stored", path=path, error=error)


def imap_message_too_big(mailbox: str, uid: int, size: int) -> None:
    _log.warning("imap_message_too_big", mailbox=mailbox, uid=uid, size=size)


# --- mail out -------------------------------------------------------------------------------------


def notice_sent(notice_id: int, kind: str, attempts: int) -> None:
    _log.info("notice_sent", notice_id=notice_id, kind=kind, attempts=attempts)


def notice_deferred(notice_id: int, kind: str, reply: str, retry_in: float) -> None:
    _log.warning("notice_deferred", notice_id=notice_id, kind=kind, reply=reply, retry_in=round(retry_in))


def notice_ambiguous(notice_id: int, kind: str, error: str) -> None:
    _log.warning("notice_ambiguous", notice_id=notice_id, kind=kind, error=error)


def notice_dead(notice_id: int, kind: str, reply: str) -> None:
    _log.error("notice_dead", notice_id=notice_id, kind=kind, reply=reply)


def notice_failed(notice_id: int, kind: str, error: BaseException) -> None:
    _log.error("notice_failed", notice_id=notice_id, kind=kind, exc_info=error)


def notice_lease_lost(notice_id: int, kind: str) -> None:
    _log.warning("notice_lease_lost", notice_id=notice_id, kind=kind)


def relay_misconfigured(reply: str) -> None:
    _log.error("relay_misconfigured", reply=reply)


def relay_paused(reply: str, seconds: float) -> None:
    _log.warning("relay_paused", reply=reply, seconds=round(seconds))


def outbox_failed(error: BaseException, retry_in: float) -> None:
    _log.error("outbox_failed", retry_in=round(retry_in, 1), exc_info=error)
