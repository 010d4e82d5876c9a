"""What a run is to do, from where Locust was started: a job file, a plan, or no more than a host and some cases."""

from __future__ import annotations

import secrets
from argparse import Namespace
from hashlib import sha256
from pathlib import Path

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, decode, encode
from sluicegate.plan.cases import read_cases
from sluicegate.plan.load import LoadJob, Profile
from sluicegate.plan.types import HttpTarget

__all__ = ["PLAIN", "digest_of_job", "given_job", "plain_job", "read_job", "written_job"]

PLAIN = "(users)"
"""Name of the profile that is none, which no plan can give: as many users as Locust is asked for, until it stops."""


def given_job(options: Namespace) -> bytes | None:
    """The job of `--job`, or of `--plan` and the `--load-profile` it may have others beside; None without.

    Raises InputError.
    """
    if options.job:
        try:
            return Path(options.job).read_bytes()
        except OSError as error:
            raise InputError(Fault(where=options.job, what=f"the job cannot be read: {error.strerror}.")) from None
    if not options.plan:
        return None
    from sluicegate.session.load import job_for

    return written_job(job_for(Path(options.plan), options.load_profile, shards=Path(options.shards).resolve()))


def plain_job(options: Namespace, host: str | None) -> bytes:
    """A job without a profile, for users as Locust spawns them. Raises InputError."""
    if not host:
        mend = "Add --host http://127.0.0.1:8000/draft, or --plan PLAN --load-profile NAME."
        raise InputError(Fault(where="--host", what="nobody says where the requests go.", mend=mend))
    cases = tuple(read_cases([Path(options.cases)])) if options.cases else (Case(id="get"),)
    target = HttpTarget(url=host, method="POST" if options.cases else "GET")
    return written_job(
        LoadJob(
            nonce=secrets.token_hex(16),
            target=target,
            profile=Profile(name=PLAIN),
            cases=cases,
            shards=str(Path(options.shards).resolve()),
            allow=tuple(options.allow or ()),
        )
    )


def written_job(job: LoadJob) -> bytes:
    """The job as its bytes, which its digest is of."""
    return orjson.dumps(encode(job))


def read_job(said: bytes) -> LoadJob:
    """The job that these bytes are. Raises InputError."""
    try:
        plain = orjson.loads(said)
    except orjson.JSONDecodeError as error:
        raise InputError(Fault(where="load", what=f"the job is no JSON ({error}).")) from None
    return decode(LoadJob, plain, "the job")


def digest_of_job(said: bytes) -> str:
    """SHA-256 of a job's bytes."""
    return sha256(said).hexdigest()
