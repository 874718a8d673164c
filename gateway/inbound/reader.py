"""Reading in a child process that may be killed: one hostile mail costs one mail, never the daemon."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path

import gateway
from gateway import memory
from gateway.errors import Poison, Temporary
from gateway.inbound.reader_child import ADDRESS_SPACE, CPU_SECONDS, LENGTH
from gateway.inbound.reading import codec
from gateway.mail import InboundMail, ReadingContext

WALL_SECONDS = 15.0
START_SECONDS = 30.0
"""Longest time that a fresh child may take until it says that it is ready."""
MESSAGES_PER_CHILD = 500
LARGE = 4 << 20
"""Bytes of a mail after which a child is replaced."""
MAX_ANSWER = 512 * 1024 * 1024
_CHUNK = 1 << 20
_SIGXCPU = 24
_NOTHING_KNOWN = ReadingContext()


class Reader:
    """A persistent child that reads one mail at a time. Thread-safe; callers wait for each other."""

    def __init__(
        self,
        *,
        wall_seconds: float = WALL_SECONDS,
        memory_bytes: int = ADDRESS_SPACE,
        messages_per_child: int = MESSAGES_PER_CHILD,
    ) -> None:
        self._wall = wall_seconds
        self._memory = memory_bytes
        self._per_child = messages_per_child
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False

    def read(self, raw: bytes, context: ReadingContext = _NOTHING_KNOWN) -> InboundMail:
        """What the mail says. Raises Poison when the child dies of it, Temporary when none can be started."""
        with self._lock:
            if self._closed:
                raise Temporary("the reader is closed")
            try:
                return self._answer(raw, context)
            except (ValueError, KeyError, TypeError) as error:
                self._drop()
                raise Poison(f"the reader's answer makes no sense: {type(error).__name__}") from error
            except BaseException:
                self._drop()
                raise

    def _answer(self, raw: bytes, context: ReadingContext) -> InboundMail:
        answer = self._ready().ask(codec.dump_context(context), raw, self._wall)
        if len(raw) > LARGE:
            self._drop()  # a process never gives back all the memory that a large mail took
        return codec.load(answer)

    def close(self) -> None:
        """Ends the child. Further calls of ``read`` raise Temporary."""
        with self._lock:
            self._closed = True
            self._drop()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _ready(self) -> _Child:
        child = self._child
        if child is not None and (child.answered >= self._per_child or not child.is_alive()):
            self._drop()
            child = None
        if child is None:
            child = self._child = _Child(self._memory)
        return child

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    def __init__(self, memory_bytes: int) -> None:
        self.answered = 0
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gateway.inbound.reader_child", str(os.getpid()), str(memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                close_fds=True,
                bufsize=0,
            )
        except OSError as error:
            raise Temporary(f"no process for the reader: {error.strerror}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stdout, False)
        self._await_ready()

    def _await_ready(self) -> None:
        """The child greets with an empty frame once it has imported the parsers; before that no mail is to blame."""
        try:
            _Talk(self._stdin, self._stdout, (), time.monotonic() + START_SECONDS).run()
        except (TimeoutError, EOFError, OSError):
            cause = self._epitaph()
            self.end()
            raise Temporary(f"the reader does not start: {cause}") from None

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, context: bytes, raw: bytes, seconds: float) -> bytearray:
        """Sends a mail and returns the answer's bytes; raises Poison when none comes."""
        talk = _Talk(self._stdin, self._stdout, (context, raw), time.monotonic() + seconds)
        try:
            answer = talk.run()
        except TimeoutError:
            raise Poison(f"reading took longer than {seconds:g} s") from None
        except (EOFError, OSError):
            raise Poison(self._epitaph()) from None
        self.answered += 1
        return answer

    def _epitaph(self) -> str:
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "the reader closed its pipe"
        if status == -_SIGXCPU:
            return f"reading used more than {CPU_SECONDS} s of CPU time"
        return f"the reader died: signal {-status}" if status < 0 else f"the reader died: exit status {status}"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class _Talk:
    """One exchange over two non-blocking pipes, with a deadline."""

    def __init__(self, out: int, into: int, frames: tuple[bytes, ...], deadline: float) -> None:
        self._out, self._into, self._deadline = out, into, deadline
        self._pending = [memoryview(piece) for frame in frames for piece in (LENGTH.pack(len(frame)), frame)]
        self._answer = bytearray()
        self._size: int | None = None

    def run(self) -> bytearray:
        with selectors.DefaultSelector() as selector:
            if self._pending:
                selector.register(self._out, selectors.EVENT_WRITE)
            selector.register(self._into, selectors.EVENT_READ)
            while not self._is_complete():
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                for key, _ in selector.select(left):
                    if key.fd == self._into:
                        self._receive()
                    elif not self._send():
                        selector.unregister(self._out)
        del self._answer[: LENGTH.size]
        return self._answer

    def _send(self) -> bool:
        """Writes what fits; False when nothing is left to write."""
        while self._pending:
            try:
                written = os.write(self._out, self._pending[0][:_CHUNK])
            except BlockingIOError:
                return True
            rest = self._pending[0][written:]
            self._pending[:1] = [rest] if rest else []
        return False

    def _receive(self) -> None:
        try:
            data = os.read(self._into, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        self._answer += data
        if self._size is None and len(self._answer) >= LENGTH.size:
            self._size = LENGTH.unpack_from(self._answer)[0]
            if self._size > MAX_ANSWER:
                raise OSError("answer too long")

    def _is_complete(self) -> bool:
        return self._size is not None and len(self._answer) >= self._size + LENGTH.size


def _environment() -> dict[str, str]:
    """Nothing but where the code is and how text is encoded: no secret is inherited."""
    paths = [str(Path(gateway.__file__).resolve().parent.parent), *(p for p in sys.path if p)]
    keep = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    ours = {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
    return {**keep, **ours, **memory.FOR_CHILDREN}
