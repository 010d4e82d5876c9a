"""Numbers with check digits: what the issuers publish holds, and one digit changed does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sluicegate.pii.checkdigits import ean_holds, iso_mod11_10, luhn, mod97
from sluicegate.pii.lettered_ids import es_nie, es_nif, fi_hetu, fr_nir_corsica, ie_pps, it_cf, pt_cc, uk_nino
from sluicegate.pii.national_ids import (
    at_svnr,
    baltic,
    be_nn,
    bg_egn,
    ca_sin,
    ch_ahv,
    cz_rc,
    de_tax_id,
    dk_cpr,
    fr_nir,
    nl_bsn,
    no_fnr,
    pl_nip,
    pl_pesel,
    pt_nif,
    ro_cnp,
    se_personnummer,
    siren,
    tr_kimlik,
    uk_nhs,
    us_itin,
    us_ssn,
)

# Examples of the issuers' own pages, handbooks and of articles about the rules.
_PUBLISHED: list[tuple[Callable[[str], bool], str]] = [
    (fr_nir, "295109912611193"),
    (nl_bsn, "111222333"),
    (be_nn, "85073003328"),
    (at_svnr, "1237010180"),
    (ch_ahv, "7569217076985"),
    (no_fnr, "15108695088"),
    (se_personnummer, "8803200016"),
    (pt_nif, "501964843"),
    (ro_cnp, "1630615123457"),
    (cz_rc, "7103192745"),
    (uk_nhs, "9434765870"),
    (de_tax_id, "36574261809"),
    (pl_pesel, "44051401359"),
    (pl_nip, "8567346215"),
    (tr_kimlik, "17291716060"),
    (bg_egn, "7523169263"),
    (baltic, "36805280109"),
    (iso_mod11_10, "33392005961"),
    (ca_sin, "123456782"),
    (siren, "552008443"),
    (luhn, "4111111111111111"),
    (ean_holds, "4006381333931"),
]


@pytest.mark.parametrize(("holds", "number"), _PUBLISHED)
def test_published_numbers_hold_and_no_other_last_digit_does(holds: Callable[[str], bool], number: str) -> None:
    """The check digit is the only one of ten that the rule accepts."""
    accepted = [digit for digit in "0123456789" if holds(number[:-1] + digit)]

    assert accepted == [number[-1]]


@pytest.mark.parametrize(
    ("holds", "value"),
    [
        (es_nif, "54362315K"),
        (es_nie, "X2482300W"),
        (it_cf, "RCCMNL83S18D969H"),
        (ie_pps, "6433435F"),
        (ie_pps, "6433435OA"),
        (fi_hetu, "131052-308T"),
        (fr_nir_corsica, "253072B07300470"),
        (mod97, "DE89370400440532013000"),
        (mod97, "GB29NWBK60161331926819"),
        (pt_cc, "000000000ZZ4"),
    ],
)
def test_published_values_with_letters_hold_and_a_changed_digit_does_not(
    holds: Callable[[str], bool], value: str
) -> None:
    """A digit in the middle that is read wrongly breaks the check character."""
    place = next(at for at, ch in enumerate(value) if ch.isdigit() and at > 3)
    changed = value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]

    assert (holds(value), holds(changed)) == (True, False)


def test_second_letters_of_old_irish_numbers_are_not_weighed() -> None:
    """W, T and X stood for family members and take no part in the check."""
    assert [ie_pps("6433435F" + second) for second in "WTXA"] == [True, True, True, False]


def test_shapes_that_no_issuer_gives_are_refused() -> None:
    """Areas, groups, prefixes and dates that do not exist."""
    assert [us_ssn(number) for number in ("078051120", "000123456", "666123456", "900123456", "123004567")] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert [us_itin("912701234"), us_itin("912001234")] == [True, False]
    assert [uk_nino(number) for number in ("AB123456C", "QQ123456C", "GB123456C")] == [True, False, False]
    assert [dk_cpr("2110625629"), dk_cpr("3213625629")] == [True, False]


@pytest.mark.parametrize("hostile", ["", "x" * 40, "١٢٣٤٥٦٧٨٩", "-", "\x00" * 11])
def test_rules_answer_no_to_what_are_no_digits(hostile: str) -> None:
    """Never an exception, whatever the string."""
    assert [rule(hostile) for rule in (luhn, mod97, iso_mod11_10, ean_holds)] == [False] * 4
