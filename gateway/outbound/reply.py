"""What became of one attempt to hand a mail over: the server's answer, judged where it was heard. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

TEXT_MAX = 500
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_WANTS_LOGIN_OR_TLS = frozenset({530, 534, 535, 538})
"""RFC 4954 section 6 and RFC 3207 section 4: the session is at fault, not the recipient."""


class Outcome(StrEnum):
    DELIVERED = "delivered"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    AMBIGUOUS = "ambiguous"
    """The end of the data may have reached the server, its answer did not reach us (RFC 1047)."""
    MISCONFIGURED = "misconfigured"
    """Nothing is wrong with the mail: TLS, the login or the relay's consent. Tried again, and reported."""


class Stage(StrEnum):
    """How far the attempt had come."""

    CONNECT = "connect"
    TLS = "tls"
    HELLO = "ehlo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"

    @property
    def before_mail(self) -> bool:
        """True while no mail in particular is concerned: what fails here would fail for every other too."""
        return self in (Stage.CONNECT, Stage.TLS, Stage.HELLO, Stage.AUTH)


@dataclass(frozen=True, slots=True)
class Reply:
    """``code`` 0 means that no server said it. ``status`` is an RFC 3463 code or ""."""

    outcome: Outcome
    stage: Stage
    text: str
    code: int = 0
    status: str = ""

    @property
    def line(self) -> str:
        """For the notice's history: it may name addresses."""
        return " ".join(part for part in (str(self.code or ""), self.status, self.text) if part)

    @property
    def brief(self) -> str:
        """For the log, which never holds a local part: servers like to repeat the address."""
        code = " ".join(part for part in (str(self.code or ""), self.status) if part)
        return f"{self.stage}: {code or self.outcome}"


class Refusal(Exception):
    """A server's answer, or the lack of one, that ends an attempt."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.brief)
        self.reply = reply


def clean(text: str) -> str:
    """One line without control, format or surrogate characters, at most 500 of them."""
    head = text[: TEXT_MAX * 4]
    visible = "".join(" " if unicodedata.category(ch)[0] in "CZ" else ch for ch in head)
    return " ".join(visible.split())[:TEXT_MAX]


def judge(stage: Stage, code: int, message: bytes) -> Reply:
    """The meaning of a server's reply at a stage (RFC 5321 section 4.2.1); ``message`` without the code."""
    text = clean(message.decode("utf-8", "replace"))
    found = _STATUS.match(text)
    status = found[1] if found and found[1][0] == str(code)[0] else ""
    return Reply(_outcome(stage, code), stage, text[found.end() :] if found and status else text, code, status)


def _outcome(stage: Stage, code: int) -> Outcome:
    if stage is Stage.DOT and 200 <= code < 300:
        return Outcome.DELIVERED
    if 400 <= code < 500:
        return Outcome.TEMPORARY
    if code >= 500:
        at_fault = stage.before_mail or code in _WANTS_LOGIN_OR_TLS
        return Outcome.MISCONFIGURED if at_fault else Outcome.PERMANENT
    return unanswered(stage)


def unanswered(stage: Stage) -> Outcome:
    """What it means to hear nothing, or nothing sensible, at a stage."""
    return Outcome.AMBIGUOUS if stage is Stage.DOT else Outcome.TEMPORARY


def ours(outcome: Outcome, stage: Stage, text: str, status: str = "") -> Reply:
    """A reply that we make ourselves."""
    return Reply(outcome, stage, clean(text), 0, status)
