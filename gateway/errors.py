"""How a failure is classed where it is born: temporary, permanent or poison.

An error carries two texts that never mix: ``public`` may be shown to whoever is at the other end of
the wire; ``cause`` is for the log alone.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of every classed failure. ``public`` is safe to show; ``cause`` is for the log."""

    public = "internal error"

    def __init__(self, cause: str, *, public: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        if public is not None:
            self.public = public


class Temporary(GatewayError):
    """May succeed when tried again unchanged (RFC 5321 section 4.2.1, 4yz)."""

    public = "temporary failure, please try again later"


class Permanent(GatewayError):
    """Will fail again unchanged (RFC 5321 section 4.2.1, 5yz)."""

    public = "refused"


class Poison(GatewayError):
    """A message that its reader cannot survive; it is quarantined with its raw bytes."""

    public = "message could not be read"


class ConfigError(Permanent):
    """The configuration is wrong. ``problems`` holds every mistake as (key path, what to do)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{path}: {text}" if path else text for path, text in problems))


class Refused(Permanent):
    """An order or command that the desk will not carry out; ``public`` says why and what to do."""

    def __init__(self, why: str) -> None:
        super().__init__(why, public=why)
