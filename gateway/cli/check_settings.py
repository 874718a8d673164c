"""Checks that look at the settings and this machine's files alone."""

from __future__ import annotations

import sqlite3
import ssl
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from gateway import __version__
from gateway.cli.check_rows import Check, Row, State, fail, ok, warn
from gateway.config import Password, Settings, secret_source

# --- this machine


def versions(_settings: Settings) -> Iterator[Row]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield ok(f"gateway {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}, {ssl.OPENSSL_VERSION}")
    if sqlite3.sqlite_version_info < (3, 35):
        yield fail("SQLite", "3.35 or later is needed; use a newer Python or Debian release")


# --- secrets


def signing_key(settings: Settings) -> Iterator[Row]:
    path = secret_source(settings.path(settings.desk.secret_file))
    what = f"signing key {path}"
    if not path.exists():
        yield fail(what, "is not there; `gateway init DIR` makes one, or correct desk.secret_file")
        return
    settings.keyring()
    yield _for_few(what, path) or ok(what)


def secret_files(settings: Settings) -> Iterator[Row]:
    for key, path in _secret_paths(settings):
        chosen = secret_source(settings.path(path))
        what = f"{key} {chosen}"
        try:
            empty = not chosen.read_bytes().strip()
        except OSError as error:
            yield fail(what, f"cannot be read: {error.strerror}")
            continue
        yield fail(what, "is empty") if empty else _for_few(what, chosen, State.WARN) or ok(what)
    for key, login in _logins(settings):
        if login.password is not None:
            yield warn(f"{key}.password", "stands in the configuration; a password_file can be kept from more eyes")


def _for_few(what: str, path: Path, state: State = State.FAIL) -> Row | None:
    """A row when others than the owner and the group may use the file."""
    if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
        return Row(state, what, f"everybody on this machine can read it; run: chmod 600 {path}")
    return None


def _logins(settings: Settings) -> Iterator[tuple[str, Password]]:
    for index, box in enumerate(settings.inbound.imap):
        yield f"inbound.imap[{index}]", box
    if settings.outbound.smtp:
        yield "outbound.smtp", settings.outbound.smtp


def _secret_paths(settings: Settings) -> Iterator[tuple[str, Path]]:
    for key, login in _logins(settings):
        oauth2 = login.oauth2
        named = {
            "password_file": login.password_file,
            "oauth2.client_secret_file": oauth2.client_secret_file if oauth2 else None,
            "oauth2.refresh_token_file": oauth2.refresh_token_file if oauth2 else None,
        }
        yield from ((f"{key}.{name}", path) for name, path in named.items() if path)
    for index, listener in enumerate(settings.inbound.smtp):
        if listener.tls_key:
            yield f"inbound.smtp[{index}].tls_key", listener.tls_key


# --- people and rules


def people(settings: Settings) -> Iterator[Row]:
    roles = [agent.role for agent in settings.agents]
    if not roles:
        yield fail("agents", "nobody works here; add at least one under [[agents]]")
        return
    yield ok(f"agents: {', '.join(agent.handle for agent in settings.agents)}")
    if len(roles) > 1 and "lead" not in roles and not settings.routing.default_owner:
        yield warn("owners", "no agent is a lead: set routing.default_owner, to choose who gets what no rule fits")
    if "admin" not in roles:
        instead = "the leads" if "lead" in roles else "all agents"
        yield warn("admins", f"no agent has role admin: {instead} are told of dead letters and unreachable mailboxes")


def names(settings: Settings) -> Iterator[Row]:
    """References that may be meant, and are more often slips."""
    known = {company.name for company in settings.companies}
    for index, contact in enumerate(settings.contacts):
        if contact.company and contact.company not in known:
            yield warn(f"contacts[{index}].company", f"no [[companies]] is called {contact.company!r}")


def authenticity(settings: Settings) -> Iterator[Row]:
    if settings.security.authserv_ids:
        yield ok(f"agents are believed by reply address, or dmarc=pass of {', '.join(settings.security.authserv_ids)}")
        yield from _open_doors(settings)
        return
    yield ok("agents are believed by their reply addresses alone; see security.authserv_ids")
    if settings.notices.acknowledge == "authenticated":
        yield warn("notices.acknowledge", "nobody can be authenticated while security.authserv_ids is empty")


def _open_doors(settings: Settings) -> Iterator[Row]:
    """Whoever connects to us directly writes every field themselves."""
    for index, listener in enumerate(settings.inbound.smtp):
        local = listener.listen.startswith(("127.", "[::1]", "/", "localhost:"))
        if listener.protocol == "smtp" and not local:
            advice = "whoever reaches it can forge dmarc=pass; put your MTA before it, or empty security.authserv_ids"
            yield warn(f"inbound.smtp[{index}].listen {listener.listen}", advice)


# --- mail


def encryption(settings: Settings) -> Iterator[Row]:
    servers = [(f"inbound.imap[{i}].tls", box.host, box.tls) for i, box in enumerate(settings.inbound.imap)]
    if settings.outbound.smtp:
        servers.append(("outbound.smtp.tls", settings.outbound.smtp.host, settings.outbound.smtp.tls))
    for key, host, tls in servers:
        if tls == "none" and host not in {"127.0.0.1", "::1", "localhost"}:
            yield warn(key, f"mail and password cross the network to {host} for everybody to read")


def roads_in(settings: Settings) -> Iterator[Row]:
    if not settings.inbound.smtp and not settings.inbound.imap:
        yield warn("inbound", "no listener and no mailbox: mail comes in by `gateway ingest` alone")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("versions", versions),
    ("signing key", signing_key),
    ("secret files", secret_files),
    ("people", people),
    ("names", names),
    ("authenticity", authenticity),
    ("encryption", encryption),
    ("roads in", roads_in),
)
