"""Numbers as reports show them: never on a line they are not on."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sluicegate.report.figures import command, exact, figure, moment, parted, percent, plain, said, short


@pytest.mark.parametrize(
    ("value", "scale", "beside", "expected"),
    [
        (401 / 412, "ratio", [0.95, 0.9], "0.973"),
        (0.9496, "ratio", [0.95], "0.9496"),
        (0.94999999, "ratio", [0.95], "0.94999999"),
        (0.95, "ratio", [0.95], "0.95"),
        (0.99996, "ratio", [], "0.99996"),
        (1.0, "ratio", [], "1.00"),
        (0.0, "ratio", [], "0"),
        (0.0000012345, "ratio", [], "0.00000123"),
        (161.0, "ms", [200.0], "161 ms"),
        (199.9999, "ms", [200.0], "199.9999 ms"),
        (12_345.678, "ms", [], "12,346 ms"),
        (12_345.0, "microusd", [20_000.0], "$0.0123"),
        (500_000.0, "microusd", [500_000.0], "$0.50"),
        (499_999.0, "microusd", [500_000.0], "$0.499999"),
        (-0.15, "number", [0.15], "-0.15"),
        (20.0, "count", [20.0], "20"),
        (1_234_567.0, "count", [], "1,234,567"),
    ],
)
def test_a_figure_has_as_many_digits_as_its_lines_ask_for(
    value: float, scale: str, beside: list[float], expected: str
) -> None:
    """94.96 % is not 95.0 %, and what stands on the line is shown on it."""
    assert figure(value, scale, beside) == expected


def number_in(text: str) -> float:
    return float(text.replace(",", "").replace(" ms", "").replace("$", ""))


@given(
    st.sampled_from(["ratio", "ms", "number", "count"]),
    st.floats(0, 1e6, allow_nan=False),
    st.floats(0, 1e6, allow_nan=False),
)
def test_a_figure_is_on_the_side_of_the_line_where_the_value_is(scale: str, value: float, line: float) -> None:
    """Read back, the text compares with the line as the value does."""
    assume(value == line or not math.isclose(value, line, rel_tol=1e-11, abs_tol=1e-9))
    assume(scale != "ratio" or (value <= 1 and line <= 1))
    shown = number_in(figure(value, scale, [line]))

    assert (shown > line) - (shown < line) == (value > line) - (value < line)


def test_a_line_is_shown_with_all_its_digits() -> None:
    """Two decimals at least for rates and money."""
    shown = [exact(0.7, "ratio"), exact(0.995, "ratio"), exact(200.0, "ms"), exact(6_500_000.0, "microusd")]

    assert shown == ["0.70", "0.995", "200 ms", "$6.50"]


@given(st.floats(0, 1))
def test_a_confidence_is_short_and_never_overstated(share: float) -> None:
    """Two decimals at most, and no more than it is (a millionth of a percent aside, which is binary arithmetic)."""
    shown = percent(share).removesuffix(" %")

    assert len(shown.partition(".")[2]) <= 2
    assert float(shown) - 1e-6 <= share * 100 < float(shown) + 0.01


def test_a_confidence_reads_as_it_was_asked_for() -> None:
    """Shares of an alpha of 5 % among one, three and some more slices."""
    assert [percent(1 - 0.05 / slices) for slices in (1, 3, 50)] == ["95 %", "98.33 %", "99.9 %"]
    assert (percent(1.0), percent(0.99999), percent(0.999)) == ("100 %", "99.99 %", "99.9 %")


def test_advice_is_a_sentence_and_a_command() -> None:
    """Either may be missing, and no letter gets lost."""
    assert parted("Look at it, and run: sluicegate gate a.yaml") == ("Look at it, and run:", "sluicegate gate a.yaml")
    assert parted("Hand it over: pytest -q") == ("Hand it over:", "pytest -q")
    assert parted("sluicegate gate a.yaml") == ("", "sluicegate gate a.yaml")
    assert parted("A note: sluicegate sees to it.") == ("A note: sluicegate sees to it.", "")
    assert parted("Mend it; sluicegate sees to the rest.") == ("Mend it; sluicegate sees to the rest.", "")


def test_prose_is_masked_and_ids_are_not() -> None:
    """Personal data goes from what a model said; what must be typed again stays."""
    assert "alice@shop.test" not in said("mail alice@shop.test now")
    assert plain("alice@shop.test") == "alice@shop.test"


@pytest.mark.parametrize("write", [said, plain])
def test_foreign_text_is_one_printable_line(write: object) -> None:
    """Escapes, line breaks, bidi marks and half surrogates become visible."""
    assert callable(write)
    shown = write("a\x1b[31m\r\nb\u202ec\ud800\x00\x85\u2028")

    assert isinstance(shown, str)
    assert shown.isprintable()


def test_foreign_text_is_cut() -> None:
    """A megabyte is a line."""
    assert len(said("x" * 1_000_000)) <= 400
    assert len(plain("x" * 1_000_000)) <= 160


def test_digests_commands_and_times_are_short_and_exact() -> None:
    """Ends of a digest, shell quoting, minutes in UTC."""
    assert short("7c1f" + "0" * 58 + "e2") == "7c1f…e2"
    assert short(None) == "none"
    assert command(["echo", "a b", "$x"]) == "echo 'a b' '$x'"
    assert moment("2026-01-29T16:00:00+02:00") == "2026-01-29 14:00 UTC"
    assert moment("soon") == "soon"
