"""The lifecycle's table: every edge, and what is no edge."""

from __future__ import annotations

import pytest

from gateway.desk import lifecycle
from gateway.desk.lifecycle import TABLE, Cause, move
from gateway.desk.model import STATUS_WORDS, Status
from gateway.errors import Refused

N, W, P, B, C, X = Status  # new, in_progress, pending, client_responded, to_be_checked, closed
EDGES: dict[Cause, tuple[Status | None, ...]] = {
    Cause.CLIENT_WROTE: (N, W, B, B, C, W),
    Cause.ANSWERED: (P, P, P, P, C, X),
    Cause.ANSWERED_WORKING: (W, W, W, W, C, X),
    Cause.TAKE: (W, W, P, B, C, X),
    Cause.WAIT: (P, P, P, P, P, P),
    Cause.WORK: (W, W, W, W, W, W),
    Cause.CLOSE: (X, X, X, X, X, X),
    Cause.REOPEN: (None, None, None, None, None, W),
    Cause.HAND_IN: (C, C, C, C, None, None),
    Cause.APPROVE: (None, None, None, None, X, None),
    Cause.REVISE: (None, None, None, None, W, None),
    Cause.RENEW: (N, N, N, N, N, N),
}


@pytest.mark.parametrize("cause", Cause, ids=lambda c: c.name)
@pytest.mark.parametrize("source", Status)
def test_every_edge_leads_where_it_should_and_a_missing_one_is_refused(cause: Cause, source: Status) -> None:
    target = EDGES[cause][list(Status).index(source)]
    if target is None:
        with pytest.raises(Refused, match="is not possible while the ticket is"):
            move(source, cause)
    else:
        assert move(source, cause) is target


def test_nothing_but_a_participants_mail_leads_to_client_responded() -> None:
    for cause, edges in TABLE.items():
        entering = {s for s, target in edges.items() if target is Status.CLIENT_RESPONDED is not s}
        assert entering == ({Status.PENDING} if cause is Cause.CLIENT_WROTE else set()), cause


def test_every_status_has_a_word_for_people_and_is_understood_by_name() -> None:
    assert set(lifecycle.WORDS) == set(Status)
    assert all(STATUS_WORDS[s.value] is s for s in Status)
    assert (STATUS_WORDS["open"], STATUS_WORDS["waiting"]) == (Status.IN_PROGRESS, Status.PENDING)
    assert STATUS_WORDS["resolved"] is STATUS_WORDS["solved"] is Status.CLOSED


def test_the_document_has_a_row_for_each_cause_and_a_column_for_each_status() -> None:
    lines = lifecycle.document().splitlines()
    assert lines[0] == "| what happens | " + " | ".join(s.value for s in Status) + " |"
    assert len(lines) == 2 + len(Cause)
    assert {line.count("|") for line in lines} == {8}
    assert "| #reopen | refused | refused | refused | refused | refused | **in_progress** |" in lines
