"""The lines of ``gateway check``, and how its checks are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.config import Settings
from gateway.errors import ConfigError, GatewayError


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, and is worth a thought."""
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report. ``advice`` says what to do, "" when there is nothing to do."""

    state: State
    what: str
    advice: str = ""


Check = Callable[[Settings], Iterable[Row]]


def ok(what: str) -> Row:
    return Row(State.OK, what)


def warn(what: str, advice: str) -> Row:
    return Row(State.WARN, what, advice)


def fail(what: str, advice: str) -> Row:
    return Row(State.FAIL, what, advice)


def run(checks: Iterable[tuple[str, Check]], settings: Settings) -> Iterator[Row]:
    """Every row of every check; one that breaks is a failed row and hides none of the others."""
    for name, check in checks:
        try:
            yield from check(settings)
        except ConfigError as error:
            yield from (fail(path or name, advice) for path, advice in error.problems)
        except GatewayError as error:
            yield fail(name, str(error))
        except Exception as error:  # noqa: BLE001 - a defect here must not hide the other rows
            yield fail(name, f"{type(error).__name__}: {error}")


def plain(found: Iterable[tuple[str, bool, str]]) -> Iterator[Row]:
    """Rows as the other rooms give them: (what, holds, advice)."""
    return (ok(what) if holds else fail(what, advice) for what, holds, advice in found)
