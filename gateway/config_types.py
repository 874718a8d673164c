"""The kinds of value that a setting can have, each with advice for whoever wrote it wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*/=?^_`{|}~+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HANDLE = re.compile(r"[a-z][a-z0-9._-]{0,31}")
_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LOCAL_PART_MAX = 22  # RFC 5321 section 4.5.3.1.1 allows 64 octets; a plus-address token takes up to 42 of them


def normal_address(value: str) -> str:
    """How an address is compared and stored."""
    return value.strip().lower()


def _address(value: str) -> str:
    text = value.strip()
    if not _ADDRESS.fullmatch(text) or ".." in text:
        raise ValueError(f"{value!r} is not a mail address; write it as name@example.com")
    return normal_address(text)


def _room_for_tokens(value: str) -> str:
    local = value.partition("@")[0]
    if len(local) > _LOCAL_PART_MAX or "+" in local:
        raise ValueError(
            f"the part before the @ must be at most {_LOCAL_PART_MAX} characters and hold no '+', "
            "because reply tokens are added to it"
        )
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a time zone; use an IANA name such as Europe/Berlin or UTC") from None
    return value


def _single_line(value: str) -> str:
    if any(ord(ch) < 32 or ord(ch) == 127 for ch in value):
        raise ValueError("must be one line of text without control characters")
    return value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _handle(value: str) -> str:
    if not _HANDLE.fullmatch(value):
        raise ValueError(f"{value!r} is not a handle; use 1 to 32 of a-z, 0-9, '.', '_', '-', a letter first")
    return value


def _locale(value: str) -> str:
    # It names a folder of templates, so nothing but a language tag may pass.
    if value and not _LOCALE.fullmatch(value):
        raise ValueError(f"{value!r} is not a language tag; write one such as en, de or pt-BR")
    return value


def _colour(value: str) -> str:
    if not _COLOUR.fullmatch(value):
        raise ValueError(f"{value!r} is not a colour; write it as '#1f5fbf'")
    return value


def _listen(value: str) -> str:
    if "/" in value:
        return value
    _host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{value!r} is no place to listen; write HOST:PORT, [IPv6]:PORT or the path of a unix socket")
    return value


def _database_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    known = scheme == "sqlite" or scheme.partition("+")[0] in {"postgresql", "postgres"}
    if not known or not separator or (scheme == "sqlite" and len(rest) < 2):
        raise ValueError("write sqlite:///FILE or postgresql://USER@HOST/NAME")
    return value


def _token_url(value: str) -> str:
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise ValueError("must begin with https://, because secrets are sent to it")
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _duration(value: Any) -> Any:
    """A number of seconds, or text such as "30s", "5m", "2h", "14d"."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.replace(" ", ""))
        if not match:
            raise ValueError(f"{value!r} is not a duration; write seconds, or text such as '30s', '5m', '2h', '14d'")
        return int(match[1]) * _UNITS[match[2]]
    return value


def _file(value: Any) -> Any:
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise ValueError("must be the path of a file or folder, in quotes")
    return value


def _number(value: Any) -> Any:
    # TOML has true numbers, so text or a boolean here is a slip of the pen.
    if isinstance(value, bool | str):
        raise ValueError("must be a whole number, without quotes")
    return value


def _flag(value: Any) -> Any:
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotes")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
DeskAddress = Annotated[MailAddress, AfterValidator(_room_for_tokens)]
MailAddresses = Annotated[tuple[MailAddress, ...], BeforeValidator(_as_list)]
Line = Annotated[str, AfterValidator(_single_line)]
Name = Annotated[Line, AfterValidator(_not_empty)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_as_list)]
Handle = Annotated[str, AfterValidator(_handle)]
Handles = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Locale = Annotated[str, AfterValidator(_locale)]
Colour = Annotated[str, AfterValidator(_colour)]
Listen = Annotated[Line, AfterValidator(_listen)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
TokenUrl = Annotated[str, AfterValidator(_token_url)]
Seconds = Annotated[int, Field(ge=0), BeforeValidator(_number), BeforeValidator(_duration)]
Number = Annotated[int, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
File = Annotated[Path, BeforeValidator(_file)]
Tls = Literal["implicit", "starttls", "none"]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_number)]
