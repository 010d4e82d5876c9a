"""The trend-analysis response contract, rule by rule; the names follow the check list of that rollout plan."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks import CHECKS, CheckConfig, compile_contract, run_check
from sluicegate.errors import InputError
from sluicegate.model import Case, Expect, Given, Output, Trial

ANSWER: dict[str, Any] = {
    "header": "Trends of the last 24 hours",
    "tldr": "Chip makers lead the news; two analysts disagree about prices next quarter.",
    "insights": [
        {
            "type": "fact",
            "text": "Three makers reported record sales this week.",
            "evidence_refs": [{"article_id": "a-1", "url": "https://news.example.com/1", "date": "2025-09-29"}],
            "confidence": 0.9,
        },
        {"type": "hypothesis", "text": "Prices may fall in the next quarter.", "evidence_refs": ["a-2"]},
    ],
    "evidence": [
        {
            "article_id": "a-1",
            "title": "Record sales",
            "url": "https://news.example.com/1",
            "date": "2025-09-29",
            "snippet": "Sales reached a record …",
        },
        {"article_id": "a-2", "url": "http://blog.example.org/2", "date": "2025-09-30", "snippet": "May fall"},
    ],
    "result": {"topics": [{"label": "chips"}]},
    "meta": {"confidence": 0.8, "model": "gpt-5", "version": "1", "correlation_id": "c-1"},
    "warnings": [],
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """The sound answer with one thing different; `...` removes it."""
    answer = deepcopy(ANSWER)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = answer
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return answer


def told(answer: Any, *, locale: str | None = "en", settings: dict[str, Any] | None = None, **expect: Any):
    contract = compile_contract({"contract": "trend-analysis", **(settings or {})})
    case = Case(id="t-1", given=Given(locale=locale), expect=Expect(**expect))
    return [(problem.place, problem.expected) for problem in contract.problems(answer, case)]


def test_valid_base_response():
    """A sound answer breaks no rule."""
    assert told(ANSWER) == []


@pytest.mark.parametrize(("length", "found"), [(220, []), (221, [("$.tldr", "must have at most 220 characters")])])
def test_tldr_length_limit(length, found):
    """tldr has at most 220 characters."""
    assert told(changed("tldr", "x" * (length - 1) + ".")) == found


@pytest.mark.parametrize(
    ("length", "found"), [(180, []), (181, [("$.insights[0].text", "must have at most 180 characters")])]
)
def test_insight_length_limit(length, found):
    """An insight has at most 180 characters."""
    assert told(changed("insights/0/text", "x" * (length - 1) + ".")) == found


@pytest.mark.parametrize(
    ("length", "found"), [(240, []), (241, [("$.evidence[0].snippet", "must have at most 240 characters")])]
)
def test_snippet_length_limit(length, found):
    """A snippet has at most 240 characters."""
    assert told(changed("evidence/0/snippet", "x" * length)) == found


def test_characters_are_counted_not_bytes():
    """Russian takes two bytes a letter and no more room."""
    assert told(changed("tldr", "я" * 219 + "."), locale="ru") == [
        ("$.header", "must be in the language of the request (ru)"),
        ("$.insights[0].text", "must be in the language of the request (ru)"),
        ("$.insights[1].text", "must be in the language of the request (ru)"),
    ]


def test_evidence_required():
    """Each insight has at least one reference."""
    assert told(changed("insights/0/evidence_refs", [])) == [
        ("$.insights[0].evidence_refs", "must have at least 1 item")
    ]


@pytest.mark.parametrize(
    "date",
    ["29.09.2025", "2025-9-29", "2025-02-30", "2025-09-29T00:00:00Z", "yesterday", "2025-09-29\n", 20250929, None],
)
def test_date_format_validation(date):
    """Dates are YYYY-MM-DD and days that exist."""
    assert told(changed("evidence/1/date", date))[0][0] == "$.evidence[1].date"


@pytest.mark.parametrize("confidence", [-0.01, 1.01, "0.5", True, float("nan"), float("inf")])
def test_confidence_range(confidence):
    """Confidence is a number from 0 to 1, wherever it stands."""
    assert told(changed("meta/confidence", confidence))
    assert told(changed("insights/0/confidence", confidence))
    assert told(changed("meta/confidence", 0)) == told(changed("meta/confidence", 1.0)) == []


def test_invalid_insight_type():
    """An insight is a fact, a hypothesis, a recommendation or a conflict."""
    assert told(changed("insights/0/type", "rumour")) == [
        ("$.insights[0].type", "must be one of fact, hypothesis, recommendation, conflict")
    ]
    for kind in ("fact", "hypothesis", "recommendation", "conflict"):
        assert told(changed("insights/0/type", kind)) == []


@pytest.mark.parametrize(
    "field",
    ["tldr", "insights", "evidence", "insights/0/type", "insights/0/text", "evidence/0/date", "evidence/0/snippet"],
)
def test_missing_required_fields(field):
    """What the bot prints must be there."""
    assert any(f"lacks '{field.rpartition('/')[2]}'" in expected for _, expected in told(changed(field, ...)))


@pytest.mark.parametrize(
    "field",
    ["debug", "insights/0/why", "evidence/0/html", "meta/prompt", "insights/0/evidence_refs/0/page"],
)
def test_extra_fields_rejected(field):
    """Fields the contract does not have are findings at every level but `result`."""
    assert told(changed(field, 1))
    assert told(changed("result/anything", {"at": "all"})) == []


def test_domain_whitelist_pass():
    """Evidence from an allowed domain, or below it, passes."""
    assert told(ANSWER, settings={"allow_domains": ["example.com", "blog.example.org"]}) == []
    assert told(ANSWER, link_hosts=("news.example.com", "blog.example.org")) == []


def test_a_domain_that_is_not_on_the_list_fails():
    """Neither a look-alike nor a longer name is the allowed domain."""
    rule = ("$.evidence[0].url", "must come from an allowed domain")
    allow = {"allow_domains": ["example.com", "example.org"]}

    for host in ("notexample.com", "example.com.evil.test", "ехample.com", "127.0.0.1"):
        answer = changed("evidence/0/url", f"https://{host}/1")
        assert rule in told(answer, settings=allow)


def test_domain_blacklist_fail():
    """Evidence from a blocked domain, or below it, is a finding, however the host is written."""
    rule = ("$.evidence[0].url", "must not come from a blocked domain")

    for url in ("https://example.com/1", "https://NEWS.Example.COM./1", "https://a.b.example.com:8443/1"):
        assert rule in told(changed("evidence/0/url", url), settings={"block_domains": ["example.com"]})


def test_url_validation_http():
    """http is a web address."""
    answer = changed("insights/0/evidence_refs", ["a-1"])
    answer["evidence"][0]["url"] = "http://news.example.com/1?q=a#b"

    assert told(answer) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example.com@evil.test/1", "ftp://news.example.com/1", "javascript:alert(1)", "//news.example.com",
        "news.example.com/1", "https://", "https:///1", "https://news.example.com/a b", "https://evil.test\\@news.example.com",
        "https://news.example.com/\u202e1", "data:text/html,x", "https://[::1/",
        "https://ex%61mple.com/", "https://a..b/", "https://" + "a" * 64 + ".test/",
    ],
)  # fmt: skip
def test_url_validation_https(url):
    """Only http and https addresses whose host every reader understands alike."""
    assert ("$.evidence[0].url", "must be an http or https address without user name") in told(
        changed("evidence/0/url", url)
    )


@pytest.mark.parametrize(
    "reference",
    [
        "a-3", 7, {"article_id": "a-3"}, {"url": "https://news.example.com/2"}, {"date": "2025-09-29"}, {},
        {"article_id": "a-1", "url": "http://blog.example.org/2"}, {"article_id": "a-1", "date": "2025-09-30"},
    ],
)  # fmt: skip
def test_evidence_ref_validation(reference):
    """A reference names one piece of evidence of this answer, and nothing it says contradicts that piece."""
    assert told(changed("insights/0/evidence_refs", [reference])) == [
        ("$.insights[0].evidence_refs[0]", "must refer to a piece of evidence of this answer")
    ]


@pytest.mark.parametrize("reference", ["a-1", "https://news.example.com/1", {"url": "https://news.example.com/1"}])
def test_a_reference_by_id_or_url_resolves(reference):
    """Either name will do."""
    assert told(changed("insights/0/evidence_refs", [reference])) == []


def test_two_pieces_of_evidence_of_one_name_are_told():
    """A reference must not be able to mean either."""
    assert ("$.evidence[1]", "must be named differently from other evidence") in told(
        changed("evidence/1/article_id", "a-1")
    )


def test_insight_without_evidence_fails():
    """An insight that has no references at all."""
    assert told(changed("insights/1/evidence_refs", ...)) == [
        ("$.insights[1]", "lacks 'evidence_refs': an insight without evidence")
    ]


def test_snippet_truncation():
    """A snippet is an excerpt and may end in an ellipsis, which counts."""
    assert told(changed("evidence/0/snippet", "x" * 239 + "…")) == []


@pytest.mark.parametrize(
    "text",
    ["Chip makers lead the news, two analysts…", "Chip makers lead the news and...", "Chip makers lead,", "w" * 220],
)
def test_tldr_truncation(text):
    """A tldr that was cut to fit is no summary."""
    assert told(changed("tldr", text)) == [("$.tldr", "must be a whole sentence, not cut off")]


def test_header_length_validation():
    """A header has at most 100 characters, a title 200."""
    assert told(changed("header", "x" * 101)) == [("$.header", "must have at most 100 characters")]
    assert told(changed("header", "x" * 100)) == []
    assert told(changed("evidence/0/title", "x" * 201)) == [("$.evidence[0].title", "must have at most 200 characters")]


def test_language_consistency():
    """Texts are in the language of the request; names, links and quoted snippets may be in another."""
    english, russian = "Three makers reported record sales.", "OpenAI и Google выпустили новые модели на этой неделе."

    assert told(changed("insights/0/text", russian), locale="en") == [
        ("$.insights[0].text", "must be in the language of the request (en)")
    ]
    answer = changed("header", "Тренды за сутки и их источники")
    answer["tldr"] = answer["insights"][0]["text"] = answer["insights"][1]["text"] = russian
    assert told(answer, locale="ru-RU") == []
    answer["insights"][0]["text"] = english
    assert told(answer, locale="ru") == [("$.insights[0].text", "must be in the language of the request (ru)")]
    assert told(ANSWER, locale="tr") == []
    assert told(answer, locale=None) == []


@pytest.mark.parametrize(
    "answer",
    [
        {}, [], None, "", "text", 0,
        {"tldr": "", "insights": [], "evidence": []},
        {"tldr": "  ", "insights": [{}], "evidence": [{}]},
        {"tldr": "\u200b \n", "insights": [None], "evidence": ["a"]},
    ],
)  # fmt: skip
def test_empty_response_fails(answer):
    """An answer without words, insights or evidence is no answer."""
    assert told(answer)


def test_each_finding_says_rule_place_and_what_was_seen():
    """In the suite, a problem becomes a finding at its place in the output."""
    config = CheckConfig(contracts={"structured": compile_contract("trend-analysis")})
    output = Output(structured=changed("insights/0/evidence_refs", ["mail me at eve@evil.test"]))

    outcome = run_check(CHECKS["schema.valid"], Trial(case=Case(id="t-1"), outputs=(output,)), config)

    (finding,) = outcome.findings
    assert outcome.result == "fail"
    assert finding.place == "$.structured.insights[0].evidence_refs[0]"
    assert finding.message == "must refer to a piece of evidence of this answer"
    assert finding.excerpt == "mail me at ***@e***"
    assert finding.mend == "Use the article_id or url of an item in $.evidence."


def test_limits_and_lists_are_settings():
    """`{contract: trend-analysis, …}` in a plan; a misspelt setting or a list entry that is no domain is a fault."""
    assert told(changed("tldr", "x" * 249 + "."), settings={"tldr": 250}) == []
    with pytest.raises(InputError, match="allow_domain"):
        compile_contract({"contract": "trend-analysis", "allow_domain": []})
    with pytest.raises(InputError, match="is no domain"):
        compile_contract({"contract": "trend-analysis", "block_domains": ["https://evil.test/"]})


_weird = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["tldr", "insights", "evidence", "url", "date", "text", "type", "evidence_refs", "id", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(_weird)
def test_the_contract_is_total(answer):
    """Any value whatever is judged, and nothing but the sound shape passes."""
    assert told(answer, locale="ru", settings={"allow_domains": ["example.com"]})


def test_an_address_of_numbers_is_a_host_too():
    """It is http, and on no list of domains."""
    answer = changed("insights/0/evidence_refs", ["a-1"])
    answer["evidence"][0]["url"] = "http://[2001:DB8::1]:80/"

    assert told(answer) == []
    assert ("$.evidence[0].url", "must come from an allowed domain") in told(answer, link_hosts=("example.org",))


def test_evidence_that_nothing_can_refer_to_is_told():
    """Without id and url."""
    answer = changed("evidence/1", {"date": "2025-09-30", "snippet": "May fall"})

    assert ("$.evidence[1]", "is named by nothing an insight could refer to") in told(answer)
