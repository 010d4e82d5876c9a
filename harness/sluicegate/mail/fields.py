"""Names of headers, in lower case: which stand once, which hold addresses, which send a mail elsewhere."""

from __future__ import annotations

__all__ = ["AUTHORS", "LISTS", "ONCE", "RECIPIENTS", "REPLIES", "UNSAID"]

ONCE = frozenset({
    "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject", "date",
    "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id",
    "content-description", "return-path",
})  # fmt: skip
"""RFC 5322 3.6 and RFC 2045: at most once; readers differ on which one counts."""

UNSAID = frozenset({
    "bcc", "apparently-to", "errors-to", "return-receipt-to", "disposition-notification-to", "x-confirm-reading-to",
    "mail-followup-to", "mail-reply-to", "envelope-to", "x-envelope-to", "x-rcpt-to",
})  # fmt: skip
"""Names that send a mail, or its answers, elsewhere: never without being named as allowed. `resent-…` likewise."""

RECIPIENTS = frozenset({
    "to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "apparently-to", "envelope-to",
    "x-envelope-to", "x-rcpt-to",
})  # fmt: skip
REPLIES = frozenset({
    "reply-to", "resent-reply-to", "mail-followup-to", "mail-reply-to", "disposition-notification-to",
    "return-receipt-to", "errors-to", "x-confirm-reading-to",
})  # fmt: skip
AUTHORS = frozenset({"from", "sender", "resent-from", "resent-sender"})
LISTS = RECIPIENTS | REPLIES | AUTHORS
"""Headers whose value is an address list."""
