"""What the experiments share: forked daemons, and the figures that a soak prints in the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.databases import POSTGRESQL
from harness.figures import Figures, table
from harness.nursery import Nursery
from harness.scale import SOAK

_KEPT = Path(os.environ.get("GATEWAY_FIGURES", "build/figures.jsonl"))


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Where an experiment says what it measured, and what its control showed."""
    return Figures(_KEPT if SOAK else None)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Where a database is, by its name: the URL of a fresh one, "" for SQLite, where the desk makes its file itself."""
    return lambda name: str(request.getfixturevalue("postgres")) if name == POSTGRESQL else ""


@pytest.fixture
def url(place: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    """Where the ``database`` of this test is."""
    return place(request.getfixturevalue("database"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SOAK and _KEPT.exists():
        terminalreporter.section("goal, figure, control")
        terminalreporter.write(table(_KEPT.read_text().splitlines()))
