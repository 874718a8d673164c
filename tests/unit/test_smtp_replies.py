"""Replies carry a status code of RFC 3463, and nothing of ours or of the client's."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from gateway.errors import Permanent, Refused, Temporary
from gateway.inbound.smtp_replies import enhanced, failed
from gateway.store.transact import classed


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("250 OK", "250 2.0.0 OK"),
        ("221 Bye", "221 2.0.0 Bye"),
        ("503 Error: nested MAIL command", "503 5.5.1 Error: nested MAIL command"),
        ("552 Error: message size exceeds fixed maximum message size", "552 5.3.4 Error: message size"),
        ("553 5.1.3 Error: malformed address", "553 5.1.3 Error: malformed address"),
        ("220 Ready to start TLS", "220 2.0.0 ready to start TLS"),
        ('500 Error: command "HACK" not recognized', "500 5.5.1 command not recognized"),
        ("502 5.5.1 Too many unrecognized commands, goodbye.", "421 4.7.0 too many commands"),
        ("220 mx.desk.example ESMTP", "220 mx.desk.example ESMTP"),
        ("354 go", "354 go"),
        ("501 Syntax: é", "501 5.5.4 Syntax: ?"),
    ],
)
def test_every_reply_has_its_enhanced_code_once(reply: str, expected: str) -> None:
    assert enhanced(reply).startswith(expected)
    assert enhanced(enhanced(reply)) == enhanced(reply)


def _caused_by(cause: BaseException) -> Exception:
    error = Temporary("secret")
    error.__cause__ = cause
    return error


def _sqlite_full() -> Exception:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _postgresql_full() -> Exception:
    return classed(sa.exc.OperationalError("INSERT", {}, psycopg.errors.DiskFull("secret")))


class Wrapped(Exception):
    def __init__(self, orig: BaseException) -> None:
        self.orig = orig


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Temporary("dsn secret"), "451 4.3.0"),
        (RuntimeError("dsn secret"), "451 4.3.0"),
        (OSError(errno.EIO, "secret"), "451 4.3.0"),
        (OSError(errno.ENOSPC, "secret"), "452 4.3.1"),
        (_caused_by(OSError(errno.EDQUOT, "secret")), "452 4.3.1"),
        (_caused_by(Wrapped(_sqlite_full())), "452 4.3.1"),
        (classed(sa.exc.OperationalError("INSERT", {}, _sqlite_full())), "452 4.3.1"),
        (_postgresql_full(), "452 4.3.1"),
        (MemoryError("secret"), "452 4.3.1"),
        (Permanent("secret"), "554 5.0.0 refused"),
        (Refused("no\r\n250 2.0.0 ok é"), "554 5.0.0 no 250 2.0.0 ok"),
    ],
)
def test_a_failure_of_ours_is_temporary_unless_classed_otherwise_and_tells_nothing(error: Exception, code: str) -> None:
    reply = failed(error)
    assert reply.startswith(code)
    assert "secret" not in reply
    assert "\n" not in reply


def test_causes_in_a_circle_end() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert failed(first).startswith("451")
