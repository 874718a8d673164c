"""Why delivery failed, as data: (reason, is the address dead?, the words that say so), the first that matches wins.

Phrases are casefolded, with single spaces, and looked for as substrings of a server's words without their addresses.
The order settles mails that say two things: a full mailbox is not "unavailable", a refused sender's domain that
"does not exist" is not the recipient's.
"""

from __future__ import annotations

Reasons = tuple[tuple[str, bool, tuple[str, ...]], ...]

REASONS: Reasons = (
    ("mailbox full", False, (
        "quota", "mailbox full", "mailbox_full", "mailbox is full", "mailbox was full", "mail box full",
        "inbox full", "inbox is full", "box is full", "folder is full", "mailfolder is full", "account is full",
        "full mailbox", "mailbox has exceeded", "mailbox exceed", "mailbox would exceed", "mailbox size",
        "maximum mailbox", "exceeded storage", "exceeded its storage", "storage limit", "storage space",
        "storage allocation", "insufficient storage", "not enough storage", "insufficient system storage",
        "disk space", "disk full", "diskspace", "no space left", "message store full", "store is full",
        "space has been used", "over the limit", "too much mail", "enough space", "exceeds allowed size",
        "exceeded his", "out of space", "mailbox limit", "over limit", "recipient overloaded",
        "is over the maximum", "boîte pleine", "boite pleine", "boîte aux lettres pleine", "postfach voll",
        "postfach ist voll", "buzón lleno", "buzon lleno", "casella piena", "caixa cheia", "mailbox vol",
        "skrzynka pełna", "ящик переполнен", "переполнен", "一杯", "いっぱい", "邮箱已满", "容量不足",
    )),
    ("delayed", False, ("no need to resend", "will be retried", "retry time not reached", "delivery time expired")),
    ("group closed", False, ("google groups", "google-groups", "googlegroups", "groups.google")),
    ("moved", True, (
        "has moved", "recipient moved", "user moved", "new address", "address has changed", "address changed",
        "has been replaced by", "moved to", "no longer with",
    )),
    ("nobody there", True, ("address rejected: access denied", "access denied. as(")),
    ("not now", False, ("find a gateway", "again later", "try later")),
    ("sender refused", False, (
        "sender address", "sender rejected", "sender verif", "sender denied", "sender unknown",
        "sender is not allowed", "sender not allowed", "sender domain", "sender's domain", "domain of sender",
        "sender's address", "bad sender", "invalid sender", "unresolvable sender", "unroutable sender",
        "sender does not exist", "envelope sender", "mail from must", "mail from domain", "mail from address",
        "after mail from", "reply to mail from", "not allowed to send", "not authorized to send",
        "not permitted to send", "not authorised to send", "not allowed to post", "allowed to submit",
        "accepting mail from", "accept mail from", "from address", "return address", "your address", "your domain",
        "unauthenticated", "authentication", "not authenticated", "email address is not verified", "not verified",
        " spf", "dkim", "dmarc", "does not like recipient's sender", "restricted to", "requireauthentication",
        "not have permission", "permission to send", "permission denied", "only accepts", "only accept mail",
        "your mail address", "not allowed from",
    )),
    ("no such host", True, (
        "mail exchanger", "find any host", "host or domain name not found", "null mx", "nullmx", "no such domain",
        "domain name not found", "domain not found", "host unknown", "unknown host", "accept mail", "accept email",
        "receive email", "receive mail", "nxdomain",
    )),
    ("blocked", False, (
        "blacklist", "black list", "black-list", "blocklist", "block list", "blocked", "client host", "client ip",
        "spamhaus", "spamcop", "sorbs", "barracuda", "dnsbl", " rbl", "reverse dns", "rdns", "ptr",
        "reverse lookup", "cannot find your", "can't find your", "cannot resolve your", "resolve your",
        "fix reverse", "reputation", "your ip", "weren't sent", "denied [", "access denied", "are refused",
        "configured to reject", "ip address", "invalid ip", "your host", "your server", "your mail server",
        "your mailserver", "host network", "bad helo", "helo command rejected", "ehlo", "helo/",
        "connection refused by", "too many connections", "too many errors", "rate limit", "rate-limit",
        "rate exceeded", "too fast", "throttl", "greylist", "graylist", "grey list", "frequency limited",
        "generic hostname", "dynamic", "banned",
    )),
    ("content refused", False, (
        "spam", "unsolicited", "junk mail", "bulk mail", "bulk email", "ube,", "virus", "malware", "infected",
        "phishing", "content reject", "message content", "content filter", "contentfilter", "contains a",
        "contain", "attachments", "message rejected due to", "message was rejected", "too large", "too big",
        "message size", "size limit", "maximum size", "incoming message size", "larger than",
        "exceeds the maximum", "exceeds size", "line limit", "line too long", "polic", "not compliant",
        "non-compliant", "rfc 5322", "rfc 2822", "rfc5322", "rfc2822", "header error", "invalid header",
        "multiple from", "8-bit", "8bit", "smtputf8", "media error", "compliant", "not accepted here",
        "conversion", "unwanted", "message loop", "hop count", "too many hops", "mail loop", "routing loop",
        "duplicated message-id", "inspection", "suspicious", "suspected", "rejected by the domain filter",
        "by filter", "message filtered",
    )),
    ("nobody there", True, (
        "user unknown", "unknown user", "user not found", "user is not found", "no such user", "no such person",
        "no such recipient", "no such mailbox", "no such address", "no such local", "no such email",
        "no such mail", "no such account", "no such virtual", "no such alias", "nosuchuser", "unknown address",
        "unknown recipient", "unknown account", "unknown local", "unknown mailbox", "unknown or ", "unknown email",
        "unknown e-mail", "unknown destination", "address unknown", "recipient unknown", "mailbox unknown",
        "account unknown", "mailbox not found", "account not found", "recipient not found", "address not found",
        "recipnotfound", "resolver.adr", "resolver.rst.recip", "invalid recipient", "invalid mailbox",
        "invalid address", "invalid user", "invalid local", "invalid account", "invalid email",
        "invalid final delivery", "is invalid", "incorrect address", "bad destination", "bad address",
        "bad recipient", "bad mailbox", "does not exist", "nonexistent", "non-existent", "non existent",
        "mailbox unavailable", "doesn't exist", "doesn´t exist", "don't exist", "do not exist", "not exist",
        "doesn't have a", "does not have a", "do not have a", "have an account", "not a valid", "isn't a valid",
        "not valid", "no valid", "not a known user", "is not known", "not known", "not our customer", "no mailbox",
        "no account", "no user", "there is no ", "not listed in", "is not a user", "not a user", "not have an",
        "unrouteable", "unroutable address", "undeliverable address", "not recognized", "not recognised",
        "not unique", "cannot find", "couldn't find", "could not be found", "couldn't be found", "can't find",
        "can't be found", "not be found", "wasn't found", "was not found", "no longer available",
        "no longer on server", "no longer valid", "no longer in use", "no longer accepting", "no longer exists",
        "no longer active", "no longer employed", "no longer an", "no longer have", "has left", "discontinued",
        "terminated", "account closed", "been closed", "account has been deleted", "been removed", "no matches",
        "did not exactly match", "address is correct", "check for typos", "delivery to this user", "no existe",
        "usuario desconocido", "no se encontr", "utilisateur inconnu", "destinataire inconnu", "adresse inconnue",
        "n'existe pas", "inexistant", "unbekannter empfänger", "empfänger unbekannt", "unbekannt", "nicht bekannt",
        "existiert nicht", "nicht gefunden", "utente sconosciuto", "sconosciuto", "non esiste", "não existe",
        "nao existe", "desconhecido", "onbekend", "bestaat niet", "nieznany", "nie istnieje", "не найден",
        "нет такого", "не существует", "неизвестен", "okänd", "ukendt", "ukjent", "tuntematon", "存在しません",
        "存在しない", "見つかりません", "不存在", "用户不存在", "존재하지",
    )),
    ("no such host", True, (
        "host not found", "unknown domain", "no such host", "bad host", "illegal host",
        "name or service not known", "no address associated", "resolve host", "domain is not",
        "domain has been disabled", "domain or user isn't", "no mx host", "no mx record",
    )),
    ("not now", False, (
        "temporar", "transient", "timed out", "timeout", "time out", "time-expired", "try again", "retry",
        "connection refused", "could not connect", "couldn't connect", "unable to connect", "failed to connect",
        "connect to", "establish an smtp connection", "smtp connection", "no route to host", "network",
        "unreachable", "not reachable", "cannot be reached", "could not be reached", "connection reset",
        "connection lost", "lost connection", "connection dropped", "connection was", "connection failed", "loop",
        "disabled", "suspended", "inactive", "not active", "deactivated", "on hold", "frozen", "locked", "expired",
        "queue", "unable to deliver this message after", "delivery time", "was aborted after", "giving up",
        "gave up", "attempts", "for the last", "hours", " days", "relaying", "relay access", "relay denied",
        "relay not", "to relay", "open relay", "not a relay", "relay for", "list of allowed", "busy", "overloaded",
        "load", "system error", "system failure", "internal error", "local configuration", "configuration",
        "resources", "command died", "command output", "pipe to", "x-unix;", "mailer error", "local error",
        "local problem", "certificate", "tls", "ssl", "encrypt", "not responding", "did not respond",
        "no response", "no answer", "service unavailable", "service not available", "currently unavailable",
        "unavailable or busy", "not available", "requests to connect", "hosts have been failing", "all hosts",
        "all relevant mx", "name server", "name service", "dns", "malformed", "syntax", "unknown error",
        "transaction failed", "protocol", "not implemented", "parameter", "too many", "limit exceeded", "limited",
        "limit", "not allowed", "not permitted", "prohibited", "refused to talk", "unable-to-transfer",
        "multiple auth", "security", "trust", "deferred", "delay", "bounce", "rejected by server", "administrativ",
        "prohibit", "disconnected", "closed connection", "terminated the", "out of memory", "fatal",
    )),
)  # fmt: skip

# Servers put these before any reason at all, so they count only where nothing else decides.
WEAK_REASONS: Reasons = (
    ("refused address", True, ("address rejected", "recipient rejected", "rejected recipient", "rejected address")),
)

# Wrappings that say nothing: Amazon SES puts "5.1.0 - Unknown address error" before any server's words.
NOISE: tuple[str, ...] = ("Unknown address error",)

# The server had taken the address and refused the mail itself: its "user unknown" then speaks for a filter.
AFTER_DATA: tuple[str, ...] = ("end of data", "data command", "command data", "after data")
