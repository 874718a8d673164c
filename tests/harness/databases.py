"""The two databases, as the table of measurements names them."""

from __future__ import annotations

from typing import Final

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"
BOTH: Final = (SQLITE, POSTGRESQL)
