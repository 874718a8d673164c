"""Access tokens from a token endpoint, kept refresh tokens, and XOAUTH2 at a real Dovecot."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.dovecot import Dovecot
from servers.ledger import Ledger, running
from servers.ports import wait_until
from servers.token_server import TokenServer

from gateway.config import InboundImap, OAuth2
from gateway.inbound.imap import ImapWatcher, probe
from gateway.oauth import TokenRefused, Tokens, TokenUnavailable

USER = "support@desk.example"


@pytest.fixture
def serve() -> Iterator[Callable[..., TokenServer]]:
    made: list[TokenServer] = []

    def make(*answers: Any) -> TokenServer:
        """Each answer once, the last for ever; one is (status, body) or a function of the form."""
        left = list(answers)

        def answer(form: dict[str, str]) -> tuple[int, Any]:
            current = left.pop(0) if len(left) > 1 else left[0]
            return current(form) if callable(current) else current

        made.append(TokenServer(answer))
        return made[-1]

    yield make
    for server in made:
        server.close()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def settings(url: str, folder: Path, *, refresh: bool = True) -> OAuth2:
    (folder / "client.secret").write_text("s3cret\n")
    (folder / "refresh.token").write_text("first\n")
    (folder / "refresh.token").chmod(0o600)
    token_file = Path("refresh.token") if refresh else None
    return OAuth2(
        token_url=url,
        client_id="desk",
        client_secret_file=Path("client.secret"),
        refresh_token_file=token_file,
        scope="mail",
    )


def tokens(url: str, folder: Path, clock: Clock | None = None, *, refresh: bool = True) -> Tokens:
    return Tokens(settings(url, folder, refresh=refresh), folder.joinpath, clock=clock or Clock())


def test_a_refresh_token_buys_an_access_token(serve: Callable[..., TokenServer], tmp_path: Path) -> None:
    server = serve((200, {"access_token": "abc", "expires_in": 3600}))
    assert tokens(server.url, tmp_path)() == "abc"
    assert server.forms == [
        {
            "client_id": "desk",
            "client_secret": "s3cret",
            "grant_type": "refresh_token",
            "refresh_token": "first",
            "scope": "mail",
        }
    ]


def test_client_credentials_are_used_without_a_refresh_token(serve: Callable[..., TokenServer], tmp_path: Path) -> None:
    server = serve((200, {"access_token": "abc", "expires_in": 3600}))
    tokens(server.url, tmp_path, refresh=False)()
    assert server.forms[0]["grant_type"] == "client_credentials"
    assert "refresh_token" not in server.forms[0]


def test_a_token_is_kept_until_five_minutes_before_its_end(serve: Callable[..., TokenServer], tmp_path: Path) -> None:
    clock = Clock()
    server = serve((200, {"access_token": "one", "expires_in": "3600"}), (200, {"access_token": "two"}))
    source = tokens(server.url, tmp_path, clock)
    assert source() == "one"
    clock.now += 3299
    assert source() == "one"
    clock.now += 2
    assert source() == "two"
    clock.now += 3299  # no expires_in: an hour
    assert source() == "two"
    assert len(server.forms) == 2


def test_a_forgotten_token_is_fetched_anew(serve: Callable[..., TokenServer], tmp_path: Path) -> None:
    server = serve((200, {"access_token": "one"}), (200, {"access_token": "two"}))
    source = tokens(server.url, tmp_path)
    source()
    source.forget()
    assert source() == "two"


def test_a_rotated_refresh_token_replaces_the_file_and_is_used(
    serve: Callable[..., TokenServer], tmp_path: Path
) -> None:
    server = serve((200, {"access_token": "a", "refresh_token": "second"}), (200, {"access_token": "b"}))
    source = tokens(server.url, tmp_path)
    source()
    file = tmp_path / "refresh.token"
    assert file.read_text() == "second\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["client.secret", "refresh.token"]
    again = Tokens(settings(server.url, tmp_path), tmp_path.joinpath)
    file.write_text("second\n")
    again()
    assert server.forms[-1]["refresh_token"] == "second"


def test_a_rotated_token_that_cannot_be_stored_is_still_used(serve: Callable[..., TokenServer], tmp_path: Path) -> None:
    """The file's folder is gone: as on a read-only file system."""
    server = serve((200, {"access_token": "a", "refresh_token": "second"}), (200, {"access_token": "b"}))
    folder = tmp_path / "etc"
    folder.mkdir()
    chosen = settings(server.url, folder)
    where = {Path("client.secret"): folder / "client.secret", Path("refresh.token"): folder / "refresh.token"}
    clock = Clock()
    source = Tokens(chosen, where.__getitem__, clock=clock)
    server.answer = lambda form, ask=server.answer: (_remove(folder / "refresh.token"), ask(form))[1]
    folder.joinpath("refresh.token").unlink()
    (folder / "refresh.token").write_text("first\n")
    source()
    clock.now += 7200
    assert source() == "b"
    assert server.forms[-1]["refresh_token"] == "second"


def _remove(path: Path) -> None:
    """In the place of the file a folder, over which nothing can be renamed."""
    if path.is_file():
        path.unlink()
        path.mkdir()
        (path / "x").touch()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((400, {"error": "invalid_grant", "error_description": "revoked"}), TokenRefused, "invalid_grant revoked"),
        ((401, b"<html>"), TokenRefused, "401"),
        ((503, b"busy"), TokenUnavailable, "503"),
        ((200, b"<html>"), TokenUnavailable, "no JSON"),
        ((200, [1]), TokenUnavailable, "no JSON"),
        ((200, b"[" * 100_000), TokenUnavailable, "no JSON"),
        ((200, {"token": "x"}), TokenUnavailable, "access_token"),
        ((200, {"access_token": "a\r\nb"}), TokenUnavailable, "access_token"),
        ((307, b""), TokenUnavailable, "307"),
    ],
)
def test_answers_that_hold_no_token(
    serve: Callable[..., TokenServer], tmp_path: Path, answer: Any, error: type[Exception], words: str
) -> None:
    server = serve(answer)
    with pytest.raises(error, match=words) as caught:
        tokens(server.url, tmp_path)()
    assert "s3cret" not in str(caught.value)
    assert len(server.forms) == 1  # a redirect is not followed


def test_a_server_that_is_not_there_is_unavailable(free_port: int, tmp_path: Path) -> None:
    with pytest.raises(TokenUnavailable):
        tokens(f"http://127.0.0.1:{free_port}/token", tmp_path)()


def test_secrets_do_not_travel_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(TokenRefused, match="https"):
        Tokens(
            OAuth2.model_construct(
                token_url="http://login.example/token",
                client_id="x",
                client_secret_file=None,
                refresh_token_file=None,
                scope="",
            ),
            tmp_path.joinpath,
        )()


# --- at a mailbox


def watcher(server: Dovecot, ledger: Ledger, url: str, folder: Path) -> tuple[ImapWatcher, InboundImap]:
    chosen = InboundImap(
        name="support",
        host=server.host,
        port=server.port,
        tls="none",
        username=USER,
        oauth2=settings(url, folder),
    )
    made = ImapWatcher(chosen, ledger, ledger, password=lambda: None, resolve=folder.joinpath, random=lambda: 0.0)
    return made, chosen


def test_a_mailbox_is_watched_with_tokens(dovecot: Dovecot, serve: Callable[..., TokenServer], tmp_path: Path) -> None:
    dovecot.add_user(USER)
    dovecot.deliver(b"Subject: x\r\n\r\ny\r\n", USER)
    server = serve(lambda _: (200, {"access_token": dovecot.token(USER), "expires_in": 3600}))
    ledger = Ledger()
    made, chosen = watcher(dovecot, ledger, server.url, tmp_path)
    with running(made):
        ledger.wait_for(1)
    assert len(server.forms) == 1
    assert all(ok for _, ok, _ in probe(chosen, None, tmp_path.joinpath))


def test_a_token_that_ends_soon_means_a_new_connection_and_no_failure(
    dovecot: Dovecot, serve: Callable[..., TokenServer], tmp_path: Path
) -> None:
    dovecot.add_user(USER)
    server = serve(lambda _: (200, {"access_token": dovecot.token(USER), "expires_in": 4}))
    ledger = Ledger()
    made, _ = watcher(dovecot, ledger, server.url, tmp_path)
    with running(made):
        wait_until(lambda: len(server.forms) >= 2, "a second token", 15)
        dovecot.deliver(b"Subject: x\r\n\r\ny\r\n", USER)
        ledger.wait_for(1)
    assert ledger.errors == []


def test_a_token_that_the_mailbox_refuses_is_thrown_away_and_told(
    dovecot: Dovecot, serve: Callable[..., TokenServer], tmp_path: Path
) -> None:
    dovecot.add_user(USER)
    server = serve((200, {"access_token": "forged", "expires_in": 3600}))
    ledger = Ledger()
    made, chosen = watcher(dovecot, ledger, server.url, tmp_path)
    with running(made):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    began = time.monotonic()
    assert probe(chosen, None, tmp_path.joinpath)[-1][:2] == ("login", False)
    assert time.monotonic() - began < 5
