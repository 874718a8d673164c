"""The settings: one frozen tree, read from TOML, unknown keys refused, every mistake reported at once."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.config_advice import advice, key_path
from gateway.config_names import wrong_names
from gateway.config_types import (
    Colour,
    DatabaseUrl,
    DeskAddress,
    File,
    Flag,
    Handle,
    Handles,
    Line,
    Lines,
    Listen,
    Locale,
    MailAddress,
    MailAddresses,
    Name,
    Number,
    Port,
    Seconds,
    Timezone,
    Tls,
    TokenUrl,
)
from gateway.errors import ConfigError
from gateway.threading.token import Keyring

DEFAULT_PATHS = (Path("config/gateway.toml"), Path("/etc/ticket-gateway/gateway.toml"))


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Desk(Section):
    """Who we are. ``address`` carries the tokens as plus-addresses (RFC 5233)."""

    name: Name
    address: DeskAddress
    aliases: MailAddresses = ()
    timezone: Timezone = "UTC"
    locale: Annotated[Locale, Field(min_length=1)] = "en"
    secret_file: File = Path("secret.key")
    lists: Lines = ()
    """List-Ids or posting addresses of mailing lists through which clients write to us."""


class Database(Section):
    url: DatabaseUrl = "sqlite:///gateway.db"


class InboundSmtp(Section):
    """A listener (RFC 5321) or, behind an MTA of your own, LMTP (RFC 2033)."""

    listen: Listen = "127.0.0.1:2525"
    protocol: Literal["smtp", "lmtp"] = "smtp"
    max_size: Annotated[Number, Field(ge=65536, le=1 << 30)] = 26214400
    max_connections: Annotated[Number, Field(ge=1)] = 200
    max_connections_per_client: Annotated[Number, Field(ge=1)] = 20
    timeout: Annotated[Seconds, Field(ge=1)] = 300
    hostname: Line = ""
    tls_certificate: File | None = None
    tls_key: File | None = None

    @model_validator(mode="after")
    def _pair(self) -> InboundSmtp:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("STARTTLS needs both tls_certificate and tls_key")
        return self


class OAuth2(Section):
    """SASL XOAUTH2 with a token from ``token_url`` (RFC 6749 sections 4.4 and 6)."""

    token_url: TokenUrl
    client_id: Name
    client_secret_file: File | None = None
    refresh_token_file: File | None = None
    scope: Line = ""

    @model_validator(mode="after")
    def _some_grant(self) -> OAuth2:
        if self.client_secret_file is None and self.refresh_token_file is None:
            raise ValueError("needs client_secret_file (client credentials), refresh_token_file, or both")
        return self


class Password(Section):
    """How a login proves itself: at most one of the three."""

    password: str | None = Field(default=None, repr=False)
    password_file: File | None = None
    oauth2: OAuth2 | None = None

    @property
    def proofs(self) -> int:
        return sum(proof is not None for proof in (self.password, self.password_file, self.oauth2))

    @model_validator(mode="after")
    def _one_proof(self) -> Password:
        if self.proofs > 1:
            raise ValueError("give one of password, password_file and oauth2, not several")
        return self


class InboundImap(Password):
    """A mailbox that is watched (RFC 9051, RFC 2177)."""

    name: Name
    host: Name
    port: Port = 993
    tls: Tls = "implicit"
    ca_file: File | None = None
    username: Name
    folder: Line = "INBOX"
    done: Line = "Processed"
    rejected: Line = "Unreadable"
    max_size: Annotated[Number, Field(ge=65536, le=1 << 30)] = 52428800
    scan_interval: Annotated[Seconds, Field(ge=1)] = 60
    idle: Flag = True
    alert_after: Seconds = 900

    @model_validator(mode="after")
    def _complete(self) -> InboundImap:
        if not self.proofs:
            raise ValueError("needs password_file, password or oauth2 to log in")
        if self.folder in (self.done, self.rejected):
            raise ValueError("done and rejected must be other folders than folder, or mail is read again and again")
        return self


class Inbound(Section):
    smtp: tuple[InboundSmtp, ...] = ()
    imap: tuple[InboundImap, ...] = ()


class OutboundSmtp(Password):
    host: Name
    port: Port = 587
    tls: Tls = "starttls"
    ca_file: File | None = None
    username: Line = ""
    hostname: Line = ""
    connections: Annotated[Number, Field(ge=1, le=50)] = 2
    connect_timeout: Annotated[Seconds, Field(ge=1)] = 30
    command_timeout: Annotated[Seconds, Field(ge=1)] = 300
    data_timeout: Annotated[Seconds, Field(ge=1)] = 600

    @model_validator(mode="after")
    def _login_is_whole(self) -> OutboundSmtp:
        if bool(self.username) != bool(self.proofs):
            raise ValueError("a login needs username and one of password_file, password and oauth2; or none of them")
        return self


class Maildir(Section):
    """For trying out: every outgoing mail becomes a file in ``path``/new."""

    path: File


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
    handle: Handle
    name: Name
    address: MailAddress
    aliases: MailAddresses = ()
    role: Literal["agent", "lead", "admin"] = "agent"
    title: Line = ""
    signature: str = ""
    locale: Locale = ""


class Company(Section):
    name: Name
    domains: Lines = ()
    owner: str = ""


class Contact(Section):
    address: MailAddress
    aliases: MailAddresses = ()
    name: Line = ""
    company: Line = ""
    owner: str = ""
    locale: Locale = ""


class Category(Section):
    """Matched by the address written to, or by a word of the subject."""

    name: Name
    addresses: MailAddresses = ()
    keywords: Lines = ()
    owner: str = ""


class Team(Section):
    name: Handle
    members: Handles


class Routing(Section):
    default_owner: str = ""


class Lifecycle(Section):
    after_reply: Literal["pending", "in_progress"] = "pending"
    reopen_within: Seconds = 30 * 86400
    """A reply later than this after closing opens a new ticket, linked to the old one."""
    thanks_reopens: Flag = False


class Notices(Section):
    templates: File | None = None
    """Folder whose <locale>/<notice>.{subject,txt,html}.j2 take the place of ours."""
    acknowledge: Literal["everyone", "authenticated", "nobody"] = "everyone"
    receipts: Literal["all", "quiet"] = "all"
    acks_per_sender_per_day: Annotated[Number, Field(ge=0)] = 3
    generated_per_minute: Annotated[Number, Field(ge=1)] = 20
    colour: Colour = "#1f5fbf"
    footer: str = ""


class Security(Section):
    authserv_ids: Lines = ()
    """authserv-ids (RFC 8601 section 2.2) written by our own border, whose dmarc=pass we believe."""
    border_hosts: Lines = ()
    """Names of our own MTAs, as they stand after "by" in Received fields: their fields may stand above the result."""
    masked_note_words: Annotated[Number, Field(ge=4, le=50)] = 6
    """How many words in a row an outgoing text may share with an internal note before it is held."""


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Limits(Section):
    """Bounds that keep one mail or one sender from hurting the others."""

    reader_seconds: Annotated[Number, Field(ge=1, le=300)] = 15
    reader_memory: Annotated[Number, Field(ge=128 << 20)] = 1 << 30
    workers: Annotated[Number, Field(ge=1, le=32)] = 2


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

    def keyring(self) -> Keyring:
        """The signing keys of ``desk.secret_file``.

        Raises ConfigError when they cannot be read.
        """
        return Keyring.parse(_secret_text(self.path(self.desk.secret_file)))


def read_secret(path: Path) -> str:
    """First line of a secret file; a name found in $CREDENTIALS_DIRECTORY (systemd) wins.

    Raises ConfigError when it cannot be read.
    """
    return _secret_text(path).partition("\n")[0].rstrip("\r")


def secret_source(path: Path) -> Path:
    """The file that a secret is read from: the systemd credential of that name, or the path itself."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(credentials) / path.name if credentials else None
    return credential if credential and credential.is_file() else path


def _secret_text(path: Path) -> str:
    chosen = secret_source(path)
    try:
        return chosen.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([("", f"cannot read the secret file {chosen}: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([("", f"cannot read the secret file {chosen}: it is not UTF-8 text")]) from None


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
    problems = wrong_names(data)
    try:
        settings = Settings.model_validate({**data, "folder": folder})
    except ValidationError as error:
        wrong = [(key_path(item["loc"]), advice(item, Settings)) for item in error.errors()]
        raise ConfigError(wrong + problems) from None
    if "folder" in data:
        problems.insert(0, ("folder", "unknown key; remove it"))
    if problems:
        raise ConfigError(problems)
    return settings
