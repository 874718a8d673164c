"""The pages that are made from tables say what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.desk import docs, verbs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", docs.pages())
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == docs.pages()[name], "run `make docs`"


def test_pages_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    docs.main(str(tmp_path))
    assert {p.name for p in tmp_path.iterdir()} == {"lifecycle.md", "commands.md"}


def test_every_verb_has_its_row() -> None:
    table = verbs.document()
    assert all(f"| `{verbs.usage(v)}` |" in table for v in verbs.VERBS)
    assert table.count("\n") == len(verbs.VERBS) + 2


def test_no_word_means_two_verbs() -> None:
    words = [word for v in verbs.VERBS for word in (v.name, *v.aliases)]
    assert len(words) == len(set(words))
