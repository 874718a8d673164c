"""Is it mail that must not be answered: a list's, a sender's to many, or a notification?"""

from __future__ import annotations

from gateway.inbound.reading import addresses_in_text, bounce_signs
from gateway.inbound.reading.kind_seen import HUMAN_SUBMISSIONS, Evidence, Seen, is_rule_forwarded
from gateway.inbound.reading.machine_phrases import BULK_FIELDS, HELP_DESK_FIELDS

_PRECEDENCE = ("bulk", "list", "junk")


def generated(seen: Seen) -> Evidence:
    value = seen.auto_submitted
    if value in HUMAN_SUBMISSIONS or is_rule_forwarded(seen):
        return ()
    return (f"auto-submitted: {value[:80]}",)


def bulk(seen: Seen) -> Evidence:
    """Lists and mass mail (RFC 2369, RFC 2919, Precedence), and whatever asks not to be answered."""
    found = [] if _through_own_list(seen) else [*_list_fields(seen), *_precedence(seen)]
    if seen.suppresses({"all"}) and not is_rule_forwarded(seen):
        found.append(f"x-auto-response-suppress: {seen.says('x-auto-response-suppress')[:80]}")
    found += [f"{name}: {seen.says(name)[:80]}" for name in BULK_FIELDS if seen.affirms(name)]
    return tuple(found)


def notification(seen: Seen) -> Evidence:
    """RFC 5321 section 4.5.5: what has the null reverse-path is a notification, and must not be answered."""
    if not bounce_signs.null_path(seen.root) or bounce_signs.is_from_mail_client(seen.root):
        return ()
    return ("return-path: <>",)


def _through_own_list(seen: Seen) -> bool:
    """The mail came over a mailing list or group that is one of the desk's own doors."""
    doors = {entry.casefold().strip("<> ") for entry in (*seen.context.own_lists, *seen.context.own_addresses)}
    if not doors:
        return False
    names = [value.casefold().rpartition("<")[2].strip("<> ") for value in seen.root.every("list-id")]
    for field in ("list-id", "list-post", "mailing-list", "x-mailing-list", "sender", "x-beenthere"):
        for value in seen.root.every(field):
            names += [found.address.casefold() for found in addresses_in_text.spot(value[:2000])]
    # RFC 2919 section 2: an id is the posting address with a dot for the "@", or begins so.
    return any(name in doors or name.replace(".", "@", 1) in doors for name in names)


def _precedence(seen: Seen) -> list[str]:
    value = seen.says("precedence")
    return [f"precedence: {value[:80]}"] if value.startswith(_PRECEDENCE) and not _by_help_desk(seen) else []


def _list_fields(seen: Seen) -> list[str]:
    names = ("list-id", "list-post", "mailing-list", "list-unsubscribe")
    found = [f"{name}: {seen.says(name)[:80]}" for name in names if seen.root.has(name)]
    # Sales and support programs put a lone List-Unsubscribe into the letters that people write with them.
    answered = seen.root.has("in-reply-to") and bounce_signs.is_reply_or_forward(seen.flat_subject)
    lone = [name for name in names if seen.root.has(name)] == ["list-unsubscribe"]
    return [] if lone and answered else found


def _by_help_desk(seen: Seen) -> bool:
    """An agent's answer out of another help desk: Request Tracker marks all its mail as bulk."""
    return seen.root.has("in-reply-to") and any(seen.root.has(name) for name in HELP_DESK_FIELDS)
