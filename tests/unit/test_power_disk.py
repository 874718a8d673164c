"""The disk that loses its power keeps what was flushed, and promises nothing of the rest."""

from __future__ import annotations

from pathlib import Path

from harness.power import Disk, promises

FOLDER = Path("/desk")
NAMED = "1 fdatasync(9</desk>) = 0"
FIRST = '1 pwrite64(4</desk/log>, "one\\n", 4, 0) = 4'
SECOND = '1 pwrite64(4</desk/log>, "\\1two", 4, 4) = 4'
FLUSH = "1 fdatasync(4</desk/log>) = 0"
HEARD = '1 recvfrom(5<socket:[7]>, "What I have to say is token-smtp-1.\\r\\n.\\r\\n", 64, 0, NULL, NULL) = 40'
PROMISE = '1 sendto(5<socket:[7]>, "250 2.0.0 accepted\\r\\n", 20, 0, NULL, 0) = 20'


def after(*lines: str, keep: bool = False) -> dict[str, bytes]:
    """The disk at the only promise of a trace."""
    disk = Disk(FOLDER, ["log"])
    (found,) = [disk.after_cut(lambda: keep) for _ in promises(lines, disk)]
    return found


def test_what_was_flushed_is_there_and_the_rest_may_be() -> None:
    lines = NAMED, FIRST, FLUSH, SECOND, HEARD, PROMISE
    assert after(*lines) == {"log": b"one\n"}
    assert after(*lines, keep=True) == {"log": b"one\n\1two"}


def test_a_flush_that_has_not_ended_saves_nothing() -> None:
    begun, ended = "2 fdatasync(4</desk/log> <unfinished ...>", "2 <... fdatasync resumed>) = 0"
    assert after(NAMED, FIRST, begun, HEARD, PROMISE, ended) == {"log": b""}


def test_a_flush_does_not_save_what_was_written_after_it_began() -> None:
    begun, ended = "2 fdatasync(4</desk/log> <unfinished ...>", "2 <... fdatasync resumed>) = 0"
    assert after(NAMED, FIRST, begun, SECOND, ended, HEARD, PROMISE) == {"log": b"one\n"}


def test_a_file_without_a_flushed_name_may_be_gone() -> None:
    assert after(FIRST, FLUSH, HEARD, PROMISE) == {}


def test_a_file_that_was_cut_is_cut_once_that_is_flushed() -> None:
    cut = "1 ftruncate(4</desk/log>, 2) = 0"
    assert after(NAMED, FIRST, FLUSH, cut, HEARD, PROMISE) == {"log": b"one\n"}
    assert after(NAMED, FIRST, cut, FLUSH, HEARD, PROMISE) == {"log": b"on"}
