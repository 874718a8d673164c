"""The table of a soak: goal, figure, control."""

from __future__ import annotations

from pathlib import Path

from harness.figures import Figures, rows, table


def lines(folder: Path) -> list[str]:
    return (folder / "figures.jsonl").read_text().splitlines()


def test_a_control_stands_beside_every_experiment_that_begins_with_its_name(tmp_path: Path) -> None:
    figures = Figures(tmp_path / "figures.jsonl")
    figures.control("G1", "kill -9", "commit after 250", "3 lost")
    figures.measured("G1", "kill -9, PostgreSQL", "0 lost")
    figures.measured("G1", "kill -9, SQLite", "1 lost")
    figures.measured("G1", "kill -9, SQLite", "0 lost")
    assert [row.cells for row in rows(lines(tmp_path))] == [
        ("G1", "kill -9, PostgreSQL", "0 lost", "commit after 250: 3 lost"),
        ("G1", "kill -9, SQLite", "0 lost", "commit after 250: 3 lost"),
    ]


def test_goals_are_sorted_by_number_and_a_lonely_control_is_seen(tmp_path: Path) -> None:
    figures = Figures(tmp_path / "figures.jsonl")
    figures.measured("G10", "send cells", "28 of 28 | all")
    figures.control("G2", "points", "no mark", "1 doubled")
    assert table(lines(tmp_path)).splitlines()[2:] == [
        "| G2 | points | - | no mark: 1 doubled |",
        "| G10 | send cells | 28 of 28 \\| all | - |",
    ]
