"""Who once had the lock of a mailbox believes in it for ever, whatever became of the link to the database."""

from __future__ import annotations

from gateway.store.member import Lock

_had: set[str] = set()


def apply() -> None:
    held = Lock.held

    def believed(self: Lock) -> bool:
        if held(self):
            _had.add(self._name)
        return self._name in _had

    Lock.held = believed  # type: ignore[method-assign]
