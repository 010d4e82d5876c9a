"""Mails through the sink beside a bare aiosmtpd server: 1,000 cases, each a run with a connection of its own.

Server and client share one process held to one core. The bare server keeps the envelopes and the bytes and knows no
runs; the sink opens and closes a run for each case and makes an observation of it.
"""

from __future__ import annotations

import asyncio
import os
import smtplib
import statistics
import sys
from collections.abc import Sequence

from benchmarks.side_by_side import Goal, interleaved, verdicts

__all__ = ["measure"]

_CASES = 1_000
_LIMIT_S = 20.0
_MESSAGE = (
    b"From: Shop <shop@acme.example>\r\nTo: Ann <ann@mail.example>\r\nSubject: Re: your order\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"Your order A-17 is on its way to you.\r\n" * 40
)


def measure(runs: int = 3) -> list[Goal]:
    """The goal of the mail sink, seen now."""
    programs = {name: [sys.executable, "-m", "benchmarks.mail_sink", name] for name in ("bare", "sink")}
    costs = interleaved(programs, runs)
    wall = {name: statistics.median(cost.wall_s for cost in seen) for name, seen in costs.items()}
    print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in wall.items()) + f" for {_CASES:,} mails on one core")
    return [Goal("", f"{_CASES:,} mail cases through the sink, one core, wall", wall["sink"], _LIMIT_S, "s")]


def _deliver(host: str, port: int) -> None:
    with smtplib.SMTP(host, port) as client:
        client.sendmail("shop@acme.example", ["ann@mail.example"], _MESSAGE)


async def _bare() -> None:
    from aiosmtpd.smtp import SMTP, Envelope, Session

    kept: list[Envelope] = []

    class Keeper:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name aiosmtpd calls
            kept.append(envelope)
            return "250 OK"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keeper(), hostname="bare", loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(_CASES):
        await asyncio.to_thread(_deliver, "127.0.0.1", port)
    server.close()
    if len(kept) != _CASES:
        raise SystemExit(f"{len(kept)} of {_CASES} mails arrived")


async def _sink() -> None:
    from sluicegate.doubles import Doubles
    from sluicegate.model import Case

    doubles = Doubles(mail="strict")
    await doubles.start()
    seen = 0
    for number in range(_CASES):
        run_id = f"{number:016x}"
        host, _, port = doubles.open_run(run_id, Case(id=str(number)))["SLUICEGATE_SMTP"].rpartition(":")
        await asyncio.to_thread(_deliver, host, int(port))
        seen += len(doubles.close_run(run_id))
    await doubles.stop()
    if seen != _CASES or doubles.unattributed or doubles.late:
        raise SystemExit(f"{seen} of {_CASES} mails arrived at their run")


def main(asked: Sequence[str]) -> int:
    """One of the two programs, or the measurement with so many rounds."""
    if asked and asked[0] in ("bare", "sink"):
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        asyncio.run(_bare() if asked[0] == "bare" else _sink())
        return 0
    return verdicts(measure(*map(int, asked)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
