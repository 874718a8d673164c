"""The process that reads mail for ``reader.Reader``: ``python -m gateway.inbound.reader_child``.

It speaks frames on stdin and stdout: a length, then the bytes. It holds no secret and no other
descriptor, and limits itself before each mail. It ends when its parent does, for then stdin ends;
in the middle of a mail the CPU limit ends it. (A parent-death signal would come when the *thread*
that started the child ends, and kill a reader that others still use.)
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import struct
import sys
from typing import BinaryIO

CPU_SECONDS = 10
ADDRESS_SPACE = 1024 * 1024 * 1024
LENGTH = struct.Struct(">Q")


def main() -> None:
    """Answers requests (context frame, mail frame) with one frame each until stdin ends."""
    requests, answers = sys.stdin.buffer, _own_stdout()
    _settle(*(int(argument) for argument in sys.argv[1:3]))
    from gateway import memory
    from gateway.inbound.reading import assemble, codec

    memory.keep_what_is_loaded()
    send(answers, b"")
    while (context := receive(requests)) is not None:
        raw = receive(requests)
        if raw is None:
            return
        _limit_cpu()
        mail = assemble.read(raw, codec.load_context(context))
        del raw
        answer = codec.dump(mail)
        del mail
        send(answers, answer)
        if len(answer) > 1 << 20:
            gc.collect()


def _own_stdout() -> BinaryIO:
    """Keeps the pipe for answers alone: whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _settle(parent: int = 0, memory_bytes: int = ADDRESS_SPACE) -> None:
    """Limits and manners; each is best effort, because not every system knows every one."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("800")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent and os.getppid() != parent:
        sys.exit(0)


def _limit_cpu() -> None:
    """The soft limit moves with every mail, for it counts the whole life of a process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def receive(stream: BinaryIO) -> bytes | None:
    """One frame, or None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size: int = LENGTH.unpack(head)[0]
    data = stream.read(size)
    return data if len(data) == size else None


def send(stream: BinaryIO, data: bytes) -> None:
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


if __name__ == "__main__":
    main()
