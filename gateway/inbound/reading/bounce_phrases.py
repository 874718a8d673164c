"""What bounces say, as data: openings of the returned mail, words before an address, signs of a delay.

All phrases are casefolded, with single spaces.
"""

from __future__ import annotations

RETURNED_MAIL: frozenset[str] = frozenset(
    {
        "original message", "original message follows", "original mail as follows", "original message header",
        "original message headers", "original headers", "original mail message", "the original message",
        "the original message follows", "message header follows", "message headers follow", "message headers",
        "message text follows", "unsent message follows", "unsent message below", "returned message",
        "returned mail follows", "returned message follows", "undelivered message follows", "undelivered message",
        "your original message", "your original message headers", "original message as received is as follows",
        "your message reads (in part)", "a copy of the original message below this line",
        "a summary of the undelivered message you sent follows", "attachment is a copy of the message",
        "here is your original message", "original mail info", "original mail", "message header", "message body",
        "below this line is a copy of the message", "below this line is the original bounce",
        "this is a copy of the message", "this is a copy of the message, including all the headers",
        "this is a copy of your message", "this is a copy of your message, including all the headers",
        "this is a copy of the headers of the original message", "the header of the original message is following",
        "the body of the original message is following", "a copy of the original message",
        "a copy of the message follows", "here is a copy of the message", "the following is a copy of the message",
        "content of the original message", "start of message", "start of returned message", "mail header follows",
        "mail follows", "header follows", "the header and top 20 lines of the message follows",
        "text of your mail follows", "text of your message", "transcript of message follows",
        "included is a copy of the message header", "rejected message", "failed message", "forwarded message",
        "ursprüngliche nachricht", "originalnachricht", "message original", "mensaje original",
        "исходное сообщение",
    }
)  # fmt: skip

# Words that, right before an address, say that it is the one that failed.
LEADS: tuple[str, ...] = (
    "unknown user", "user unknown", "invalid final delivery userid", "invalid address", "exceeds allowed size",
    "delivery failed", "delivery to", "deliver to", "deliver mail to", "deliver message to",
    "deliver your message to", "deliver the message to", "deliver to address", "delivered to",
    "delivered to recipient", "delivery failed to recipient", "failed recipient", "failed recipients",
    "failed addresses follow", "failed address", "failed to", "intended recipient", "intended recipients",
    "recipient", "recipients", "recipient address", "rejected recipient", "rcpt to", "rcpt_to", "your message to",
    "message to", "your mail to", "your email to", "mail to", "email to", "sent to", "send to",
    "send your message to", "destination", "addressed to", "was addressed", "addressed to email address", "error-for",
    "generated from", "expanded from", "to", "user", "account", "address", "addresses", "mailbox",
    "could not reach", "to whom", "destinataire", "destinatario", "empfänger", "para", "an", "получатель", "宛先",
    "收件人", "receiver",
)  # fmt: skip

# Words that, right before an address, say that it is somebody else.
AWAY: tuple[str, ...] = (
    "contact", "from", "mail from", "sender", "reply-to", "return-path", "errors-to", "message-id", "message id",
    "cc", "mailto", "e-mail us at", "email us at", "write to", "send mail to", "send e-mail to", "send email to",
    "assistance", "help", "please contact", "postmaster at", "for", "by", "using", "forward this message to",
    "questions to", "report to", "in-reply-to", "references", "your address", "subscribe",
)  # fmt: skip

DELAYED: tuple[str, ...] = (
    "warning message only", "warning only", "do not need to resend", "don't need to resend", "not need to resend",
    "no need to resend", "has been delayed", "was delayed", "delivery delayed", "delivery is delayed",
    "delivery status notification (delay)", "delivery of message delayed", "mail delayed", "delayed mail",
    "message delayed", "still being retried", "will keep trying", "will continue to try", "will continue trying",
    "will try again", "will be retried", "we will retry", "continue to be attempted", "attempts will continue",
    "delivery attempts will continue", "will be attempted", "not yet been delivered", "has not yet been",
    "have not yet been", "not been delivered yet", "could not send message for past", "delivery will be retried",
    "temporary non-fatal errors", "transient non-fatal errors", "hasn't been delivered yet", "verzögert",
    "retardée", "retrasado", "задерж",
)  # fmt: skip

# Words between the address that failed and the one that was written to.
ORIGINS: tuple[str, ...] = ("expanded from", "generated from", "originally addressed to", "originally to")
