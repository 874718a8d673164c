"""Checks that open something: sockets, templates, the database, mail servers."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from gateway.cli.check_rows import Check, Row, fail, ok, plain, warn
from gateway.config import InboundSmtp, Settings, secret_source


def listeners(settings: Settings) -> Iterator[Row]:
    for index, listener in enumerate(settings.inbound.smtp):
        yield _certificate(f"inbound.smtp[{index}]", settings, listener) or _listener(index, settings, listener)


def _certificate(key: str, settings: Settings, listener: InboundSmtp) -> Row | None:
    if not listener.tls_certificate or not listener.tls_key:
        return None
    certificate, private = settings.path(listener.tls_certificate), settings.path(listener.tls_key)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, secret_source(private))
    except (OSError, ssl.SSLError) as error:
        return fail(f"{key}.tls_certificate {certificate}", f"cannot be used: {error.strerror or error}")
    return None


def _listener(index: int, settings: Settings, listener: InboundSmtp) -> Row:
    what = f"inbound.smtp[{index}].listen {listener.listen}"
    try:
        _try_to_listen(settings, listener.listen)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return warn(what, "is in use; that is as it should be only while the gateway runs")
        return fail(what, f"cannot listen there: {error.strerror or error}")
    return ok(what)


def _try_to_listen(settings: Settings, listen: str) -> None:
    if "/" in listen:
        folder = settings.path(Path(listen)).parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, f"no right to write in {folder}")
        return
    host, _, port = listen.rpartition(":")
    host = host.strip("[]").replace("*", "")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, protocol) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            link.bind(address)


# --- what others know best


def templates(settings: Settings) -> Iterator[Row]:
    from gateway.outbound.render import Renderer
    from gateway.outbound.template_check import problems

    folder = settings.notices.templates
    if folder and not settings.path(folder).is_dir():
        yield fail("notices.templates", f"there is no folder {settings.path(folder)}")
    renderer = Renderer(settings)
    found = problems(renderer)
    yield from (fail(f"template {name}", problem) for name, problem in found)
    if not found:
        yield ok(f"templates: {len(renderer.names())} notices in {', '.join(renderer.locales())}")


def database(settings: Settings) -> Iterator[Row]:
    from gateway.store import open_store
    from gateway.store.fitness import SCHEMA
    from gateway.store.migrate import is_older, revision

    url = settings.database_url()
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:") and not path.exists():
        # Looking must not create it: the account that does would own it.
        writable = os.access(path.parent, os.W_OK | os.X_OK)
        what = f"database {path}"
        yield (
            ok(f"{what}: is made when the daemon starts") if writable else fail(what, f"cannot write in {path.parent}")
        )
        return
    store = open_store(url, upgrade=False)
    try:
        older = is_older(revision(store.engine))  # as it has to be, between the new version and its first start
        for what, holds, advice in store.check():
            row = (warn if older and what == SCHEMA else fail)(f"database: {what}", advice)
            yield ok(row.what) if holds else row
    finally:
        store.close()


def mailboxes(settings: Settings) -> Iterator[Row]:
    from gateway.inbound.imap import probe

    for box in settings.inbound.imap:
        password = settings.secret(box)
        for what, holds, found in probe(box, password, settings.path):
            name = f"mailbox {box.name} {what}"
            yield ok(f"{name}: {found}") if holds else fail(name, found)


def relay(settings: Settings) -> Iterator[Row]:
    from gateway.oauth import Tokens
    from gateway.outbound.transport import probe

    smtp = settings.outbound.smtp
    password = settings.secret(smtp) if smtp else None
    token = Tokens(smtp.oauth2, settings.path) if smtp and smtp.oauth2 else None
    yield from plain(probe(settings, password, token))


CHECKS: tuple[tuple[str, Check], ...] = (
    ("listeners", listeners),
    ("templates", templates),
    ("database", database),
    ("mailboxes", mailboxes),
    ("outgoing mail", relay),
)
