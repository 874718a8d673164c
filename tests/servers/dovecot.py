"""A real Dovecot 2.3 in a temporary folder: IMAP (plain, STARTTLS, TLS), LMTP, passwords and XOAUTH2."""

from __future__ import annotations

import base64
import grp
import hashlib
import hmac
import json
import signal
import smtplib
import subprocess
import time
from pathlib import Path

from imapclient import IMAPClient
from servers import certificate
from servers.ports import (
    HOST,
    as_user,
    end,
    free_port,
    give,
    greets,
    launch,
    missing,
    owner,
    remove,
    require,
    scratch,
    wait_for_greeting,
)

PACKAGES = "dovecot-imapd dovecot-lmtpd"
_TOKEN_SECRET = b"only-for-tests-only-for-tests-only-for-tests"

_CONFIGURATION = """
protocols = imap lmtp
base_dir = {b}/run
state_dir = {b}/state
log_path = {b}/dovecot.log
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
{tls}
{extra}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
protocol lmtp {{
  auth_username_format = %Lu
}}
mail_location = maildir:{b}/mail/%u
mail_fsync = never
mail_max_userip_connections = 200
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
namespace inbox {{
  inbox = yes
  separator = {separator}
}}
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=plain {b}/passwd
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {b}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={b}/mail/%u allow_all_users=yes
}}
"""


class Dovecot:
    """Started on creation, gone after ``close()``. Works as root (it then runs as nobody) and as anybody else.

    ``tls`` adds STARTTLS on ``port`` and implicit TLS on ``tls_port``, with ``ca_file`` to verify them by;
    ``capability`` is what IMAP offers after login (Dovecot's imap_capability); ``extra`` is raw configuration.
    """

    host = HOST

    def __init__(
        self, *, tls: bool = False, capability: str = "", extra: str = "", separator: str = "/", name: str = "localhost"
    ) -> None:
        self._binary = require("dovecot", PACKAGES)
        version = subprocess.run([self._binary, "--version"], capture_output=True, text=True, timeout=10).stdout
        if not version.startswith("2.3."):
            missing(f"Dovecot 2.3 is needed, found {version.strip()}: apt-get install {PACKAGES} on Debian 12")
        self._user = owner()
        self.folder = scratch("dovecot", self._user)
        self.port, self.lmtp_port, self.tls_port = free_port(), free_port(), free_port() if tls else 0
        self.ca_file: Path | None = None
        self.passwords: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._write(tls, extra + (f"\nimap_capability = {capability}" if capability else ""), separator, name)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def _write(self, tls: bool, extra: str, separator: str, name: str) -> None:
        for part in ("run", "state", "mail", "keys/default/HS256"):
            (self.folder / part).mkdir(parents=True)
        tls_lines = "ssl = no"
        if tls:
            self.ca_file, key = certificate.make(self.folder, name)
            tls_lines = f"ssl = yes\nssl_cert = <{self.ca_file}\nssl_key = <{key}"
        text = _CONFIGURATION.format(
            b=self.folder,
            user=self._user.pw_name,
            group=_group(self._user.pw_gid),
            uid=self._user.pw_uid,
            gid=self._user.pw_gid,
            port=self.port,
            tls_port=self.tls_port,
            lmtp_port=self.lmtp_port,
            tls=tls_lines,
            extra=extra,
            separator=separator,
        )
        (self.folder / "dovecot.conf").write_text(text)
        (self.folder / "passwd").write_text("")
        (self.folder / "oauth2.conf").write_text(
            "introspection_mode = local\nusername_attribute = email\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n"
        )
        (self.folder / "keys/default/HS256/default").write_bytes(base64.b64encode(_TOKEN_SECRET))
        give(self.folder, self._user)

    def start(self) -> None:
        """Start (again) on the same ports with the same mail."""
        command = [str(self._binary), "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = launch(as_user(self._user, command), self.folder / "output.log")
        wait_for_greeting(self._process, self.port, b"* OK", self.folder / "dovecot.log")
        wait_for_greeting(self._process, self.lmtp_port, b"220", self.folder / "dovecot.log")

    def stop(self) -> None:
        """Stop serving: every connection is cut and the ports refuse; the mail stays."""
        end(self._process, seconds=0.3)
        self._process = None
        while greets(self.port, b"* OK"):
            time.sleep(0.02)

    def close(self) -> None:
        """Stop, and remove everything."""
        end(self._process, first=signal.SIGKILL)
        self._process = None
        remove(self.folder)

    def add_user(self, address: str, password: str = "pw") -> None:
        """Create (or change) a mailbox with a password."""
        self.passwords[address] = password
        lines = [f"{name}:{{PLAIN}}{word}::::::" for name, word in self.passwords.items()]
        (self.folder / "passwd").write_text("\n".join(lines) + "\n")

    def deliver(self, raw: bytes, address: str, sender: str = "someone@client.example") -> None:
        """Put a mail into the inbox of ``address`` over LMTP."""
        with smtplib.LMTP(HOST, self.lmtp_port, timeout=30) as lmtp:
            lmtp.sendmail(sender, [address], raw)

    def client(self, address: str) -> IMAPClient:
        """A second mail client, logged in."""
        client = IMAPClient(HOST, self.port, ssl=False, timeout=30)
        client.normalise_times = False
        client.login(address, self.passwords[address])
        return client

    def raw_mails(self, address: str, folder: str = "INBOX") -> list[bytes]:
        """The bytes of every mail in a folder, in UID order; [] when the folder does not exist."""
        with self.client(address) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def doveadm(self, *arguments: str) -> str:
        """Run doveadm on this server; raises CalledProcessError."""
        command = [str(require("doveadm", PACKAGES)), "-c", str(self.folder / "dovecot.conf"), *arguments]
        return subprocess.run(
            as_user(self._user, command), check=True, capture_output=True, text=True, timeout=30
        ).stdout

    def uidvalidity_bump(self, address: str, folder: str = "INBOX", by: int = 1) -> int:
        """Give a folder a new UIDVALIDITY, as a restored or recreated mailbox has; returns the new value."""
        with self.client(address) as client:
            current = int(client.folder_status(folder, ["UIDVALIDITY"])[b"UIDVALIDITY"])
        self.doveadm("mailbox", "update", "--uid-validity", str(current + by), "-u", address, folder)
        return current + by

    def token(self, address: str, seconds: int = 3600) -> str:
        """An OAuth 2.0 access token (a JWT) with which ``address`` may log in by XOAUTH2."""
        now = int(time.time())
        head = {"alg": "HS256", "typ": "JWT", "kid": "default"}
        body = {"sub": address, "email": address, "iat": now - 5, "nbf": now - 5, "exp": now + seconds}
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in (head, body))
        return (signed + b"." + _base64url(hmac.digest(_TOKEN_SECRET, signed, hashlib.sha256))).decode()

    def log(self) -> str:
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _group(gid: int) -> str:
    return grp.getgrgid(gid).gr_name
