"""The watcher of one mailbox: one thread, one connection, back again after whatever happens to it.

A session is: connect, log in, select, scan, then wait in IDLE and scan again after every wake and time-out.
"""

from __future__ import annotations

import random as randomness
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gateway import config, log
from gateway.errors import GatewayError, Temporary
from gateway.inbound.imap_intake import Accepts, Cursors, Intake, Memory
from gateway.inbound.imap_link import Link, LoginRefused, Lost, No, NoSuchPlace
from gateway.inbound.imap_open import Login
from gateway.inbound.imap_probe import probe
from gateway.inbound.imap_scan import pause
from gateway.inbound.imap_wire import Interrupted, Pulse
from gateway.oauth import TokenRefused, TokenUnavailable

__all__ = ["Accepts", "Cursors", "ImapWatcher", "probe"]

IDLE_SECONDS = 240.0
"""One IDLE: below the 29 minutes of RFC 2177 and below what NAT boxes and balancers forget."""
_SETTLED_SECONDS = 30.0
"""A connection that lived so long was a success; a shorter one does not reset the back-off."""
_REPORT_SECONDS = 30.0
_NOTEWORTHY = frozenset({"IDLE", "MOVE", "UIDPLUS", "NAMESPACE"})
_NO_IDLE_SECONDS = 3600.0
_FALSE_ALARM_SECONDS = 1.0
"""Some servers announce at every IDLE what has long been there; without a pause we would do nothing else."""


class ImapWatcher:
    """A service (see gateway.service). ``resolve`` makes paths of the configuration absolute."""

    def __init__(
        self,
        settings: config.InboundImap,
        door: Accepts,
        cursors: Cursors,
        *,
        password: Callable[[], str | None],
        resolve: Callable[[Path], Path] = Path,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self.name = f"imap:{settings.name}"
        self._settings, self._door, self._cursors = settings, door, cursors
        self._login = Login(settings, password, resolve)
        self._random = random
        self._memory = Memory()
        self._failures = 0
        self._polls_until = 0.0
        self._reported_at = float("-inf")

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch until ``stop`` is set. Nothing that the server or the store does ends it."""
        pulse = Pulse(stop, beat)
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._session(pulse)
                self._failures = 0
            except Interrupted:
                return
            except Exception as error:  # noqa: BLE001 - whatever it was: discard the connection, wait, begin again
                if time.monotonic() - began > _SETTLED_SECONDS:
                    self._failures = 0
                self._failures += 1
                pulse.sleep(self._failed(error))

    def _session(self, pulse: Pulse) -> None:
        """Until we are told to stop or a token is about to expire; every failure is raised."""
        link, ends_at = self._login.open(pulse)
        try:
            intake = Intake(self._settings, link, self._door, self._cursors, self._memory, pulse)
            log.imap_connected(self._settings.name, sorted(link.capabilities & _NOTEWORTHY))
            self._reported_at = float("-inf")
            woken = False
            while not pulse.stop.is_set() and (ends_at is None or time.monotonic() < ends_at):
                taken = intake.scan()
                self._report_ok()
                if woken and not taken:
                    pulse.sleep(_FALSE_ALARM_SECONDS)
                woken = self._wait(link, IDLE_SECONDS if ends_at is None else ends_at - time.monotonic())
            link.logout()
        finally:
            link.close()

    def _wait(self, link: Link, at_most: float) -> bool:
        """Returns whether the server spoke of new mail."""
        seconds = min(IDLE_SECONDS, float(self._settings.scan_interval), at_most)
        idle = self._settings.idle and time.monotonic() > self._polls_until and "IDLE" in link.capabilities
        try:
            link.listen(seconds, idle=idle)
        except No as refusal:
            self._polls_until = time.monotonic() + _NO_IDLE_SECONDS
            log.imap_idle_refused(self._settings.name, self._clean(refusal.cause))
            raise Lost(refusal.cause) from None
        return link.news

    # --- telling others

    def _report_ok(self) -> None:
        if time.monotonic() - self._reported_at > _REPORT_SECONDS:
            self._cursors.mailbox_ok(self._settings.name)
            self._reported_at = time.monotonic()

    def _failed(self, error: Exception) -> float:
        """Tell what went wrong; returns the seconds to wait."""
        theirs = isinstance(error, (Lost, No, LoginRefused, NoSuchPlace, TokenRefused, TokenUnavailable))
        refused = isinstance(error, (LoginRefused, TokenRefused))
        reason = self._clean(error.cause if isinstance(error, GatewayError) else f"{type(error).__name__}: {error}")
        seconds = pause(self._failures, self._random(), login_refused=refused, ours=not theirs)
        log.imap_lost(self._settings.name, reason, seconds)
        if not isinstance(error, GatewayError):
            log.service_failed(self.name, error)
        self._strike(error, reason)
        self._tell_store(reason, theirs=theirs or not isinstance(error, Temporary))
        return seconds

    def _strike(self, error: Exception, reason: str) -> None:
        """The connection broke while a message was fetched: is it always the same one?"""
        uid, self._memory.in_hand = self._memory.in_hand, 0
        if uid and isinstance(error, (Lost, No)):
            strikes = self._memory.strikes.strike(uid, time.monotonic())
            if strikes >= 3:
                log.imap_message_unreadable(self._settings.name, uid, strikes, reason)

    def _tell_store(self, reason: str, *, theirs: bool) -> None:
        if not theirs:
            return  # the store itself is what fails
        try:
            self._cursors.mailbox_failed(self._settings.name, reason)
        except Exception as error:  # noqa: BLE001 - that the store is down too must not end the watcher
            log.service_failed(self.name, error)

    def _clean(self, text: str) -> str:
        """A server's words for the log and the admin: one short line without our credentials."""
        return "".join(ch if ch.isprintable() else " " for ch in self._login.redact(text))[:300]
