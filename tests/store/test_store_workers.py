"""Several workers on one store: the mails of one thread end in one ticket, and nothing is decided twice."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa
from harness.desk import Desk, letter

from gateway.errors import Temporary
from gateway.inbound.reader import Reader
from gateway.inbound.worker import Worker
from gateway.mail import Envelope
from gateway.store import Store, inbox
from gateway.store.engine import make_engine
from gateway.store.transact import GroupWriter, Work, Writer

T = TypeVar("T")

CASEY = "Casey Client <casey@client.example>"
SAM = "Sam Client <sam@client.example>"


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Desk:
    return Desk.open(tmp_path, database=url)


def all_at_once(desk: Desk, workers: int) -> None:
    """Let several workers decide whatever waits."""
    readers = [Reader() for _ in range(workers)]
    made = [Worker(desk.gateway.store, desk.gateway.setup_now, lambda r=r: r, clock=desk.clock) for r in readers]  # type: ignore[misc]
    together = threading.Barrier(workers)

    def run(worker: Worker) -> None:
        together.wait()
        while worker.work():
            pass

    threads = [threading.Thread(target=run, args=(worker,)) for worker in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reader in readers:
        reader.close()


class Speechless:
    """The answer to the first piece of work is lost."""

    def __init__(self, writer: Writer) -> None:
        self._writer, self._answered = writer, False

    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]:
        future = self._writer.submit(work, serial=serial)
        if not self._answered:
            self._answered = True
            future.result()
            future = Future()
            future.set_exception(Temporary("lost during COMMIT"))
        return future

    def close(self) -> None:
        self._writer.close()


def test_a_claim_whose_answer_was_lost_is_made_again_and_its_mail_decided_at_once(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    mail = letter(CASEY, "A question, please.", subject="Matter")
    desk.gateway.door.accept(mail.as_bytes(), Envelope("", ("support@desk.example",)), source="test")
    engine = make_engine(f"sqlite:///{tmp_path}/gateway.db")
    store = Store(engine, Speechless(GroupWriter(engine)))
    reader = Reader()
    worker = Worker(store, desk.gateway.setup_now, lambda: reader, clock=desk.clock)
    assert [worker.work(), worker.work()] == [0, 1]
    assert desk.outcomes() == ["ticket opened"]
    reader.close()
    store.close()
    desk.close()


def recorded(engine: sa.Engine) -> list[str]:
    """What is executed and committed from now on."""
    steps: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: steps.append(statement))
    sa.event.listen(engine, "commit", lambda _: steps.append("COMMIT"))
    return steps


@pytest.mark.parametrize(
    ("files", "ahead"),
    [
        ({f"{n}.txt": b"file %d" % n for n in range(120)}, True),
        ({"scan.pdf": b"%PDF" + bytes(2 << 20)}, True),
        ({"note.txt": b"a note", "scan.pdf": b"%PDF"}, False),
    ],
    ids=["very many", "large", "few"],
)
def test_files_are_stored_before_the_decision_where_they_would_keep_others_waiting(
    desk: Desk, files: dict[str, bytes], ahead: bool
) -> None:
    steps = recorded(desk.gateway.store.engine)
    desk.take(letter(CASEY, "Here they are.", files=files))
    named = next(i for i, step in enumerate(steps) if step.startswith("INSERT INTO message_file"))
    stored = max(i for i, step in enumerate(steps[:named]) if step.startswith("INSERT INTO blob"))
    assert ("COMMIT" in steps[stored:named]) is ahead
    kept = {file.filename: file.sha256 for file in desk.ticket().messages[0].files}
    assert kept == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name, content in files.items():
        assert desk.gateway.store.read(lambda c, n=name: inbox.get_blob(c, kept[n])) == content  # type: ignore[misc]
    desk.close()


def test_two_first_mails_of_one_thread_that_come_at_once_end_in_one_ticket(desk: Desk) -> None:
    for n in range(6):
        first = letter(CASEY, f"Question {n}", subject=f"Matter {n}", cc=SAM, Message_ID=f"<first-{n}@client.example>")
        second = letter(
            SAM, f"I add to {n}", subject=f"Re: Matter {n}", cc=CASEY, In_Reply_To=f"<first-{n}@client.example>"
        )
        for mail, sender in ((first, "casey@client.example"), (second, "sam@client.example")):
            desk.gateway.door.accept(mail.as_bytes(), Envelope(sender, ("support@desk.example",)), source="test")
    all_at_once(desk, 2)
    assert len(desk.numbers()) == 6
    assert sorted(len(desk.ticket(n).messages) for n in desk.numbers()) == [2] * 6
    desk.close()


def test_four_workers_decide_forty_mails_once_each(desk: Desk) -> None:
    for n in range(40):
        mail = letter(f"c{n}@client{n}.example", f"Question number {n}, please.", subject=f"Matter {n}")
        desk.gateway.door.accept(mail.as_bytes(), Envelope("", ("support@desk.example",)), source="test")
    all_at_once(desk, 4)
    assert desk.numbers() == list(range(1001, 1041))
    assert sorted(desk.outcomes()) == ["ticket opened"] * 40
    assert len({desk.ticket(n).client.address for n in desk.numbers()}) == 40
    desk.close()
