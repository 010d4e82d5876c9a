"""Numbers that states give to people and that carry check digits: shapes, rules and the words that name them.

A shape is how the digits are grouped: "3-2-4" are three, two and four digits with hyphens between. A number whose rule
a random number of the same shape often passes is told only beside a word that names it.
"""

from __future__ import annotations

from collections.abc import Callable

from sluicegate.frozen import frozen
from sluicegate.pii.checkdigits import date_holds, ean_holds, iso_mod11_10, luhn, weighted
from sluicegate.pii.word_list import listed

__all__ = ["RULES", "NumberRule"]


@frozen
class NumberRule:
    """One kind of number made of digits."""

    entity: str
    shapes: tuple[str, ...]
    """Groupings told beside a word that names the number."""
    bare: tuple[str, ...] = ()
    """Groupings told without such a word: the shape is the number's own and the check digits are strong."""
    holds: Callable[[str], bool]
    """The check digits, on digits without separators."""
    words: str
    """Alternatives of a regular expression: what the number is called in its own languages."""


def fr_nir(digits: str) -> bool:
    """INSEE, numéro d'inscription au répertoire: sex, year, month, department, commune, order; key = 97 - N mod 97."""
    return (
        digits[:1] in ("1", "2", "3", "4", "7", "8")
        and (1 <= int(digits[3:5]) <= 12 or 20 <= int(digits[3:5]) <= 42 or int(digits[3:5]) >= 50)
        and int(digits[13:]) == 97 - int(digits[:13]) % 97
    )


def nl_bsn(digits: str) -> bool:
    """Burgerservicenummer, "elfproef": weights 9 to 2 and -1, the sum is a multiple of eleven."""
    number = digits.zfill(9)
    return number.strip("0") != "" and weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def be_nn(digits: str) -> bool:
    """Rijksregisternummer: birth date, order, and 97 less the first nine modulo 97, with a 2 before them since 2000.

    A bis number has 20 or 40 added to the month; a month or day that is not known is zero.
    """
    month, key = int(digits[2:4]), int(digits[9:])
    known = month % 20 <= 12 and month < 53 and int(digits[4:6]) <= 31
    return known and key in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97)


def at_svnr(digits: str) -> bool:
    """Sozialversicherungsnummer: weights 3 7 9 (check) 5 8 4 2 1 6 modulo eleven give the fourth digit."""
    check = weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11
    month = int(digits[6:8])
    return digits[0] != "0" and check == int(digits[3]) and 1 <= int(digits[4:6]) <= 31 and 1 <= month <= 15


def ch_ahv(digits: str) -> bool:
    """AHV-Nummer: an EAN-13 of the country prefix 756."""
    return digits.startswith("756") and ean_holds(digits)


def dk_cpr(digits: str) -> bool:
    """CPR-nummer: a birth date and four digits; the modulo 11 rule ended in 2007, so only the date is asked."""
    return date_holds(digits[:2], digits[2:4])


def no_fnr(digits: str) -> bool:
    """Fødselsnummer: two modulo 11 check digits; D numbers add 40 to the day, others 40 or 80 to the month."""
    day, month = int(digits[:2]) % 40, int(digits[2:4]) % 40
    first = -weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return date_holds(f"{day:02}", f"{month:02}") and first == int(digits[9]) and second == int(digits[10])


def se_personnummer(digits: str) -> bool:
    """Personnummer: birth date and Luhn over the last ten digits; a samordningsnummer adds 60 to the day."""
    ten = digits[-10:]
    if len(digits) == 12 and digits[:2] not in ("18", "19", "20"):
        return False
    return date_holds(f"{int(ten[4:6]) % 60:02}", ten[2:4]) and luhn(ten)


def pt_nif(digits: str) -> bool:
    """NIF: weights 9 to 2, check = 11 - sum mod 11, from ten on 0."""
    check = 11 - weighted(digits, range(9, 1, -1)) % 11
    return (digits[0] in "1235689" or digits[:2] in _PT_SECOND) and (0 if check > 9 else check) == int(digits[8])


_PT_SECOND = frozenset(listed("45 70 71 72 74 75 77 78 79"))


def ro_cnp(digits: str) -> bool:
    """Cod numeric personal: weights 279146358279 modulo 11, ten counts as one."""
    check = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    county = int(digits[7:9])
    dated = date_holds(digits[5:7], digits[3:5]) and (1 <= county <= 48 or county in (51, 52, 70, 80, 81, 82, 83))
    return digits[0] in "123456789" and dated and (1 if check == 10 else check) == int(digits[12])


def cz_rc(digits: str) -> bool:
    """Rodné číslo: a birth date with 50, 20 or 70 added to the month; ten digits are a multiple of eleven.

    Until 1985 a remainder of ten was written as 0. Nine digits (before 1954) carry no check digit.
    """
    month = int(digits[2:4])
    month -= next((added for added in (70, 50, 20) if month > added), 0)
    if not date_holds(digits[4:6], f"{month:02}"):
        return False
    if len(digits) == 9:
        return int(digits[:2]) < 54
    return int(digits) % 11 == 0 or (int(digits[:9]) % 11 == 10 and digits[9] == "0")


def uk_nhs(digits: str) -> bool:
    """NHS number: weights 10 to 2, check = 11 - sum mod 11, eleven is 0 and ten is never given."""
    check = 11 - weighted(digits, range(10, 1, -1)) % 11
    return len(set(digits)) > 1 and check != 10 and check % 11 == int(digits[9])


def de_tax_id(digits: str) -> bool:
    """Steuer-IdNr: ISO 7064 MOD 11,10; not 0 first, and of the first ten digits one stands twice or three times."""
    counts = sorted((digits[:10].count(ch) for ch in set(digits[:10])), reverse=True)
    return digits[0] != "0" and counts[0] in (2, 3) and counts[1] == 1 and iso_mod11_10(digits)


def pl_pesel(digits: str) -> bool:
    """PESEL: weights 1379 1379 13 modulo ten; the century is in the month."""
    dated = date_holds(digits[4:6], f"{int(digits[2:4]) % 20:02}")
    return dated and -weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == int(digits[10])


def pl_nip(digits: str) -> bool:
    """NIP: weights 6 5 7 2 3 4 5 6 7 modulo eleven, never ten."""
    return digits[0] != "0" and weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9])


def tr_kimlik(digits: str) -> bool:
    """T.C. kimlik numarası: d10 = 7·odd - even mod 10, d11 = sum of the ten before mod 10."""
    values = [int(ch) for ch in digits]
    tenth = (7 * sum(values[0:9:2]) - sum(values[1:8:2])) % 10
    return values[0] != 0 and tenth == values[9] and sum(values[:10]) % 10 == values[10]


def us_ssn(digits: str) -> bool:
    """Social Security number: area not 000, 666 or 9xx, group not 00, serial not 0000 (SSA, RM 10201.035)."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def us_itin(digits: str) -> bool:
    """Individual taxpayer number: 9xx with a group of 50-65, 70-88, 90-92 or 94-99 (IRS, Publication 1915)."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or group >= 94)


def bg_egn(digits: str) -> bool:
    """ЕГН: weights 2 4 8 5 10 9 7 3 6 modulo eleven modulo ten; the century is in the month."""
    check = weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return date_holds(digits[4:6], f"{int(digits[2:4]) % 20:02}") and check == int(digits[9])


def baltic(digits: str) -> bool:
    """Isikukood, asmens kodas: weights 1-9,1 modulo eleven; ten asks 3-9,1-3 again; ten once more is 0."""
    check = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return digits[0] in "123456" and date_holds(digits[5:7], digits[3:5]) and check == int(digits[10])


def ca_sin(digits: str) -> bool:
    """Social insurance number: Luhn; 0 and 8 are not given first."""
    return digits[0] not in "08" and luhn(digits)


def siren(digits: str) -> bool:
    """SIREN of nine and SIRET of fourteen digits: Luhn. La Poste's own sites add up to a multiple of five."""
    if digits.startswith("356000000") and len(digits) == 14:
        return sum(map(int, digits)) % 5 == 0 or luhn(digits)
    return digits.strip("0") != "" and luhn(digits)


RULES: tuple[NumberRule, ...] = (
    NumberRule(
        entity="US_SSN",
        shapes=("9", "3 2 4", "3.2.4"),
        bare=("3-2-4",),
        holds=us_ssn,
        words=r"ssns?\b|social security|soc\.? ?sec|social\b|last four of",
    ),
    NumberRule(
        entity="US_ITIN",
        shapes=("9", "3 2 4"),
        bare=("3-2-4",),
        holds=us_itin,
        words=r"itin\b|individual taxpayer|tax ?payer|tax id",
    ),
    NumberRule(
        entity="FR_NIR",
        shapes=("15", "13 2", "1 2 2 2 3 3 2", "1.2.2.2.3.3.2", "1-2-2-2-3-3-2", "1 2 2 2 3 3-2"),
        bare=("15", "13 2", "1 2 2 2 3 3 2", "1.2.2.2.3.3.2", "1-2-2-2-3-3-2"),
        holds=fr_nir,
        words=r"nir\b|insee|sécurité sociale|securite sociale|sécu\b|secu\b|n° ?ss\b|carte vitale|assuré social",
    ),
    NumberRule(
        entity="FR_SIREN",
        shapes=("9", "3 3 3", "14", "3 3 3 5", "9 5"),
        holds=siren,
        words=r"siren\b|siret\b|rcs\b",
    ),
    NumberRule(
        entity="NL_BSN",
        shapes=("9", "8", "4.2.3", "3 3 3", "4 2 3", "3.3.3", "4-2-3", "3-3-3"),
        holds=nl_bsn,
        words=r"bsn\b|bsn-?nummer|burgerservice\w*|sofi-?nummer|persoonsnummer|citizen service",
    ),
    NumberRule(
        entity="BE_NATIONAL_NUMBER",
        shapes=("11", "2.2.2 3.2", "2 2 2 3 2", "6-3.2", "6-3-2", "6 3 2", "2.2.2.3.2", "2-2-2-3-2"),
        bare=("2.2.2-3.2", "2.2.2-3-2"),
        holds=be_nn,
        words=(
            r"rijksregister\w*|registre national|numéro national|numero national|nationaal nummer|insz\b|niss\b|"
            r"nrn\b|inss\b"
        ),
    ),
    NumberRule(
        entity="AT_SVNR",
        shapes=("10", "4 6", "4-6", "4/6", "4 2 2 2"),
        holds=at_svnr,
        words=r"sv-?nr|svnr|sv-?nummer|sozialversicherung\w*|versicherungsnummer|e-?card|vsnr",
    ),
    NumberRule(
        entity="CH_AHV",
        shapes=("13", "3 4 4 2", "3-4-4-2"),
        bare=("3.4.4.2", "13", "3 4 4 2"),
        holds=ch_ahv,
        words=r"ahv\w*|avs\b|oasi\b|navs\w*|sozialversicherung\w*|no ?avs|numéro avs|numero avs",
    ),
    NumberRule(
        entity="DK_CPR",
        shapes=("10", "6-4", "6 4", "2 2 2 4", "2-2-2-4"),
        holds=dk_cpr,
        words=r"cpr\w*|personnummer|civil registration",
    ),
    NumberRule(
        entity="NO_FODSELSNUMMER",
        shapes=("11", "6 5", "6-5", "2 2 2 5"),
        bare=("6 5",),
        holds=no_fnr,
        words=r"fødselsn\w*|fodselsn\w*|personnummer|fnr\b|d-nummer|birth number",
    ),
    NumberRule(
        entity="SE_PERSONNUMMER",
        shapes=("10", "12", "6 4", "8 4"),
        bare=("6-4", "8-4"),
        holds=se_personnummer,
        words=r"personn\w*|pers\.? ?nr|samordningsn\w*|p-?nr|personal (?:identity|number)",
    ),
    NumberRule(
        entity="PT_NIF",
        shapes=("9", "3 3 3"),
        holds=pt_nif,
        words=r"nif\b|contribuinte|identificação fiscal|identificacao fiscal|nipc\b|tax (?:number|id)",
    ),
    NumberRule(
        entity="RO_CNP",
        shapes=("13",),
        holds=ro_cnp,
        words=r"cnp\w*|cod(?:ul)? numeric",
    ),
    NumberRule(
        entity="CZ_RODNE_CISLO",
        shapes=("10", "9", "6 4", "6-4", "6/3"),
        bare=("6/4",),
        holds=cz_rc,
        words=r"rodn[éeý]\w*|r\. ?č\.|rč\b|birth number",
    ),
    NumberRule(
        entity="UK_NHS",
        shapes=("10", "3 3 4", "3-3-4"),
        holds=uk_nhs,
        words=r"nhs\b|national health|health service",
    ),
    NumberRule(
        entity="DE_TAX_ID",
        shapes=("11", "2 3 3 3", "3 4 4", "2/3/3/3"),
        holds=de_tax_id,
        words=r"steuer\w*|st\.?-?id\w*|idnr|id-?nr|tin\b|identifikationsn\w*|tax (?:number|id)",
    ),
    NumberRule(
        entity="PL_PESEL",
        shapes=("11",),
        holds=pl_pesel,
        words=r"pesel\w*",
    ),
    NumberRule(
        entity="PL_NIP",
        shapes=("10", "3-3-2-2", "3-2-2-3", "3 3 2 2", "3 2 2 3"),
        holds=pl_nip,
        words=r"nip\b|nip-?u\b|numer identyfikacji podatkowej|vat id",
    ),
    NumberRule(
        entity="TR_NATIONAL_ID",
        shapes=("11", "3 3 3 2"),
        holds=tr_kimlik,
        words=r"tckn|tc ?no|t\.c\.|tc kimlik|kimlik\w*|turkish id|vatandaşlık",
    ),
    NumberRule(
        entity="BG_EGN",
        shapes=("10",),
        holds=bg_egn,
        words=r"егн|egn\b|единен граждански",
    ),
    NumberRule(
        entity="BALTIC_PERSONAL_CODE",
        shapes=("11",),
        holds=baltic,
        words=r"isikukood\w*|asmens kod\w*|a\.? ?k\.",
    ),
    NumberRule(
        entity="HR_OIB",
        shapes=("11",),
        holds=iso_mod11_10,
        words=r"oib\b|osobni identifikacijski",
    ),
    NumberRule(
        entity="CA_SIN",
        shapes=("9", "3-3-3", "3 3 3"),
        holds=ca_sin,
        words=r"sin\b|social insurance|nas\b|assurance sociale",
    ),
)
