"""A real Postfix from a temporary configuration (root alone can start one), relaying given domains to a port."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import subprocess
from collections.abc import Mapping

from servers.ports import (
    HOST,
    end,
    free_port,
    greets,
    launch,
    missing,
    remove,
    require,
    scratch,
    wait_for_greeting,
    wait_until,
)

PACKAGES = "postfix"

_MAIN = """
compatibility_level = 3.6
config_directory = {b}/etc
queue_directory = {b}/queue
data_directory = {b}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {b}/log/mail.log
maillog_file_prefixes = {b}
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
default_transport = error:5.4.4 no route from the tests
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
local_recipient_maps =
relay_domains = {domains}
transport_maps = inline:{{ {transports} }}
smtp_host_lookup = native
lmtp_host_lookup = native
disable_dns_lookups = yes
smtp_tls_security_level = none
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
message_size_limit = 104857600
default_destination_recipient_limit = 50
recipient_delimiter = +
bounce_queue_lifetime = 5d
{extra}
"""

_MASTER = """
{port}    inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
smtp      unix  - - n - - smtp
lmtp      unix  - - n - - lmtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
showq     unix  n - n - - showq
proxymap  unix  - - n - - proxymap
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Started on creation, gone after ``close()``.

    ``relay`` maps a domain to where its mail goes: ``{"desk.example": "smtp:127.0.0.1:2525"}`` or
    ``"lmtp:127.0.0.1:2424"``, ``"discard:"``, ``"error:5.1.1 no such user"``; ``extra`` is added to main.cf.
    Unknown domains are refused: nothing ever leaves this machine.
    """

    host = HOST

    def __init__(self, relay: Mapping[str, str], extra: str = "") -> None:
        if os.geteuid() != 0:
            missing("Postfix can be started by root alone: run the tests as root")
        self._binary = require("postfix", PACKAGES)
        self.port = free_port()
        self.folder = scratch("postfix")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._write(relay, extra)
            self.start()
        except BaseException:
            self.close()
            raise

    def _write(self, relay: Mapping[str, str], extra: str) -> None:
        self.folder.chmod(0o755)
        for part in ("etc", "queue", "data", "log"):
            (self.folder / part).mkdir()
        user = pwd.getpwnam("postfix")
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        daemons = subprocess.run(
            ["postconf", "-d", "-h", "daemon_directory"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
        text = _MAIN.format(
            b=self.folder,
            daemons=daemons,
            domains=" ".join(relay),
            transports=", ".join(f"{{ {domain} = {_transport(target)} }}" for domain, target in relay.items()),
            extra=extra,
        )
        (self.folder / "etc/main.cf").write_text(text)
        (self.folder / "etc/master.cf").write_text(_MASTER.format(port=f"127.0.0.1:{self.port}"))

    def start(self) -> None:
        command = [str(self._binary), "-c", str(self.folder / "etc"), "start-fg"]
        self._process = launch(command, self.folder / "log/output.log")
        wait_for_greeting(self._process, self.port, b"220", self.folder / "log/output.log")

    def stop(self) -> None:
        """Stop it; the queue stays."""
        if self._process is not None:
            command = [str(self._binary), "-c", str(self.folder / "etc"), "stop"]
            with contextlib.suppress(subprocess.TimeoutExpired):  # then it is ended without being asked
                subprocess.run(command, capture_output=True, timeout=30)
            end(self._process)
            self._process = None
            wait_until(lambda: not greets(self.port, b"220"), "Postfix's end")

    def close(self) -> None:
        """Stop, and remove everything."""
        self.stop()
        remove(self.folder)

    def queue(self) -> list[str]:
        """Queue ids of mail that has not been delivered."""
        command = ["postqueue", "-c", str(self.folder / "etc"), "-j"]
        output = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
        return re.findall(r'"queue_id": "([^"]+)"', output)

    def flush(self) -> None:
        """Try every deferred mail now."""
        subprocess.run(["postqueue", "-c", str(self.folder / "etc"), "-f"], capture_output=True, timeout=30)

    def log(self) -> str:
        path = self.folder / "log/mail.log"
        return path.read_text(errors="replace") if path.exists() else ""


def _transport(target: str) -> str:
    """ "smtp:host:port" in transport(5)'s form; lmtp needs "inet:", smtp needs brackets against MX look-ups."""
    kind, _, where = target.partition(":")
    host, _, port = where.rpartition(":")
    if kind == "lmtp":
        return f"lmtp:inet:{host}:{port}"
    return f"smtp:[{host}]:{port}" if kind == "smtp" else target
