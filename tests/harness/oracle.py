"""The ledger decides: what was promised against what is there. Lost, doubled, unexpected, stuck, wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Empty where all is well. Tokens identify mails, Message-IDs notices."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    doubled_tickets: tuple[str, ...] = ()
    notices_lost: tuple[str, ...] = ()
    notices_doubled: tuple[str, ...] = ()
    notices_differ: tuple[str, ...] = ()
    notices_unknown: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return self == Verdict()


def judge(
    accepted: Iterable[str],
    stored: Mapping[str, Iterable[int]],
    notices: Mapping[str, bool],
    delivered: Iterable[str | tuple[str, bytes]],
    stuck: Iterable[str] = (),
    wrong: Iterable[str] = (),
) -> Verdict:
    """Compare ledgers.

    ``accepted``: tokens for which we got 250, or that lay in a mailbox. ``stored``: token → the tickets in which
    a message holds it, once for each message. ``notices``: Message-ID → may it have been sent twice (an attempt
    of it died in the undecidable window after the dot)? ``delivered``: Message-IDs as the sink saw them, with
    their bytes where these shall be compared. ``stuck`` and ``wrong`` are findings in words, passed through.
    """
    promised = set(accepted)
    there = {token: list(tickets) for token, tickets in stored.items()}
    arrivals = [(item, b"") if isinstance(item, str) else item for item in delivered]
    came = Counter(message_id for message_id, _ in arrivals)
    shapes: dict[str, set[bytes]] = {}
    for message_id, raw in arrivals:
        shapes.setdefault(message_id, set()).add(raw)
    return Verdict(
        lost=tuple(sorted(promised - there.keys())),
        doubled=tuple(sorted(t for t, tickets in there.items() if len(tickets) > 1)),
        unexpected=tuple(sorted(there.keys() - promised)),
        doubled_tickets=tuple(sorted(t for t, tickets in there.items() if len(set(tickets)) > 1)),
        notices_lost=tuple(sorted(m for m in notices if not came[m])),
        notices_doubled=tuple(sorted(m for m, n in came.items() if n > 1 and not notices.get(m, False))),
        notices_differ=tuple(sorted(m for m, raws in shapes.items() if len(raws) > 1)),
        notices_unknown=tuple(sorted(came.keys() - notices.keys())),
        stuck=tuple(stuck),
        wrong=tuple(wrong),
    )
