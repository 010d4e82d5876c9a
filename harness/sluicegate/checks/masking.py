"""What may be shown of an output: personal data and secrets masked, control characters visible, cut to a length.

Masking errs on the side of hiding. It is no detector: the pii suite counts leaks, this room only keeps excerpts safe to
print. Every pattern scans its text a bounded number of times, so hostile text costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import takewhile

from sluicegate.checks.controls import has_controls, readings
from sluicegate.errors import printable
from sluicegate.pii.iban import IBAN_LENGTHS

__all__ = ["mask", "mask_secrets", "masked", "mod97_holds"]

_WINDOW = 4096
"""Characters looked at for one excerpt."""
_MARGIN = 256
"""A value cut in half by the window's end is not recognised, so this much of the masked end is not shown."""

_SEP = r"[\s.\-/\u00ad\u2010-\u2015\u2212\u200b-\u200d\u2060\ufeff]"
"""What people and attackers put between the digits of one number."""


def masked(text: str, limit: int = 200) -> str:
    """One printable line of at most `limit` characters, with personal data and secrets masked.

    Control, separator and bidi characters, line breaks included, are shown as escapes; what is cut ends in "…".
    """
    whole = len(text) <= _WINDOW
    shown = _visible(mask(text)) if whole else _visible(mask(text[:_WINDOW])[:-_MARGIN]) + "…"
    return shown if len(shown) <= limit else shown[: max(limit - 1, 0)] + "…"


def mask(text: str) -> str:
    """`text` with mail addresses, phones, cards, IBANs, social security numbers and secrets masked, nothing cut.

    What stands behind a colour or has one in its middle is masked like what stands alone, whether the control
    sequence is there as such or was already written as an escape.
    """
    return _masked(text, len(_STEPS))


def mask_secrets(text: str, *, mails: bool = True) -> str:
    """`text` with keys, tokens and passwords masked, and with `mails` the mail addresses: for what is kept for ever.

    Numbers stay: a statement may name an order, or the digest of a document.
    """
    return _masked(text, _SECRETS + mails)


def _masked(text: str, steps: int) -> str:
    """By the first `steps` steps."""
    if has_controls(text):
        return _replaced(text, [span for reading, places in readings(text) for span in _hidden(reading, places, steps)])
    if not _SUSPECT.search(text):
        return text
    for pattern, replace in _steps()[:steps]:
        text = pattern.sub(replace, text)
    return text


def mod97_holds(iban: str) -> bool:
    """Whether an IBAN, without separators and in upper case, carries its ISO 7064 check digits."""
    return int("".join(str(int(ch, 36)) for ch in iban[4:] + iban[:4])) % 97 == 1


def _hidden(text: str, places: Sequence[int], steps: int) -> Iterator[tuple[int, int, str]]:
    """Spans that are masked, as places, and what stands for each: what the steps change, without what they keep."""
    if not _SUSPECT.search(text):
        return
    for pattern, replace in _steps()[:steps]:
        parts: list[str] = []
        kept: list[int] = []
        last = 0
        for found in pattern.finditer(text):
            new = found.expand(replace) if isinstance(replace, str) else replace(found)
            if new == found[0]:
                continue
            start = found.start() + sum(
                1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(new, found[0], strict=False))
            )
            new = new[start - found.start() :]
            yield places[start], places[found.end() - 1] + 1, new
            parts += (text[last:start], new)
            kept += (*places[last:start], *[places[start]] * len(new))
            last = found.end()
        if parts:
            text, places = "".join((*parts, text[last:])), [*kept, *places[last:]]


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    """`text` with every span replaced; of spans that touch, the first says by what."""
    parts: list[str] = []
    last = 0
    for start, end, new in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= last:
            parts += (text[last:start], new)
        last = max(last, end)
    return "".join((*parts, text[last:]))


def _visible(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _mail(found: re.Match[str]) -> str:
    return f"***@{found['domain'][0]}***"


def _kept_keyword(found: re.Match[str]) -> str:
    return f"{found['keep']}[secret]"


def _iban(found: re.Match[str]) -> str:
    run = found[0]
    places = [index for index, ch in enumerate(run) if ch.isalnum()]
    length = IBAN_LENGTHS.get(run[:2].upper())
    for size in (length,) if length else range(min(len(places), 34), 14, -1):
        if size > len(places):
            continue
        end = places[size - 1] + 1
        # Where the country says no length the number ends where a word ends: "is" after it must not lend its "i".
        if length is None and run[end : end + 1].isalnum():
            continue
        compact = "".join(run[index] for index in places[:size]).upper()
        if compact.isascii() and mod97_holds(compact):
            return "[iban]" + run[end:]
    return run


def _international(found: re.Match[str]) -> str:
    """A run of digits that begins with 00 is the number of an order as well; a phone has a plus or is in groups."""
    return found[0] if found[0].isdigit() else "[phone]"


def _national(found: re.Match[str]) -> str:
    """Nine digits or more behind a leading zero; fewer are a date, and a date may have its hour behind it."""
    number = found[0]
    is_time = found.string[found.end() : found.end() + 1] == ":" and _DATE.match(number) is not None
    return "[phone]" if sum(ch.isdigit() for ch in number) >= 9 and not is_time else number


_DATE = re.compile(r"0[1-9]([./-])(?:0[1-9]|1[0-2])\1(?:19|20)\d\d\s[0-2]\d\Z")


def _digits(found: re.Match[str]) -> str:
    """A run of digits and separators with the cards in it masked."""
    run, last = found[0], 0
    parts: list[str] = []
    for start, end in _cards(run):
        parts += [run[last:start], "[card]"]
        last = end
    return "".join([*parts, run[last:]])


def _cards(run: str) -> list[tuple[int, int]]:
    """Spans of Luhn-valid card numbers of 12 to 19 digits that begin and end with a group of the run."""
    places = [index for index, ch in enumerate(run) if ch.isdigit()]
    spans: list[tuple[int, int]] = []
    sums: tuple[list[int], list[int]] | None = None
    start = 0
    while start + 12 <= len(places):
        at = places[start]
        if at and run[at - 1].isdigit():
            start += 1
            continue
        sums = sums or _luhn_sums([int(run[index]) for index in places])
        end = _card_end(run, places, start, sums)
        if end is None:
            start += 1
            continue
        spans.append((at, places[end - 1] + 1))
        start = end
    return spans


def _luhn_sums(digits: Sequence[int]) -> tuple[list[int], list[int]]:
    """Sums up to each digit, those at odd places doubled, and those at even ones: what any run within comes to."""
    sums: tuple[list[int], list[int]] = ([0], [0])
    for index, digit in enumerate(digits):
        doubled = 2 * digit if digit < 5 else 2 * digit - 9
        sums[0].append(sums[0][-1] + (doubled if index % 2 else digit))
        sums[1].append(sums[1][-1] + (digit if index % 2 else doubled))
    return sums


def _card_end(run: str, places: list[int], start: int, sums: tuple[list[int], list[int]]) -> int | None:
    prefix = "".join(str(int(run[index])) for index in places[start : start + 4])
    if not _ISSUERS.match(prefix):
        return None
    # Only Maestro has cards of twelve digits.
    for size in range(min(19, len(places) - start), 11 if prefix[0] in "56" else 12, -1):
        end = start + size
        after = places[end - 1] + 1
        if after < len(run) and run[after].isdigit():
            continue
        single = sums[(end - 1) % 2]  # the last digit is not doubled
        if (single[end] - single[start]) % 10 == 0:
            return end
    return None


_ISSUERS = re.compile(r"2(?:20[0-4]|2[2-9]|[3-6]|7[01]|720)|3[04-9]|4|5|6")
"""First digits of payment cards; years, timestamps and most order numbers begin otherwise and stay readable."""

_KEYWORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|api[_\- ]?key|access[_\- ]?key|private[_\- ]?key|client[_\- ]?secret|"
    r"(?:access|auth|refresh|bearer|session|id)?[_\- ]?token|authorization|credentials?|пароль"
)

_Replace = Callable[[re.Match[str]], str] | str
_STEPS: tuple[tuple[str, _Replace], ...] = (
    (
        r"(?s)-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?!-----END).)*+(?:-----END[^\n]{0,40})?",
        "[secret]",
    ),
    # Authorization schemes, whatever comes before them.
    (r"(?i)(?P<keep>(?<!\w)(?:bearer|basic)\s{1,8})[\w.~+/=\-]{8,}+", _kept_keyword),
    # Credentials inside a URL.
    (r"(?P<keep>://)[^\s/@:]{0,256}:[^\s/@]{1,256}(?=@)", _kept_keyword),
    # Keys that name themselves by a prefix: OpenAI, Anthropic, Stripe, AWS, GitHub, GitLab, Slack, Google, npm, JWT.
    (
        (
            r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk)[-_](?=[\w\-]{16})[\w\-]++|npm_\w{16,}+|hf_\w{16,}+|ya29\.[\w\-]{10,}+)"
            # These are told by no word before them, so that one put before them hides nothing.
            r"|(?:(?:AKIA|ASIA)[A-Z0-9]{12,}+|gh[pousr]_\w{16,}+|github_pat_\w{16,}+|glpat-[\w\-]{16,}+"
            r"|xox[abeoprs]-[\w\-]{8,}+|AIza[\w\-]{20,}+|eyJ[\w\-]{8,}+(?:\.[\w\-]*+){0,2})"
        ),
        "[secret]",
    ),
    # "password: x", "api_key=x", `"token": "x"`, "my password is x".
    (
        (
            rf"(?i)(?P<keep>(?<![a-zа-я])(?:{_KEYWORDS})[\"']?(?:\s{{0,8}}[:=]|\s{{1,8}}is\s)\s{{0,8}}[\"']?)"
            r"(?!\[secret\])(?:(?:bearer|basic)\s)?[^\s\"',;]{4,}+"
        ),
        _kept_keyword,
    ),
    (
        (
            r"(?:(?<![\w.+'\-])[\w.+'\-]++%40|(?<![\w.+%'\-])[\w.+%'\-]++(?:\"[^\"\n]{0,64}\")?@)"
            r"(?P<domain>[^\W_](?:[\w\-]|\.(?=\w))*+)"
            # Another one right behind it: `a@x.test%2Cb@y.test`.
            r"(?:[.+%'\-][\w.+%'\-]{0,64}+@[^\W_](?:[\w\-]|\.(?=\w))*+)*+"
        ),
        _mail,
    ),
    (rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}\d{{2}}(?:{_SEP}{{0,2}}[A-Za-z0-9]){{11,30}}+", _iban),
    (r"(?<![\d\-])\d{3}([- ])\d{2}\1\d{4}(?![\d\-])", "[ssn]"),
    (r"(?i)(?P<keep>\b(?:ssn|social security)\b\D{0,20})\d{9}(?!\d)", r"\g<keep>[ssn]"),
    (rf"(?<!\d)\d(?:{_SEP}{{0,3}}\d)++", _digits),
    # International, then area code in brackets, then 3-3-4, then national with a leading zero or eight, then by a cue.
    (
        r"(?<![\d+])(?:\+|00(?=[1-9]))(?:[ ().\-/\u2010-\u2015\u00a0]{0,3}\d){7,15}(?!\d)",
        _international,
    ),
    (
        r"(?<!\d)(?:[18][\s\-.]?)?\(\d{2,5}\)[\s\-.]{0,2}\d{2,4}(?:[\s\-.]{0,2}\d{2,4}){1,3}(?!\d)",
        "[phone]",
    ),
    (r"(?<![\d\-])(?:[18][\s\-.])?[2-9]\d{2}([\s\-.])\d{3}\1\d{2}[\s\-.]?\d{2}(?![\d\-])", "[phone]"),
    (r"(?<![\d\-.])(?<!\d\s)0\d{1,4}(?:[\s\-/.]\d{2,8}){1,4}(?![\d\-])", _national),
    (
        (
            r"(?i)(?P<keep>\b(?:tel|phone|telephone|mobile|cell|(?<!tool )(?<!model )call(?!\()|fax|whatsapp|тел"
            r"|телефон)\b[^\w\n]{0,4})\d(?:[ ().\-/]{0,2}\d){6,16}(?!\d)"
        ),
        r"\g<keep>[phone]",
    ),
)


_SECRETS = 5
"""As many steps are about secrets; mail addresses are the next."""


@cache
def _steps() -> tuple[tuple[re.Pattern[str], _Replace], ...]:
    """Compiled with the first text that is suspect: in most runs there is none."""
    return tuple((re.compile(pattern), replace) for pattern, replace in _STEPS)


_SUSPECT = re.compile(rf"[@\d]|(?i:{_KEYWORDS}|bearer|basic|PRIVATE KEY|eyJ|sk-|sk_|gh|AKIA|AIza|xox)")
"""A text without any of these has nothing to mask."""
