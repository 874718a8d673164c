"""The reader's child: killed when it must be, started again, alone with its mail."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.desk import Desk

from gateway.errors import Poison, Temporary
from gateway.inbound.reader import Reader
from gateway.mail import Kind, ReadingContext

RAW = b"From: Casey <casey@client.example>\r\nSubject: hi\r\n\r\nhello\r\n"


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader() as made:
        yield made


def pid_of(reader: Reader) -> int:
    assert reader._child is not None
    return reader._child._process.pid


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_mail_is_read_in_the_child(reader: Reader) -> None:
    mail = reader.read(RAW)
    assert mail.sender is not None
    assert mail.sender.address == "casey@client.example"
    assert mail.text == "hello"
    assert pid_of(reader) != os.getpid()


def test_attachments_come_whole(reader: Reader) -> None:
    content = os.urandom(3_000_000)
    head = b"From: a@b.example\r\nContent-Type: application/octet-stream; name=x.bin\r\n"
    mail = reader.read(head + b"Content-Transfer-Encoding: binary\r\n\r\n" + content)
    assert mail.attachments[0].content == content


def test_the_context_reaches_the_child(reader: Reader) -> None:
    own = ReadingContext(own_lists=frozenset({"helpers.desk.example"}))
    raw = RAW.replace(b"Subject", b"List-Id: <helpers.desk.example>\r\nList-Post: <mailto:h@desk.example>\r\nSubject")
    assert reader.read(raw, own).kind is Kind.PERSON
    assert reader.read(raw).kind is Kind.BULK


def test_one_child_reads_many_mails(reader: Reader) -> None:
    reader.read(RAW)
    first = pid_of(reader)
    for _ in range(20):
        reader.read(RAW)
    assert pid_of(reader) == first


def test_a_child_is_replaced_after_its_share() -> None:
    with Reader(messages_per_child=2) as reader:
        pids = []
        for _ in range(5):
            reader.read(RAW)
            pids.append(pid_of(reader))
    assert len(set(pids)) == 3
    assert not any(is_alive(pid) for pid in pids)


def test_a_killed_child_is_poison_and_the_next_mail_is_read(reader: Reader) -> None:
    reader.read(RAW)
    victim = pid_of(reader)
    big = b"From: a@b.example\r\n\r\n" + b"On Monday, Casey wrote:\n" * 200_000
    killer = threading.Timer(0.05, os.kill, (victim, signal.SIGKILL))
    killer.start()
    with pytest.raises(Poison, match="signal 9"):
        while True:
            reader.read(big)
    killer.join()
    assert reader.read(RAW).text == "hello"


def test_a_child_that_died_between_two_mails_harms_nobody(reader: Reader) -> None:
    reader.read(RAW)
    os.kill(pid_of(reader), signal.SIGKILL)
    time.sleep(0.1)
    assert reader.read(RAW).text == "hello"


def test_too_much_wall_time_is_poison() -> None:
    with Reader(wall_seconds=0.001) as reader:
        with pytest.raises(Poison, match="longer than"):
            reader.read(b"From: a@b.example\r\n\r\n" + b"word\n" * 1_000_000)
        assert reader._child is None


def test_a_stopped_child_is_poison() -> None:
    with Reader(wall_seconds=0.5) as reader:
        reader.read(RAW)
        os.kill(pid_of(reader), signal.SIGSTOP)
        with pytest.raises(Poison, match="longer than"):
            reader.read(RAW)
        assert reader.read(RAW).text == "hello"


def test_the_child_limits_itself(reader: Reader) -> None:
    reader.read(RAW)
    limits = Path(f"/proc/{pid_of(reader)}/limits").read_text()
    rows = {line[:25].strip(): line[26:].split() for line in limits.splitlines()[1:]}
    assert rows["Max address space"][0] == str(1024**3)
    assert int(rows["Max cpu time"][0]) <= 20
    assert int(Path(f"/proc/{pid_of(reader)}/oom_score_adj").read_text()) == 800


def test_the_child_inherits_no_secret_and_no_descriptor(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CANARY", "secret")
    with open(os.devnull, "rb") as extra:
        os.set_inheritable(extra.fileno(), True)
        reader.read(RAW)
        environment = Path(f"/proc/{pid_of(reader)}/environ").read_bytes()
        descriptors = {os.readlink(f.path) for f in os.scandir(f"/proc/{pid_of(reader)}/fd")}
    assert b"CANARY" not in environment
    assert all(d.startswith("pipe:") or d == os.devnull for d in descriptors), descriptors


def test_the_child_does_not_outlive_its_parent() -> None:
    script = (
        "import os, time\nfrom gateway.inbound.reader import Reader\n"
        f"r = Reader()\nr.read({RAW!r})\nprint(r._child._process.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_threads_take_turns(reader: Reader) -> None:
    found: list[str] = []

    def work(number: int) -> None:
        for _ in range(5):
            found.append(reader.read(RAW.replace(b"hello", b"hello %d" % number)).text[6:])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(str(n) for n in range(4) for _ in range(5))


def test_the_end_of_the_thread_that_started_it_does_not_end_the_child(reader: Reader) -> None:
    starter = threading.Thread(target=reader.read, args=(RAW,))
    starter.start()
    starter.join()
    first = pid_of(reader)
    time.sleep(0.2)
    reader.read(RAW)
    assert pid_of(reader) == first


def test_a_closed_reader_says_so() -> None:
    reader = Reader()
    reader.read(RAW)
    pid = pid_of(reader)
    reader.close()
    assert not is_alive(pid)
    with pytest.raises(Temporary):
        reader.read(RAW)


def test_the_configured_memory_limits_the_child(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, limits={"reader_memory": 512 << 20})
    worker = desk.gateway.worker()
    try:
        worker._reader.read(RAW)
        limits = Path(f"/proc/{pid_of(worker._reader)}/limits").read_text()
    finally:
        worker.close()
        desk.close()
    assert re.search(rf"Max address space +{512 << 20} +{512 << 20}", limits)


def test_a_child_reads_with_the_least_memory_that_may_be_configured() -> None:
    with Reader(memory_bytes=128 << 20) as reader:
        assert reader.read(RAW).text == "hello"


@pytest.mark.slow
def test_memory_beyond_the_limit_costs_the_mail_alone(reader: Reader) -> None:
    try:
        mail = reader.read(b"From: a@b.example\r\n\r\n" + b"x" * 400_000_000)
    except Poison:
        pass
    else:
        assert mail.quarantine is None or "memory" in mail.quarantine
    assert reader.read(RAW).text == "hello"
