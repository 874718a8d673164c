"""Writes the list of names into docs/templates.md anew: python tests/tools/write_template_names.py"""

from __future__ import annotations

from pathlib import Path

from gateway.outbound.template_names import documentation

DOC = Path(__file__).parents[2] / "docs" / "templates.md"
BEGIN, END = "<!-- names: begin -->\n", "<!-- names: end -->"

text = DOC.read_text(encoding="utf-8")
before, _, rest = text.partition(BEGIN)
after = rest.partition(END)[2]
DOC.write_text(before + BEGIN + documentation() + END + after, encoding="utf-8")
