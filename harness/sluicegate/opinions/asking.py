"""Asking a judge model: over an OpenAI-compatible endpoint, each prompt once, within a budget."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sluicegate.checks.check import PriceOf
from sluicegate.errors import Fault, InputError, printable
from sluicegate.frozen import frozen
from sluicegate.model import Json, canonical, digest_of, parse
from sluicegate.opinions.program import Invalid, Program
from sluicegate.opinions.questions import SUPPORTED, Question, controls

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Budget", "Endpoint", "Judge", "Judged", "Opinion", "Store"]

_TRIES = 3
_TIMEOUT_S = 60
_MOST_WAIT_S = 20.0
_MOST_WORDS = 400
"""Tokens of an answer."""
_AT_ONCE = 8
_SHORTEST_QUOTE = 3


@frozen
class Opinion:
    """What the judge makes of one question."""

    id: str
    supported: bool | None
    """None: it gave no opinion, and `why` says why. Neither good nor bad."""
    quote: str = ""
    why: str = ""
    """Why there is none, or why a `supported` was not taken."""
    stored: bool = False


@frozen
class Judged:
    """All opinions of one run."""

    opinions: tuple[Opinion, ...]
    fooled: tuple[str, ...]
    """Controls, statements that are wrong for sure, on which the judge said `supported`, or nothing."""
    calls: int
    spent_microusd: int | None
    """None where the model has no price."""

    @property
    def silent(self) -> tuple[Opinion, ...]:
        """Questions without an opinion."""
        return tuple(opinion for opinion in self.opinions if opinion.supported is None)

    @property
    def flagged(self) -> int:
        """Statements found unsupported."""
        return sum(opinion.supported is False for opinion in self.opinions)


@frozen
class Endpoint:
    """Where the model is. The key is never shown."""

    base: str
    key: str

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Endpoint:
        """By OPENAI_BASE_URL and OPENAI_API_KEY; with a key alone, the vendor's. Raises InputError without either."""
        base, key = environment.get("OPENAI_BASE_URL", ""), environment.get("OPENAI_API_KEY", "")
        if not base and not key:
            mend = "Set OPENAI_BASE_URL to any endpoint of that protocol, and OPENAI_API_KEY where it wants one."
            raise InputError(Fault(where="OPENAI_BASE_URL", what="no judge model can be reached.", mend=mend))
        return cls(base=(base or "https://api.openai.com/v1").rstrip("/"), key=key)


class Budget:
    """How many calls, and how much money. The worst a call may cost is set aside before it is made."""

    def __init__(self, *, calls: int, microusd: int | None = None) -> None:
        self.calls = calls
        self.microusd = microusd
        self.made = 0
        self.spent = 0
        self._aside = 0

    def take(self, worst: int) -> bool:
        """Set a call aside; False where it does not fit."""
        if self.made >= self.calls:
            return False
        if self.microusd is not None and self.spent + self._aside + worst > self.microusd:
            return False
        self.made += 1
        self._aside += worst
        return True

    def settle(self, worst: int, cost: int) -> None:
        """What it did cost."""
        self._aside -= worst
        self.spent += cost


class Store:
    """Answers by the digest of model and prompt, a file each. One that cannot be read is asked for again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, digest: str) -> str | None:
        """The answer stored under a digest."""
        try:
            said = parse(self._path(digest).read_bytes())
        except (OSError, ValueError):
            return None
        text = said.get("text") if isinstance(said, Mapping) and said.get("digest") == digest else None
        return text if isinstance(text, str) else None

    def write(self, digest: str, text: str) -> None:
        """Keep an answer; in one step, so that nobody reads half of one."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(canonical({"digest": digest, "text": text}))
        os.replace(beside, path)

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.json"


class _NoAnswer(Exception):  # noqa: N818 - an event that becomes an opinion without a verdict
    """Why the model was not heard."""


class Judge:
    """One program on one model."""

    def __init__(
        self, program: Program, model: str, *, endpoint: Endpoint, store: Store, budget: Budget, price_of: PriceOf
    ) -> None:
        """Raises InputError for a limit of money on a model without a price."""
        self.program = program
        self.model = model
        self._endpoint, self._store, self._budget, self._price_of = endpoint, store, budget, price_of
        self._room = asyncio.Semaphore(_AT_ONCE)
        if budget.microusd is not None and price_of(model, 1, 1) is None:
            mend = "Leave the limit of money out, or run: pip install 'sluicegate[prices]'"
            raise InputError(Fault(where="--max-usd", what=f"'{model}' has no known price.", mend=mend))

    async def ask(self, questions: Sequence[Question], *, seed: int = 0) -> Judged:
        """Every question, and with them the controls, which look like any other."""
        import aiohttp

        wrong = controls(questions, seed)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        headers = {"authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as http:
            said = await asyncio.gather(
                *(self._opinion(http, question) for question in questions),
                *(self._opinion(http, question, anew=True) for question in wrong),
            )
        own, checked = said[: len(questions)], said[len(questions) :]
        priced = self._price_of(self.model, 1, 1) is not None
        return Judged(
            opinions=tuple(own),
            fooled=tuple(opinion.id for opinion in checked if opinion.supported is not False),
            calls=self._budget.made,
            spent_microusd=self._budget.spent if priced else None,
        )

    async def _opinion(self, http: aiohttp.ClientSession, question: Question, *, anew: bool = False) -> Opinion:
        """The stored answer, or a new one. A control is asked each time: a stored answer shows nothing of today."""
        chat = self.program.messages({"evidence": question.evidence, "statement": question.statement})
        body: dict[str, Json] = {
            "model": self.model, "messages": list(chat), "temperature": 0, "max_tokens": _MOST_WORDS,
        }  # fmt: skip
        digest = digest_of(body)
        text = None if anew else self._store.read(digest)
        stored = text is not None
        try:
            if text is None:
                async with self._room:
                    text = await self._answer(http, body)
            opinion = _read(self.program, question, text)
        except (_NoAnswer, Invalid) as none:
            return Opinion(id=question.id, supported=None, why=printable(str(none))[:200])
        if not stored:
            self._store.write(digest, text)
        return Opinion(
            id=opinion.id, supported=opinion.supported, quote=opinion.quote, why=opinion.why, stored=stored
        )  # fmt: skip

    async def _answer(self, http: aiohttp.ClientSession, body: Mapping[str, Json]) -> str:
        """One whole completion, tried a few times. Raises _NoAnswer."""
        why = ""
        for turn in range(_TRIES):
            try:
                return await self._once(http, body)
            except _Passing as passing:
                why = str(passing)
                wait = 0.2 * 2**turn if passing.wait_s is None else passing.wait_s
                if turn + 1 == _TRIES or wait > _MOST_WAIT_S:
                    break
                await asyncio.sleep(wait)
        raise _NoAnswer(why)

    async def _once(self, http: aiohttp.ClientSession, body: Mapping[str, Json]) -> str:
        import aiohttp

        # A token is a byte at least; so this is never too little.
        worst = self._price_of(self.model, len(canonical(body)), _MOST_WORDS) or 0
        if not self._budget.take(worst):
            raise _NoAnswer("the budget is used up")
        cost = worst
        try:
            async with http.post(f"{self._endpoint.base}/chat/completions", json=body) as response:
                text, status = await response.text(errors="replace"), response.status
                later = response.headers.get("retry-after", "")
            if status != 200:
                cost = 0
                raise _refused(status, later)
            said = json.loads(text)
            if usage := said.get("usage"):
                tokens = (max(int(usage[name]), 0) for name in ("prompt_tokens", "completion_tokens"))
                cost = self._price_of(self.model, *tokens) or 0
            choice = said["choices"][0]
            content = choice["message"]["content"]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _Passing(f"no answer ({type(error).__name__})") from None
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            raise _Passing("the answer is no completion") from None
        finally:
            self._budget.settle(worst, cost)
        if choice.get("finish_reason") != "stop" or not isinstance(content, str) or not content:
            raise _NoAnswer(f"the answer is not whole ({choice.get('finish_reason')})")
        return content


class _Passing(Exception):  # noqa: N818 - as above
    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def _refused(status: int, later: str) -> Exception:
    """What a status means: some pass by, others are the caller's own fault."""
    if status in (408, 409, 429) or status >= 500:
        return _Passing(f"status {status}", float(later) if later.replace(".", "", 1).isdigit() else None)
    return _NoAnswer(f"status {status}")


def _read(program: Program, question: Question, text: str) -> Opinion:
    """The opinion in an answer. Raises Invalid. Without words of the evidence nothing is supported."""
    said = program.parsed(text)
    verdict, quote = said["verdict"].strip(), said["quote"].strip().strip('"“”')
    if verdict not in (field_options := program.signature.outputs[-1].options):
        raise Invalid(f"the verdict is none of {', '.join(field_options)}")
    if verdict != SUPPORTED:
        return Opinion(id=question.id, supported=False, quote=quote)
    if not _stands(quote, question.evidence):
        why = "its quote does not stand in the evidence" if quote else "it quotes nothing"
        return Opinion(id=question.id, supported=False, quote=quote, why=why)
    return Opinion(id=question.id, supported=True, quote=quote)


def _stands(quote: str, evidence: str) -> bool:
    """Letter by letter, runs of blanks aside."""
    words = " ".join(quote.split())
    return len(words) >= _SHORTEST_QUOTE and words in " ".join(evidence.split())
