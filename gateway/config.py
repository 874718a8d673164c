"""The settings: one frozen tree, read from TOML, unknown keys refused, every mistake reported at once."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gateway.errors import ConfigError

DEFAULT_PATHS = (Path("config/gateway.toml"), Path("/etc/ticket-gateway/gateway.toml"))
_LOCAL_PART_MAX = 22  # RFC 5321 section 4.5.3.1.1 allows 64 octets; a plus-address token takes up to 42 of them
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*/=?^_`{|}~+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def _address(value: str) -> str:
    text = value.strip()
    if not _ADDRESS.fullmatch(text) or ".." in text:
        raise ValueError(f"{value!r} is not a mail address; write it as name@example.com")
    return text.lower()


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


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _duration(value: Any) -> Any:
    """A number of seconds, or text such as "30s", "5m", "2h", "14d"."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+)\s*([smhd])\s*", value)
        if not match:
            raise ValueError(f"{value!r} is not a duration; write seconds, or text such as '30s', '5m', '2h', '14d'")
        return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
Line = Annotated[str, AfterValidator(_single_line)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_as_list)]
Seconds = Annotated[int, BeforeValidator(_duration), Field(ge=0)]
Tls = Literal["implicit", "starttls", "none"]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Desk(Section):
    """Who we are. ``address`` carries the tokens as plus-addresses (RFC 5233)."""

    name: Line
    address: MailAddress
    aliases: tuple[MailAddress, ...] = ()
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    locale: str = "en"
    secret_file: Path = Path("secret.key")
    lists: tuple[str, ...] = ()
    """List-Ids or posting addresses of mailing lists through which clients write to us."""

    @model_validator(mode="after")
    def _room_for_tokens(self) -> Desk:
        local = self.address.partition("@")[0]
        if len(local) > _LOCAL_PART_MAX or "+" in local:
            raise ValueError(
                f"address: the part before the @ must be at most {_LOCAL_PART_MAX} characters and hold no '+', "
                "because reply tokens are added to it"
            )
        return self


class Database(Section):
    url: str = "sqlite:///gateway.db"


class InboundSmtp(Section):
    """A listener (RFC 5321) or, behind an MTA of your own, LMTP (RFC 2033)."""

    listen: Line = "127.0.0.1:2525"
    protocol: Literal["smtp", "lmtp"] = "smtp"
    max_size: Annotated[int, Field(ge=65536, le=1 << 30)] = 26214400
    max_connections: Annotated[int, Field(ge=1)] = 200
    max_connections_per_client: Annotated[int, Field(ge=1)] = 20
    timeout: Annotated[Seconds, Field(ge=1)] = 300
    hostname: Line = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None


class Password(Section):
    password: str | None = Field(default=None, repr=False)
    password_file: Path | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Password:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, not both")
        return self


class OAuth2(Section):
    """SASL XOAUTH2 with a token from ``token_url`` (RFC 6749 sections 4.4 and 6)."""

    token_url: str
    client_id: str
    client_secret_file: Path | None = None
    refresh_token_file: Path | None = None
    scope: str = ""


class InboundImap(Password):
    """A mailbox that is watched (RFC 9051, RFC 2177)."""

    name: Line
    host: Line
    port: Port = 993
    tls: Tls = "implicit"
    ca_file: Path | None = None
    username: Line
    folder: Line = "INBOX"
    done: Line = "Processed"
    rejected: Line = "Unreadable"
    max_size: Annotated[int, Field(ge=65536, le=1 << 30)] = 52428800
    scan_interval: Annotated[Seconds, Field(ge=1)] = 60
    idle: bool = True
    oauth2: OAuth2 | None = None
    alert_after: Seconds = 900


class Inbound(Section):
    smtp: tuple[InboundSmtp, ...] = ()
    imap: tuple[InboundImap, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Inbound:
        names = [box.name for box in self.imap]
        for name in sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"imap: two mailboxes are called {name!r}; give each a name of its own")
        return self


class OutboundSmtp(Password):
    host: Line
    port: Port = 587
    tls: Tls = "starttls"
    ca_file: Path | None = None
    username: Line = ""
    hostname: Line = ""
    connections: Annotated[int, Field(ge=1, le=50)] = 2
    connect_timeout: Annotated[Seconds, Field(ge=1)] = 30
    command_timeout: Annotated[Seconds, Field(ge=1)] = 300
    data_timeout: Annotated[Seconds, Field(ge=1)] = 600
    oauth2: OAuth2 | None = None


class Maildir(Section):
    """For trying out: every outgoing mail becomes a file in ``path``/new."""

    path: Path


class Outbound(Section):
    smtp: OutboundSmtp | None = None
    maildir: Maildir | None = None
    give_up_after: Seconds = 5 * 86400

    @model_validator(mode="after")
    def _one_road(self) -> Outbound:
        if (self.smtp is None) == (self.maildir is None):
            raise ValueError("configure exactly one of [outbound.smtp] and [outbound.maildir]")
        return self


class Agent(Section):
    handle: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,31}$")]
    name: Line
    address: MailAddress
    aliases: tuple[MailAddress, ...] = ()
    role: Literal["agent", "lead", "admin"] = "agent"
    title: Line = ""
    signature: str = ""
    locale: str = ""


class Company(Section):
    name: Line
    domains: Lines = ()
    owner: str = ""


class Contact(Section):
    address: MailAddress
    aliases: tuple[MailAddress, ...] = ()
    name: Line = ""
    company: Line = ""
    owner: str = ""
    locale: str = ""


class Category(Section):
    """Matched by the address written to, or by a word of the subject."""

    name: Line
    addresses: tuple[MailAddress, ...] = ()
    keywords: Lines = ()
    owner: str = ""


class Team(Section):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,31}$")]
    members: tuple[str, ...]


class Routing(Section):
    default_owner: str = ""


class Lifecycle(Section):
    after_reply: Literal["pending", "in_progress"] = "pending"
    reopen_within: Seconds = 30 * 86400
    """A reply later than this after closing opens a new ticket, linked to the old one."""
    thanks_reopens: bool = False


class Notices(Section):
    templates: Path | None = None
    """Folder whose <locale>/<notice>.{subject,txt,html}.j2 take the place of ours."""
    acknowledge: Literal["everyone", "authenticated", "nobody"] = "everyone"
    receipts: Literal["all", "quiet"] = "all"
    acks_per_sender_per_day: Annotated[int, Field(ge=0)] = 3
    generated_per_minute: Annotated[int, Field(ge=1)] = 20
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#1f5fbf"
    footer: str = ""


class Security(Section):
    authserv_ids: tuple[Line, ...] = ()
    """authserv-ids (RFC 8601 section 2.2) written by our own border, whose dmarc=pass we believe."""
    masked_note_words: Annotated[int, Field(ge=4, le=50)] = 6
    """How many words in a row an outgoing text may share with an internal note before it is held."""


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Limits(Section):
    """Bounds that keep one mail or one sender from hurting the others."""

    reader_seconds: Annotated[int, Field(ge=1, le=300)] = 15
    reader_memory: Annotated[int, Field(ge=128 << 20)] = 1 << 30
    workers: Annotated[int, Field(ge=1, le=32)] = 2


class Settings(Section):
    """The whole tree. ``folder`` is where relative paths start: the folder of the file itself."""

    desk: Desk
    database: Database = Database()
    inbound: Inbound = Inbound()
    outbound: Outbound
    agents: tuple[Agent, ...] = ()
    teams: tuple[Team, ...] = ()
    companies: tuple[Company, ...] = ()
    contacts: tuple[Contact, ...] = ()
    categories: tuple[Category, ...] = ()
    routing: Routing = Routing()
    lifecycle: Lifecycle = Lifecycle()
    notices: Notices = Notices()
    security: Security = Security()
    limits: Limits = Limits()
    log: Log = Log()
    folder: Path = Field(default=Path(), exclude=True)

    def path(self, value: Path) -> Path:
        """``value`` made absolute against the folder of the configuration file."""
        return value if value.is_absolute() else (self.folder / value).resolve()

    def database_url(self) -> str:
        """The database URL with a relative SQLite path made absolute."""
        prefix = "sqlite:///"
        if self.database.url.startswith(prefix) and not self.database.url.startswith("sqlite:////"):
            return prefix + str(self.path(Path(self.database.url.removeprefix(prefix))))
        return self.database.url

    def secret(self, section: Password) -> str | None:
        """The password of a section, from the text, the file, or None.

        Raises ConfigError when the file cannot be read.
        """
        if section.password_file is not None:
            return read_secret(self.path(section.password_file))
        return section.password


def read_secret(path: Path) -> str:
    """First line of a secret file; a name found in $CREDENTIALS_DIRECTORY (systemd) wins.

    Raises ConfigError when it cannot be read.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    chosen = Path(credentials) / path.name if credentials and (Path(credentials) / path.name).is_file() else path
    try:
        return chosen.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([("", f"cannot read the secret file {chosen}: {reason}")]) from None


def find(explicit: str | None) -> Path:
    """The configuration file to use: --config, $GATEWAY_CONFIG, then the default paths.

    Raises ConfigError when there is none.
    """
    named = explicit or os.environ.get("GATEWAY_CONFIG")
    if named:
        return Path(named)
    for path in DEFAULT_PATHS:
        if path.is_file():
            return path
    places = " or ".join(str(p) for p in DEFAULT_PATHS)
    advice = "run `gateway init DIR`, or name a file with --config"
    raise ConfigError([("", f"no configuration found at {places}; {advice}")])


def load(path: Path) -> Settings:
    """Read and check a configuration file.

    Raises ConfigError with every mistake and the path of its key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([("", f"cannot read {path}: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([("", f"{path} is not UTF-8 text")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([("", f"{path} is not valid TOML: {error}")]) from None
    return parse(data, path.resolve().parent)


def parse(data: dict[str, Any], folder: Path) -> Settings:
    """Check a configuration that is already a tree of values.

    Raises ConfigError with every mistake and the path of its key.
    """
    if "folder" in data:
        raise ConfigError([("folder", "unknown key; remove it")])
    try:
        settings = Settings.model_validate({**data, "folder": folder})
    except ValidationError as error:
        raise ConfigError([(_path(item["loc"]), _advice(item)) for item in error.errors()]) from None
    problems = list(_references(settings))
    if problems:
        raise ConfigError(problems)
    return settings


def _path(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _advice(item: Any) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    known = {
        "extra_forbidden": "unknown key; check its spelling or remove it",
        "missing": "is required; add it",
    }
    return known.get(item["type"], message[:1].lower() + message[1:])


def _references(settings: Settings) -> list[tuple[str, str]]:
    """Names in one section that must exist in another, and addresses that must be unique."""
    handles = [a.handle for a in settings.agents]
    known = set(handles) | {t.name for t in settings.teams}
    problems: list[tuple[str, str]] = []

    def owner(path: str, value: str) -> None:
        if value and value not in known:
            problems.append((path, f"no agent or team is called {value!r}; add it under [[agents]] or [[teams]]"))

    for i, company in enumerate(settings.companies):
        owner(f"companies[{i}].owner", company.owner)
    for i, contact in enumerate(settings.contacts):
        owner(f"contacts[{i}].owner", contact.owner)
    for i, category in enumerate(settings.categories):
        owner(f"categories[{i}].owner", category.owner)
    owner("routing.default_owner", settings.routing.default_owner)
    for i, team in enumerate(settings.teams):
        for member in team.members:
            if member not in handles:
                problems.append((f"teams[{i}].members", f"no agent is called {member!r}; add it under [[agents]]"))
        if not team.members:
            problems.append((f"teams[{i}].members", "a team needs at least one member"))
        if team.name in handles:
            problems.append((f"teams[{i}].name", f"{team.name!r} is an agent already; choose another name"))
    problems += _duplicates(settings, handles)
    return problems


def _duplicates(settings: Settings, handles: list[str]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    seen: dict[str, str] = dict.fromkeys((settings.desk.address, *settings.desk.aliases), "desk")
    for i, agent in enumerate(settings.agents):
        if handles.index(agent.handle) != i:
            problems.append((f"agents[{i}].handle", f"{agent.handle!r} is used twice; handles must differ"))
        for address in (agent.address, *agent.aliases):
            if address in seen:
                problems.append((f"agents[{i}].address", f"{address} already belongs to {seen[address]}"))
            seen[address] = f"agents[{i}]"
    for i, contact in enumerate(settings.contacts):
        for address in (contact.address, *contact.aliases):
            if address in seen:
                problems.append((f"contacts[{i}].address", f"{address} already belongs to {seen[address]}"))
            seen[address] = f"contacts[{i}]"
    return problems
