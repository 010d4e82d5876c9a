"""Who a trial is to everything outside: its run id and its trace."""

from __future__ import annotations

from hashlib import sha256

__all__ = ["identity"]


def identity(nonce: str, case_id: str, repeat: int) -> tuple[str, str]:
    """Run id (16 hexadecimal digits) and W3C traceparent, whose trace id begins with it.

    Derived from nonce, case and repeat alone, so that a resumed run gives a trial the identity it had.
    """
    digest = sha256(f"{nonce}\0{case_id}\0{repeat}".encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:16], f"00-{digest[:32]}-{digest[32:48]}-01"
