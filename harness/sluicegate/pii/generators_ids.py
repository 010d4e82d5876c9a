"""Made-up numbers of states whose check digits hold: computed by the issuers' rules, not by those that check."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

__all__ = [
    "at_svnr",
    "be_nn",
    "birth",
    "ch_ahv",
    "cz_rc",
    "de_tax_id",
    "dk_cpr",
    "drawn",
    "es_nif",
    "fi_hetu",
    "fr_nir",
    "ie_pps",
    "it_cf",
    "nl_bsn",
    "no_fnr",
    "pl_pesel",
    "pt_nif",
    "ro_cnp",
    "se_personnummer",
    "tr_kimlik",
    "uk_nhs",
    "uk_nino",
    "until",
    "weighed",
    "with_luhn",
]

_NIF = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)


def drawn(rng: Random, count: int) -> str:
    """Digits."""
    return "".join(str(rng.randrange(10)) for _ in range(count))


def weighed(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of digit times weight."""
    return sum(int(ch) * weight for ch, weight in zip(digits, weights, strict=True))


def with_luhn(digits: str) -> str:
    """The digits and their Luhn digit."""
    total = sum(sum(divmod(int(ch) * (2 if place % 2 == 0 else 1), 10)) for place, ch in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def birth(rng: Random) -> tuple[str, str, str]:
    """Year, month and day, two digits each, of the second half of the last century."""
    return f"{rng.randint(50, 99):02}", f"{rng.randint(1, 12):02}", f"{rng.randint(1, 28):02}"


def until(make: Callable[[], str | None]) -> str:
    """The first number whose check digit exists; some rules leave one in eleven out."""
    while (made := make()) is None:
        pass
    return made


def fr_nir(rng: Random) -> str:
    """Sex, year, month, department, commune, order, key."""
    year, month, _ = birth(rng)
    body = f"{rng.randint(1, 2)}{year}{month}{rng.randint(1, 95):02}{rng.randint(1, 600):03}{rng.randint(1, 400):03}"
    key = f"{97 - int(body) % 97:02}"
    parts = (body[:1], body[1:3], body[3:5], body[5:7], body[7:10], body[10:13], key)
    return " ".join(parts) if rng.random() < 0.6 else body + key


def nl_bsn(rng: Random) -> str:
    """Nine digits under the proof of eleven."""

    def make() -> str | None:
        body = str(rng.randint(1, 9)) + drawn(rng, 7)
        check = weighed(body, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        return body + str(check) if check < 10 else None

    return until(make)


def be_nn(rng: Random) -> str:
    """Birth date, order, key."""
    year, month, day = birth(rng)
    body = f"{year}{month}{day}{rng.randint(1, 997):03}"
    key = f"{97 - int(body) % 97:02}"
    return f"{year}.{month}.{day}-{body[6:]}.{key}" if rng.random() < 0.6 else body + key


def at_svnr(rng: Random) -> str:
    """Serial number with its check digit, then the birth date."""

    def make() -> str | None:
        serial, (year, month, day) = str(rng.randint(100, 999)), birth(rng)
        check = weighed(serial + day + month + year, (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11
        return f"{serial}{check} {day}{month}{year}" if check < 10 else None

    return until(make)


def ch_ahv(rng: Random) -> str:
    """An EAN-13 that begins with 756."""
    body = "756" + drawn(rng, 9)
    check = -sum(int(ch) * (3 if place % 2 else 1) for place, ch in enumerate(body)) % 10
    number = body + str(check)
    return f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}" if rng.random() < 0.7 else number


def dk_cpr(rng: Random) -> str:
    """Birth date and four digits."""
    year, month, day = birth(rng)
    return f"{day}{month}{year}-{drawn(rng, 4)}"


def no_fnr(rng: Random) -> str:
    """Birth date, individual number, two check digits."""

    def make() -> str | None:
        year, month, day = birth(rng)
        body = f"{day}{month}{year}{rng.randint(0, 499):03}"
        first = -weighed(body, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        second = -weighed(body + str(first), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 if first < 10 else 10
        number = f"{body}{first}{second}"
        return (f"{number[:6]} {number[6:]}" if rng.random() < 0.4 else number) if second < 10 else None

    return until(make)


def se_personnummer(rng: Random) -> str:
    """Birth date, serial number, Luhn."""
    year, month, day = birth(rng)
    number = with_luhn(f"{year}{month}{day}{drawn(rng, 3)}")
    return f"{rng.choice(('', '19'))}{number[:6]}-{number[6:]}"


def fi_hetu(rng: Random) -> str:
    """Birth date, century, individual number, check character."""
    year, month, day = birth(rng)
    serial = f"{rng.randint(2, 899):03}"
    return f"{day}{month}{year}-{serial}{_HETU[int(day + month + year + serial) % 31]}"


def pt_nif(rng: Random) -> str:
    """Eight digits and a check digit modulo eleven."""
    body = rng.choice("123") + drawn(rng, 7)
    check = 11 - weighed(body, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return body + str(0 if check > 9 else check)


def ie_pps(rng: Random) -> str:
    """Seven digits, a check letter, since 2013 a second letter."""
    body, second = drawn(rng, 7), rng.choice(("", "A"))
    total = weighed(body, (8, 7, 6, 5, 4, 3, 2)) + (9 if second else 0)
    return f"{body}{'WABCDEFGHIJKLMNOPQRSTUV'[total % 23]}{second}"


def ro_cnp(rng: Random) -> str:
    """Sex, birth date, county, serial number, check digit."""
    year, month, day = birth(rng)
    body = f"{rng.randint(1, 2)}{year}{month}{day}{rng.randint(1, 46):02}{rng.randint(1, 999):03}"
    check = weighed(body, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return body + str(1 if check == 10 else check)


def cz_rc(rng: Random) -> str:
    """Birth date (women: month and 50) and a rest that makes eleven divide it."""

    def make() -> str | None:
        _, month, day = birth(rng)
        body = f"{rng.randint(60, 99)}{int(month) + rng.choice((0, 50)):02}{day}{rng.randint(1, 999):03}"
        check = int(body) % 11
        return f"{body[:6]}/{body[6:]}{check}" if check < 10 else None

    return until(make)


def uk_nino(rng: Random) -> str:
    """Prefix, six digits, suffix."""
    digits = drawn(rng, 6)
    spaced = f" {digits[:2]} {digits[2:4]} {digits[4:]} " if rng.random() < 0.6 else digits
    return (
        f"{rng.choice('ABCEGHJKLMPRSTWXYZ')}{rng.choice('ABCEHJLMPRSTWXYZ')}{spaced}{rng.choice('ABCD')}".replace(
            "GB", "AB"
        )
        .replace("ZZ", "ZY")
        .replace("TN", "TM")
        .replace("BG", "BH")
    )


def uk_nhs(rng: Random) -> str:
    """Nine digits and a check digit modulo eleven."""

    def make() -> str | None:
        body = rng.choice("4679") + drawn(rng, 8)
        check = 11 - weighed(body, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
        return f"{body[:3]} {body[3:6]} {body[6:]}{check % 11}" if check != 10 else None

    return until(make)


def de_tax_id(rng: Random) -> str:
    """Ten digits of which one stands twice, and ISO 7064 MOD 11,10."""
    chosen = rng.sample("0123456789", 9)
    body = [*chosen, rng.choice(chosen)]
    rng.shuffle(body)
    while body[0] == "0":
        rng.shuffle(body)
    product = 10
    for ch in body:
        product = 2 * ((product + int(ch)) % 10 or 10) % 11
    number = "".join(body) + str((11 - product) % 10)
    return f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}" if rng.random() < 0.4 else number


def es_nif(rng: Random) -> str:
    """DNI and NIE."""
    if rng.random() < 0.6:
        number = drawn(rng, 8)
        return f"{number}{rng.choice(('', '-'))}{_NIF[int(number) % 23]}"
    lead, number = rng.randrange(3), drawn(rng, 7)
    return f"{'XYZ'[lead]}{number}{_NIF[int(f'{lead}{number}') % 23]}"


def it_cf(rng: Random) -> str:
    """Surname, name, birth, place, check letter."""
    letters = "".join(rng.choice("BCDFGLMNPRSTVZ") for _ in range(6))
    year, _, day = birth(rng)
    marked = int(day) + rng.choice((0, 40))
    place = f"{rng.choice('ABCDFGHL')}{rng.randint(100, 999)}"
    body = f"{letters}{year}{rng.choice('ABCDEHLMPRST')}{marked:02}{place}"
    even = sum(int(ch) if ch.isdigit() else ord(ch) - 65 for ch in body[1::2])
    return body + chr(65 + (sum(_ODD[ch] for ch in body[::2]) + even) % 26)


def pl_pesel(rng: Random) -> str:
    """Birth date, serial number, check digit."""
    year, month, day = birth(rng)
    body = f"{year}{month}{day}{drawn(rng, 4)}"
    return body + str(-weighed(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def tr_kimlik(rng: Random) -> str:
    """Nine digits and two check digits."""
    body = str(rng.randint(1, 9)) + drawn(rng, 8)
    values = [int(ch) for ch in body]
    tenth = (7 * sum(values[::2]) - sum(values[1::2])) % 10
    return f"{body}{tenth}{(sum(values) + tenth) % 10}"
