"""Made-up personal data whose check digits hold: computed by the issuers' rules, not drawn until a validator says yes.

Every maker takes a seeded `random.Random` and gives one value as people write it. Names and streets are put together
from syllables and words, so that no list of the detector can hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from sluicegate.pii.generators_ids import (
    at_svnr,
    be_nn,
    birth,
    ch_ahv,
    cz_rc,
    de_tax_id,
    dk_cpr,
    drawn,
    es_nif,
    fi_hetu,
    fr_nir,
    ie_pps,
    it_cf,
    nl_bsn,
    no_fnr,
    pl_pesel,
    pt_nif,
    ro_cnp,
    se_personnummer,
    tr_kimlik,
    uk_nhs,
    uk_nino,
    with_luhn,
)
from sluicegate.pii.word_list import listed

__all__ = ["BUSINESS", "MAKERS", "maker_of"]


def card(rng: Random) -> str:
    """Visa, Mastercard of both series, American Express, Discover, Diners, Maestro of 12 to 19 digits."""
    prefix, length = rng.choice(
        [
            ("4", 16),
            ("51", 16),
            ("2221", 16),
            ("2720", 16),
            ("37", 15),
            ("6011", 16),
            ("36", 14),
            ("5018", 12),
            ("6304", 13),
            ("6759", 19),
            ("4", 19),
            ("4", 13),
        ]
    )
    number = with_luhn(prefix + drawn(rng, length - len(prefix) - 1))
    if length == 16 and rng.random() < 0.6:
        return rng.choice((" ", "-")).join(number[at : at + 4] for at in range(0, 16, 4))
    return f"{number[:4]} {number[4:10]} {number[10:]}" if length == 15 and rng.random() < 0.5 else number


def iban(rng: Random) -> str:
    """Germany, Britain, France, the Netherlands, Spain, Norway, Poland, Switzerland."""
    country, shape = rng.choice(
        [
            ("DE", "9" * 18),
            ("GB", "AAAA" + "9" * 14),
            ("FR", "9" * 10 + "X" * 11 + "99"),
            ("NL", "AAAA" + "9" * 10),
            ("ES", "9" * 20),
            ("NO", "9" * 11),
            ("PL", "9" * 24),
            ("CH", "9" * 17),
        ]
    )
    body = "".join(
        rng.choice({"9": "0123456789", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "X": "0123456789ABCDEFGH"}[ch])
        for ch in shape
    )
    check = 98 - int("".join(str(int(ch, 36)) for ch in body + country + "00")) % 97
    number = f"{country}{check:02}{body}"
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4)) if rng.random() < 0.6 else number


def mail(rng: Random) -> str:
    """Plain and internationalised, with plus and dots."""
    local = rng.choice(("{a}.{b}", "{a}{n}", "{a}_{b}", "{a}+news", "{b}.{a}{n}")).format(
        a=_word(rng), b=_word(rng), n=rng.randrange(100)
    )
    return (
        f"{local}@{rng.choice(('mail', _word(rng)))}.{rng.choice(('test', 'example', 'co.uk', 'de', 'io', 'museum'))}"
    )


def ip(rng: Random) -> str:
    """Version 4, and version 6 in full and shortened."""
    if rng.random() < 0.6:
        first = rng.randint(1, 253)
        # 127 is the machine itself.
        return ".".join(map(str, (first + (first >= 127), *(rng.randint(1, 254) for _ in range(3)))))
    groups = [f"{rng.randrange(1, 65536):x}" for _ in range(8)]
    return ":".join(groups) if rng.random() < 0.5 else f"2001:db8::{groups[0]}:{groups[1]}"


def ssn(rng: Random) -> str:
    """Area, group and serial as they are given out."""
    area = rng.choice((rng.randint(1, 665), rng.randint(667, 899)))
    return f"{area:03}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


_PLANS = (
    ("+44 7{3} {6}", "GB"),
    ("07{3} {6}", "GB"),
    ("020 7{3} {4}", "GB"),
    ("+49 151 {8}", "DE"),
    ("0171 {7}", "DE"),
    ("030/{7}", "DE"),
    ("+33 6 {2} {2} {2} {2}", "FR"),
    ("06 {2} {2} {2} {2}", "FR"),
    ("+34 6{2} {3} {3}", "ES"),
    ("6{2} {3} {3}", "ES"),
    ("+39 347 {7}", "IT"),
    ("+48 601 {3} {3}", "PL"),
    ("+31 6 {8}", "NL"),
    ("+43 664 {7}", "AT"),
    ("+41 79 {3} {2} {2}", "CH"),
    ("+46 70-{3} {2} {2}", "SE"),
    ("+45 20 {2} {2} {2}", "DK"),
    ("+47 4{2} {2} {3}", "NO"),
    ("+358 40 {7}", "FI"),
    ("+1 212-5{2}-{4}", "US"),
    ("(415) 5{2}-{4}", "US"),
    ("312-5{2}-{4}", "US"),
    ("+353 87 {3} {4}", "IE"),
    ("+351 91{1} {3} {3}", "PT"),
)


def phone(rng: Random) -> str:
    """International and national, grouped as their countries print them."""
    plan = rng.choice(_PLANS)[0]
    made, at = "", 0
    while at < len(plan):
        if plan[at] == "{":
            count = int(plan[at + 1])
            made += str(rng.randint(2, 8)) + drawn(rng, count - 1)
            at += 3
        else:
            made += plan[at]
            at += 1
    return made


def token(rng: Random) -> str:
    """Keys in the formats of some issuers."""
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    mixed = "".join(rng.choice(letters) for _ in range(100))
    upper = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ234567") for _ in range(16))
    hexes = "".join(rng.choice("0123456789abcdef") for _ in range(64))
    return rng.choice(
        (
            f"gh{'p'}_{mixed[:36]}",
            f"AK{'IA'}{upper}",
            f"glpat-{mixed[:20]}",
            f"sk_{'live'}_{mixed[:24]}",
            f"dop_v1_{hexes}",
            f"npm_{mixed[:36]}",
            f"AIza{mixed[:35]}",
        )
    )


_ONSETS = listed("b br d dr f g gr h j k kl l m n p r s st t tr v w z")
_VOWELS = listed("a e i o u ai ei")
_CODAS = ["", "l", "n", "r", "s", "t", "nd", "rk", "ll", "m"]


def _word(rng: Random, least: int = 2) -> str:
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.randint(least, 3)))


def person(rng: Random) -> str:
    """A given and a family name that stand on no list, now and then with a particle or a double name."""
    given, family = _word(rng).capitalize(), _word(rng).capitalize()
    form = rng.choice(("{g} {f}", "{g} {f}", "{g} {f}", "{g} van {f}", "{g}-{h} {f}", "{g} {h}. {f}", "{g} {f}-{h}ov"))
    return form.format(g=given, f=family, h=_word(rng, 1).capitalize() if ". " not in form else rng.choice("ABEJKM"))


def listed_person(rng: Random) -> str:
    """A common given name with a family name that stands on no list."""
    given = listed("Anna James Maria Peter Sofia Lukas Emma Thomas Julia Daniel Laura Michael Elena David Sara Martin")
    return f"{rng.choice(given)} {_word(rng).capitalize()}"


def address(rng: Random) -> str:
    """Street, number, postcode and town in the order of some countries."""
    street, town, house = _word(rng).capitalize(), _word(rng).capitalize(), rng.randint(1, 199)
    american, british = rng.choice(("Street", "Road", "Lane", "Avenue")), rng.choice(("Close", "Gardens", "Road"))
    code5, code4 = f"{rng.randint(10000, 98999)}", f"{rng.randint(1000, 9899)}"
    return rng.choice(
        (
            f"{house} {street} {american}, {town}, {rng.choice(('IL', 'CA', 'TX'))} {code5}",
            f"{house} {street} {british}, {town} {rng.choice(('SW1A 2AA', 'M1 4BT', 'EH6 7DZ'))}",
            f"{street}straße {house}, {code5} {town}",
            f"{street}weg {house}, {code4} {rng.choice(('AB', 'XK'))} {town}",
            f"{house} rue de {street}, {code5} {town}",
            f"Calle {street} {house}, {code5} {town}",
            f"Via {street} {house}, {code5} {town}",
            f"ul. {street} {house}, {code5[:2]}-{code5[2:]} {town}",
            f"{street}gatan {house}, {code5[:3]} {code5[3:]} {town}",
            f"{street}vej {house}, {code4} {town}",
        )
    )


def birth_date(rng: Random) -> str:
    """A date in figures."""
    year, month, day = birth(rng)
    return rng.choice((f"19{year}-{month}-{day}", f"{day}.{month}.19{year}", f"{day}/{month}/19{year}"))


MAKERS: Mapping[str, Callable[[Random], str]] = {
    "CREDIT_CARD": card,
    "IBAN_CODE": iban,
    "EMAIL_ADDRESS": mail,
    "IP_ADDRESS": ip,
    "US_SSN": ssn,
    "PHONE_NUMBER": phone,
    "FR_NIR": fr_nir,
    "NL_BSN": nl_bsn,
    "BE_NATIONAL_NUMBER": be_nn,
    "AT_SVNR": at_svnr,
    "CH_AHV": ch_ahv,
    "DK_CPR": dk_cpr,
    "NO_FODSELSNUMMER": no_fnr,
    "SE_PERSONNUMMER": se_personnummer,
    "FI_PERSONAL_IDENTITY_CODE": fi_hetu,
    "PT_NIF": pt_nif,
    "IE_PPS": ie_pps,
    "RO_CNP": ro_cnp,
    "CZ_RODNE_CISLO": cz_rc,
    "UK_NINO": uk_nino,
    "UK_NHS": uk_nhs,
    "DE_TAX_ID": de_tax_id,
    "ES_NIF": es_nif,
    "IT_FISCAL_CODE": it_cf,
    "PL_PESEL": pl_pesel,
    "TR_NATIONAL_ID": tr_kimlik,
    "SECRET": token,
    "PERSON": person,
    "ADDRESS": address,
    "DATE_OF_BIRTH": birth_date,
}
"""Entity to its maker."""


def _tracking(rng: Random) -> str:
    return rng.choice(
        (
            f"1Z{drawn(rng, 16)}",
            f"JJD0{drawn(rng, 16)}",
            drawn(rng, 12),
            drawn(rng, 14),
            drawn(rng, 20),
            drawn(rng, 22),
            f"RB{drawn(rng, 9)}DE",
            drawn(rng, 10),
        )
    )


def _isbn(rng: Random) -> str:
    body = rng.choice(("978", "979")) + drawn(rng, 9)
    check = -sum(int(ch) * (3 if place % 2 else 1) for place, ch in enumerate(body)) % 10
    return f"{body[:3]}-{body[3]}-{body[4:8]}-{body[8:]}-{check}"


BUSINESS: Mapping[str, Callable[[Random], str]] = {
    "order": lambda rng: rng.choice(
        (
            drawn(rng, 6),
            drawn(rng, 8),
            drawn(rng, 9),
            drawn(rng, 10),
            drawn(rng, 11),
            drawn(rng, 13),
            f"ORD-{drawn(rng, 7)}",
            f"{drawn(rng, 3)}-{drawn(rng, 7)}-{drawn(rng, 7)}",
        )
    ),
    "tracking": _tracking,
    "invoice": lambda rng: f"INV-{rng.randint(2015, 2030)}-{drawn(rng, 6)}",
    "sku": lambda rng: (
        f"{''.join(rng.choice('ABCDEFGHKLMNPRST') for _ in range(3))}-{drawn(rng, 5)}-{rng.choice(('S', 'M', 'XL'))}"
    ),
    "isbn": _isbn,
    "version": lambda rng: f"{rng.randint(0, 30)}.{rng.randint(0, 30)}.{rng.randint(0, 30)}.{rng.randint(0, 300)}",
    "hash": lambda rng: "".join(rng.choice("0123456789abcdef") for _ in range(rng.choice((7, 32, 40, 64)))),
    "date": lambda rng: (
        f"{rng.randint(2015, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} "
        f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    ),
    "amount": lambda rng: f"{rng.randint(1, 999)},{rng.randint(0, 999):03}.{rng.randint(0, 99):02}",
    "quantity": lambda rng: str(rng.randint(2, 9999)),
}
"""What shops and programs number, and what no detector may take for somebody's own."""


def maker_of(name: str) -> Callable[[Random], str]:
    """The maker of an entity, or of a business number."""
    return MAKERS[name] if name in MAKERS else BUSINESS[name]
