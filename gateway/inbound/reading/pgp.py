"""OpenPGP armour in text (RFC 9580 sections 6 and 7): shown for what it is, not verified and not decrypted."""

from __future__ import annotations

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"


def is_encrypted(text: str) -> bool:
    """Whether a text is nothing but an encrypted block."""
    return text.lstrip().startswith(_ENCRYPTED)


def unwrapped(text: str) -> str:
    """The text inside of a cleartext signature, with what stands around it; any other text as it is."""
    if _SIGNED not in text or _SIGNATURE not in text:
        return text
    before, _, rest = text.partition(_SIGNED)
    signed, found, after = rest.partition(_SIGNATURE)
    if not found or (before.strip() and not before.endswith("\n")):
        return text
    lines = signed.split("\n")
    blank = next((i for i, line in enumerate(lines[1:], 1) if not line.strip()), 0)
    body = "\n".join(line.removeprefix("- ") for line in lines[blank + 1 :])
    return before + body.rstrip("\n") + "\n" + after.partition(_END)[2].lstrip("\n")
