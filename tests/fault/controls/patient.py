"""The watcher waits for its server as long as it takes: no bound on silence, none on a command."""

from __future__ import annotations

from gateway.inbound.imap_wire import ANSWER, Wire

_FOR_EVER = 1e9


def apply() -> None:
    def allow(self: Wire, _seconds: float, octets: int = ANSWER) -> None:
        self._deadline, self._budget = _FOR_EVER, octets

    Wire.allow = allow  # type: ignore[method-assign]
    Wire._quiet_until = lambda _: _FOR_EVER  # type: ignore[method-assign, assignment]
