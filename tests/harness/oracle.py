"""The ledger decides: what was promised against what is there. Lost, doubled, unexpected, stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """Empty where all is well. Tokens identify mails, Message-IDs notices."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    doubled_tickets: tuple[str, ...] = ()
    notices_lost: tuple[str, ...] = ()
    notices_doubled: tuple[str, ...] = ()
    stuck: tuple[str, ...] = field(default=())

    @property
    def clean(self) -> bool:
        return self == Verdict()


def judge(
    accepted: Iterable[str],
    stored: Mapping[str, Iterable[int]],
    notices: Mapping[str, bool],
    delivered: Iterable[str],
    stuck: Iterable[str] = (),
) -> Verdict:
    """Compare ledgers.

    ``accepted``: tokens for which we got 250, or that lay in a mailbox. ``stored``: token → the tickets in which
    a message holds it, once for each message. ``notices``: Message-ID → may it have been sent twice (an attempt
    of it died in the undecidable window after the dot)? ``delivered``: Message-IDs as the sink saw them.
    """
    promised = set(accepted)
    there = {token: list(tickets) for token, tickets in stored.items()}
    came = Counter(delivered)
    return Verdict(
        lost=tuple(sorted(promised - there.keys())),
        doubled=tuple(sorted(t for t, tickets in there.items() if len(tickets) > 1)),
        unexpected=tuple(sorted(there.keys() - promised)),
        doubled_tickets=tuple(sorted(t for t, tickets in there.items() if len(set(tickets)) > 1)),
        notices_lost=tuple(sorted(m for m in notices if not came[m])),
        notices_doubled=tuple(sorted(m for m, n in came.items() if n > 1 and not notices.get(m, False))),
        stuck=tuple(stuck),
    )
