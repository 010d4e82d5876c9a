"""The format suite: a Telegram message is shown as it was meant."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.checks.measures import measure
from sluicegate.checks.telegram import ParseError, parsed, units
from sluicegate.model import Case, Crash, CrashKind, Expect, Given, NotMeasured, Output, Trial
from sluicegate.plan.metrics import BUILT_IN

RU = Case(id="c-1", given=Given(locale="ru"), metadata={"callbacks": ["explain", "sources"]})
EN = Case(id="c-1", given=Given(locale="en"))
BUTTONS = [[{"text": "Explain", "callback_data": "explain:1"}, {"text": "Sources", "callback_data": "sources:1"}]]


def judged(check: str, message=None, *, case: Case = EN, output: Output | None = None):
    output = output or Output(content="x", metadata={"telegram": message})
    return run_check(CHECKS[f"format.{check}"], Trial(case=case, outputs=(output,)), CheckConfig())


def shown(text: str, parse_mode: str) -> list[tuple[str, str]]:
    """Each entity with the text it covers, by UTF-16 units."""
    found = parsed(text, parse_mode)
    wide = found.text.encode("utf-16-le")
    return [
        (span.kind, wide[2 * span.offset : 2 * (span.offset + span.length)].decode("utf-16-le")) for span in found.spans
    ]


class TestReading:
    @pytest.mark.parametrize(
        ("text", "mode", "plain", "spans"),
        [
            ("<b>a</b> &lt;b&gt; &amp;amp; &copy; &#x1F600;", "HTML", "a <b> &amp; &copy; 😀", [("bold", "a")]),
            ("😀<i>x<b>y</b></i>", "html", "😀xy", [("italic", "xy"), ("bold", "y")]),
            ('<a href="https://n.test/?a=1&amp;b=2">n</a>', "HTML", "n", [("text_link", "n")]),
            ('<span class="tg-spoiler">s</span>', "HTML", "s", [("spoiler", "s")]),
            ('<pre><code class="language-py">x</code></pre>', "HTML", "x", [("pre", "x"), ("code", "x")]),
            ("<blockquote expandable>q</blockquote>", "HTML", "q", [("blockquote", "q")]),
            ("*b* _i_ __u__ ~s~ ||p||", "MarkdownV2", "b i u s p", [("bold", "b"), ("italic", "i"), ("underline", "u"),
             ("strikethrough", "s"), ("spoiler", "p")]),
            ("*😀 _x_* 1\\.5", "MarkdownV2", "😀 x 1.5", [("bold", "😀 x"), ("italic", "x")]),
            ("`a.b` ```py\nx=1\n```", "MarkdownV2", "a.b x=1\n", [("code", "a.b"), ("pre", "x=1\n")]),
            ("[a b](https://n.test/\\)x)", "MarkdownV2", "a b", [("text_link", "a b")]),
            ("> quoted\n>more", "MarkdownV2", " quoted\nmore", []),
            ("**>first\n>*second*||\nrest", "MarkdownV2", "first\nsecond\nrest", [("bold", "second")]),
            (">a\n>b||", "MarkdownV2", "a\nb", []),
            (">a ||b|| c\nrest", "MarkdownV2", "a b c\nrest", [("spoiler", "b")]),
            ("<b>a</> <a href='https://n.test/?a>b'>n</a>", "HTML", "a n", [("bold", "a"), ("text_link", "n")]),
            ('<tg-time unix="1647531900">soon</tg-time>', "HTML", "soon", [("date_time", "soon")]),
            ("*b* _i_ [n](https://n.test) `c` 1.5 \\*", "Markdown", "b i n c 1.5 *", [("bold", "b"), ("italic", "i"),
             ("text_link", "n"), ("code", "c")]),
        ],
    )  # fmt: skip
    def test_what_telegram_shows(self, text, mode, plain, spans):
        """Text without its marks, and entities by UTF-16 units."""
        assert parsed(text, mode).text == plain
        assert sorted(shown(text, mode)) == sorted(spans)

    @pytest.mark.parametrize(
        ("text", "mode"),
        [
            ("<b>a", "HTML"), ("a</b>", "HTML"), ("<b><i>a</b></i>", "HTML"), ("<p>a</p>", "HTML"), ("1 < 2", "HTML"),
            ("<!-- a -->", "HTML"), ("<br/>", "HTML"), ("<span>a</span>", "HTML"), ("<tg-emoji>a</tg-emoji>", "HTML"),
            ("1.5", "MarkdownV2"), ("a-b", "MarkdownV2"), ("*a", "MarkdownV2"), ("*a _b* c_", "MarkdownV2"),
            ("[a](https://n.test", "MarkdownV2"), ("`a", "MarkdownV2"), ("a!", "MarkdownV2"), ("(a)", "MarkdownV2"),
            ("[a", "MarkdownV2"), ("a > b", "MarkdownV2"),
            ("*a", "Markdown"), ("snake_case", "Markdown"), ("[a", "Markdown"),
            ("a", "BBCode"),
        ],
    )  # fmt: skip
    def test_what_telegram_refuses(self, text, mode):
        """Unclosed, crossed, unknown, unescaped."""
        with pytest.raises(ParseError):
            parsed(text, mode)

    def test_places_are_counted_in_bytes_as_telegram_does(self):
        """The message can be compared with the API's own."""
        with pytest.raises(ParseError, match="at byte offset 9"):
            parsed("Привет..."[:4] + "\n.", "MarkdownV2")

    @pytest.mark.parametrize("mode", ["HTML", "MarkdownV2", "Markdown"])
    @pytest.mark.parametrize(
        "piece", ["<", "&", "<b>", "<a ", "*", "_", "[", "`", "](", "\\", "  ", "<a" + " " * 50, "||"]
    )
    def test_hostile_markup_is_read_in_time(self, mode, piece):
        """Any run of marks takes well under a second."""
        begun = time.perf_counter()
        with suppress(ParseError):
            parsed(piece * (60_000 // len(piece)), mode)

        assert time.perf_counter() - begun < 1.0


class TestText:
    def message(self, text, **more):
        return {"text": text, "buttons": [], **more}

    @pytest.mark.parametrize(
        ("text", "result"),
        [("a" * 4096, "pass"), ("a" * 4097, "fail"), ("😀" * 2048, "pass"), ("😀" * 2049, "fail"), (" \n", "fail")],
    )
    def test_4096_utf16_units_and_something_to_read(self, text, result):
        """An emoji is two."""
        assert judged("text", self.message(text)).result == result

    def test_lengths_count_after_parsing(self):
        """Marks and addresses are not in it; a message of marks alone is empty."""
        link = '<a href="https://n.test/' + "x" * 4000 + '">n</a>'

        assert judged("text", self.message(link * 2, parse_mode="HTML")).result == "pass"
        assert judged("text", self.message("<b> </b>", parse_mode="HTML")).result == "fail"

    def test_refused_markup_is_an_incident_with_its_place(self):
        """The whole message would not arrive."""
        outcome = judged("text", self.message("Sales & Co <Media>", parse_mode="HTML"))

        (finding,) = outcome.findings
        assert (outcome.result, finding.severity, finding.place) == ("fail", "incident", "$.metadata.telegram.text")
        assert "byte offset 11" in finding.excerpt

    @pytest.mark.parametrize(
        ("entity", "result"),
        [
            ({"type": "bold", "offset": 3, "length": 6}, "pass"),
            ({"type": "bold", "offset": 2, "length": 6}, "fail"),  # counted in characters: " Trend"
            ({"type": "bold", "offset": 1, "length": 2}, "fail"),  # half an emoji
            ({"type": "bold", "offset": 3, "length": 99}, "fail"),
            ({"type": "bold", "offset": -1, "length": 1}, "fail"),
            ({"type": "bold", "offset": 3, "length": 0}, "fail"),
            ({"type": "bold", "offset": True, "length": 1}, "fail"),
            ({"type": "bold", "offset": "3", "length": "6"}, "fail"),
            ({"type": "loud", "offset": 3, "length": 6}, "fail"),
            ({"type": "text_link", "offset": 3, "length": 6, "url": "https://n.test"}, "pass"),
            ({"type": "text_link", "offset": 3, "length": 6, "url": "javascript:alert(1)"}, "fail"),
            ({"type": "text_link", "offset": 3, "length": 6}, "fail"),
            ({"type": "hashtag", "offset": 11, "length": 5}, "pass"),
            ({"type": "hashtag", "offset": 10, "length": 5}, "fail"),
            ({"type": "date_time", "offset": 3, "length": 6, "unix_time": 1}, "pass"),
            ({"type": "text_link", "offset": 3, "length": 6, "url": "t.me/name"}, "pass"),
            ("bold", "fail"),
        ],
    )
    def test_entities_lie_on_what_they_mark(self, entity, result):
        """Inside the text, whole characters, known kinds."""
        assert judged("text", {"text": "📈 Trends, #port", "entities": [entity]}).result == result

    def test_a_part_of_a_word_may_be_marked(self):
        """Only where counting in characters would hit whole words is it a miscount."""
        assert (
            judged("text", {"text": "rewrite", "entities": [{"type": "bold", "offset": 0, "length": 2}]}).result
            == "pass"
        )

    @pytest.mark.parametrize(
        ("message", "result"),
        [
            ({"caption": "<b>Port</b>", "parse_mode": "HTML"}, "pass"),
            ({"caption": "a" * 1024, "text": None}, "pass"),
            ({"caption": "a" * 1025}, "fail"),
            ({"caption": "<b>Port", "parse_mode": "HTML"}, "fail"),
            ({"caption": "", "parse_mode": "HTML"}, "pass"),
            ({"caption": "😀 a", "caption_entities": [{"type": "bold", "offset": 1, "length": 2}]}, "fail"),
            ({"caption": None}, "not_applicable"),
            ({"caption": None, "text": None, "parse_mode": None}, "not_applicable"),
            ({"text": None, "parse_mode": "HTML"}, "fail"),
        ],
    )
    def test_the_words_under_a_photo_are_judged_by_their_own_length(self, message, result):
        """1024 units; none are needed."""
        assert judged("text", {"photo": "id", **message}).result == result

    def test_entities_beside_a_parse_mode_are_lost(self):
        """Telegram reads one of them."""
        entity = {"type": "bold", "offset": 0, "length": 1}

        assert judged("text", {"text": "a", "parse_mode": "HTML", "entities": [entity]}).result == "fail"


class TestButtons:
    def rows(self, *rows):
        return {"text": "x", "buttons": list(rows)}

    @pytest.mark.parametrize(
        ("button", "result"),
        [
            ({"text": "a", "callback_data": "x" * 64}, "pass"),
            ({"text": "a", "callback_data": "x" * 65}, "fail"),
            ({"text": "a", "callback_data": "ц" * 33}, "fail"),
            ({"text": "a", "callback_data": ""}, "fail"),
            ({"text": "a", "callback_data": 7}, "fail"),
            ({"text": " ", "callback_data": "x"}, "fail"),
            ({"callback_data": "x"}, "fail"),
            ({"text": "a"}, "fail"),
            ({"text": "a", "callback_data": "x", "url": "https://n.test"}, "fail"),
            ({"text": "a", "url": "https://n.test/p"}, "pass"),
            ({"text": "a", "url": "ftp://n.test"}, "fail"),
            ({"text": "a", "url": "https://user@n.test"}, "fail"),
            ("a", "fail"),
        ],
    )
    def test_a_button_can_be_read_and_pressed(self, button, result):
        """A label, and one of 1 to 64 bytes of data or an address."""
        assert judged("buttons", self.rows([button])).result == result

    @pytest.mark.parametrize(
        ("acts", "result"),
        [
            ({"copy_text": {"text": "A1"}}, "pass"),
            ({"switch_inline_query": ""}, "pass"),
            ({"switch_inline_query_current_chat": "q"}, "pass"),
            ({"web_app": {"url": "https://n.test"}}, "pass"),
            ({"web_app": {"url": "javascript:x"}}, "fail"),
            ({"login_url": {"url": "https://n.test"}, "pay": False}, "pass"),
            ({"pay": True}, "pass"),
            ({"pay": True, "callback_data": "x"}, "fail"),
            ({"url": "tg://user?id=1"}, "pass"),
            ({"url": "t.me/name"}, "pass"),
            ({"url": "name"}, "fail"),
            ({"url": "javascript:alert.me/1"}, "fail"),
        ],
    )
    def test_a_button_may_do_whatever_telegram_knows(self, acts, result):
        """One thing: copy, share, pay, open an app or a chat."""
        assert judged("buttons", self.rows([{"text": "a", **acts}])).result == result

    def test_rows_and_total_have_limits(self):
        """Eight in a row, a hundred in all."""
        one = {"text": "a", "callback_data": "x"}

        assert judged("buttons", self.rows([one] * 8)).result == "pass"
        assert judged("buttons", self.rows([one] * 9)).result == "fail"
        assert judged("buttons", self.rows(*[[one] * 5] * 21)).result == "fail"
        assert judged("buttons", {"text": "x", "buttons": [one]}).result == "fail"

    def test_the_words_of_send_message_are_read_too(self):
        """reply_markup with an inline keyboard."""
        keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}

        (finding,) = judged("buttons", {"text": "x", "reply_markup": keyboard}).findings
        assert finding.place == "$.metadata.telegram.reply_markup.inline_keyboard[0][0].callback_data"


class TestCallbacks:
    def test_those_of_the_case_and_no_other(self):
        """Each handled action is on a button; a button nobody answers is a finding."""
        own = {"text": "x", "buttons": BUTTONS}
        more = {"text": "x", "buttons": [*BUTTONS, [{"text": "↻", "callback_data": "refresh:1"}]]}
        less = {"text": "x", "buttons": [BUTTONS[0][:1]]}

        assert judged("callbacks", own, case=RU).result == "pass"
        assert "'refresh'" in judged("callbacks", more, case=RU).findings[0].excerpt
        assert "'sources'" in judged("callbacks", less, case=RU).findings[0].message

    def test_an_answer_without_a_message_lacks_them_all(self):
        """Where the case names callbacks, a message is expected; elsewhere its absence is not judged."""
        silent = Output(content="x")

        assert judged("callbacks", case=RU, output=silent).result == "fail"
        assert judged("text", case=RU, output=silent).result == "not_applicable"


class TestLanguage:
    @pytest.mark.parametrize(
        ("label", "case", "result"),
        [
            ("Sources", RU, "fail"), ("Источники", RU, "pass"), ("↻ 24h", RU, "pass"), ("GPT: почему?", RU, "pass"),
            ("Sources", EN, "pass"), ("Источники", EN, "fail"), ("Sоurces", EN, "fail"),  # a Cyrillic o
            ("🇬🇧 English", RU, "pass"), ("Русский", EN, "pass"), ("📄 PDF", RU, "pass"), ("PDF file", RU, "fail"),
        ],
    )  # fmt: skip
    def test_labels_are_in_the_language_of_the_request(self, label, case, result):
        """However short; a single letter of the other script counts in English."""
        assert (
            judged("language", {"text": "1", "buttons": [[{"text": label, "callback_data": "x"}]]}, case=case).result
            == result
        )

    def test_a_button_that_leads_away_may_bear_a_name(self):
        """Of the source it leads to."""
        button = {"text": "gazette.example", "url": "https://gazette.example"}

        assert judged("language", {"text": "1", "buttons": [[button]]}, case=RU).result == "pass"

    def test_the_text_is_too(self):
        """As it is shown, without its marks."""
        text = '<a href="https://n.test">Порт снова открыт, корабли вернулись</a>'

        assert judged("language", {"text": text, "parse_mode": "HTML"}, case=RU).result == "pass"
        assert judged("language", {"text": text, "parse_mode": "HTML"}, case=EN).result == "fail"


@pytest.mark.parametrize(
    ("output", "place"),
    [
        (Output(structured={"text": "<b>", "parse_mode": "HTML"}), "$.structured.text"),
        (Output(structured={"message": {"text": "<b>", "parse_mode": "HTML"}}), "$.structured.message.text"),
        (
            Output(structured={"result": {"telegram": {"text": "<b>", "parse_mode": "HTML"}}}),
            "$.structured.result.telegram.text",
        ),
        (Output(metadata={"message": {"text": "<b>", "parse_mode": "HTML"}}), "$.metadata.message.text"),
    ],
)
def test_where_a_message_may_stand(output, place):
    """In structured or metadata, itself or under a usual name."""
    assert judged("text", output=output).findings[0].place == place


def test_a_case_with_an_incident_counts_once():
    """A case that breaks two laws is one incident; without an answer nothing is known; an error is not asked."""
    metric = BUILT_IN["format.violations"]
    bad = Output(metadata={"telegram": {"text": "<b>", "parse_mode": "HTML", "buttons": [[{"text": ""}]]}})
    crashed = Output(error=Crash(kind=CrashKind.TIMEOUT, message="late"))

    def measured(output, case=EN):
        return measure(metric, Trial(case=case, outputs=(output,)), {}, CheckConfig())

    assert (measured(bad).k, measured(bad).n) == (1, 1)
    assert isinstance(measured(crashed), NotMeasured)
    assert SUITES["format"].cases([EN, Case(id="e", expect=Expect(outcome="error"))], 1) == [EN]


def test_units_are_those_of_utf16():
    """Beyond the basic plane a character counts twice."""
    assert [units(text) for text in ("", "a", "ж", "😀", "👩‍🚀")] == [0, 1, 1, 2, 5]
