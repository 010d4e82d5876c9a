"""The mail guard: the sound one holds and blocks nothing that is clean, and each planted defect is found, twice over.

The same of the judge: a judge that overlooks one thing, or accuses of one too many, is told from the sound one.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from sluicegate.checks import CHECKS, SUITES
from sluicegate.fixtures.mail_guard import matrix
from sluicegate.fixtures.mail_guard.canaries import canaries
from sluicegate.fixtures.mail_guard.clean import clean
from sluicegate.fixtures.mail_guard.defects import DEFECTS, GUARDS, chosen
from sluicegate.fixtures.mail_guard.guard import Draft, Guard, RefusedError, Trusted
from sluicegate.fixtures.mail_guard.judge import Judge
from sluicegate.fixtures.mail_guard.judge_defects import JUDGES
from sluicegate.fixtures.mail_guard.planting import INVARIANTS, SEEN_BY
from sluicegate.fixtures.mail_guard.vectors import TRUSTED, attacks
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.resources import data


def test_vectors_are_many_and_none_is_like_another() -> None:
    """Each has a name of its own and an attacker of its own, and every class of attack has several techniques."""
    vectors = (*attacks(), *clean())

    assert len({vector.name for vector in vectors}) == len(vectors)
    assert len({str(vector.draft) + str(vector.trusted) for vector in vectors}) >= len(vectors) - 3
    classes = Counter(vector.attack for vector in attacks())
    assert set(classes) == {
        "address-parsing", "display-names", "encoded-words", "header-names", "late-decoding", "line-ends", "links",
        "look-alikes", "mime-parameters", "reply-path", "sendmail-arguments", "smtp-commands", "smuggling",
        "sub-addresses", "unicode-line-ends", "unseen",
    }  # fmt: skip
    assert min(classes.values()) >= 5


def test_the_sound_guard_holds_on_every_vector() -> None:
    """Whatever a draft says: what goes out is what is trusted, or nothing goes out."""
    assert matrix.kills()[""] == ()


def test_the_sound_guard_does_not_refuse_everything() -> None:
    """Texts are cleaned and sent; what is refused are strangers, strange headers and strange links."""
    sent = Counter(vector.attack for vector in attacks() if matrix.said(Guard(vector.trusted), vector))

    assert {"line-ends", "unicode-line-ends", "encoded-words", "late-decoding", "smuggling", "unseen"} <= set(sent)
    assert sent["line-ends"] > 40
    assert not {"sub-addresses", "look-alikes", "sendmail-arguments"} & set(sent)


def test_every_clean_draft_goes_out_as_it_is() -> None:
    """It reaches everybody it should, and its texts arrive as they were written: names, subjects, bodies, files."""
    for vector in clean():
        stream = matrix.said(Guard(vector.trusted), vector)

        assert stream, vector.name
        assert Judge().broken(stream, vector.expected) == [], vector.name
        assert Judge().blocked(stream, vector.expected) == [], vector.name


@pytest.mark.parametrize("name", GUARDS)
def test_a_weakened_guard_is_found_by_two_independent_vectors(name: str) -> None:
    """Of another class or of another technique; and the check that the defect names is among those that see it."""
    found = matrix.kills()[name]

    assert len({kill.vector.name for kill in found}) >= 2
    wanted = INVARIANTS[SEEN_BY[name]]
    assert sum(any(fault.invariant == wanted for fault in kill.faults) for kill in found) >= 2


def test_weakened_guards_are_many_and_told() -> None:
    """At least sixty, each described, each one step of the sound guard done wrong; its check is one of its suite's."""
    assert len(GUARDS) >= 60
    assert len(set(GUARDS.values())) == len(GUARDS) == len({planted.description for planted in DEFECTS.values()})
    for name, planted in DEFECTS.items():
        assert planted.description.endswith(".")
        assert CHECKS[SEEN_BY[name]].suite in SUITES
        assert planted.check in {*SUITES[planted.suite].checks, *BUILT_IN}
        assert issubclass(GUARDS[name], Guard)
        assert GUARDS[name] is chosen({"SLUICEGATE_DEFECT": name}) is not Guard
    assert chosen({}) is Guard
    with pytest.raises(KeyError):
        chosen({"SLUICEGATE_DEFECT": "no-such-defect"})


@pytest.mark.parametrize("name", JUDGES)
def test_a_weakened_judge_is_told_by_two_independent_vectors(name: str) -> None:
    """It passes what the sound judge finds, or accuses what the sound judge passes."""
    told = matrix.told(name)

    assert len({specimen.partition(" by ")[0] for specimen in told}) >= 2


def test_weakened_judges_are_many_and_told() -> None:
    """At least fifteen; some of them accuse what is clean."""
    assert len(JUDGES) >= 15
    assert sum(not judge.concerns for judge in JUDGES.values()) >= 3
    assert len({judge.__doc__ for judge in JUDGES.values()}) == len(JUDGES)


def test_the_sound_judge_finds_a_canary_in_every_code() -> None:
    """The specimens of canaries are ones that a sound judge finds."""
    for name, stream, expected in canaries():
        assert {fault.invariant for fault in Judge().broken(stream, expected)} == {"I9"}, name


def test_the_matrix_is_the_one_computed() -> None:
    """The file is never edited by hand; every planted defect is in it, and no other.

    Where the interpreter's mail library has other holes, other vectors find a guard, and still two of them or more.
    """
    kept = json.loads(data("fixtures", matrix.FILE).read_bytes())["mail_guard"]
    computed = matrix.matrix()

    if kept["holes"] == matrix.holes():
        assert kept == computed
    else:
        for said in (kept, computed):
            assert said["vectors"] == {"attack": len(attacks()), "clean": len(clean())}
            assert set(said["guards"]) == set(DEFECTS)
            assert set(said["judges"]) == set(JUDGES)
            for name, guard in said["guards"].items():
                assert (guard["suite"], guard["check"]) == (DEFECTS[name].suite, DEFECTS[name].check)
                assert sum(map(len, guard["killed_by"].values())) >= 2, name


def test_classes_stand_in_for_each_other() -> None:
    """Left out any one class of vectors, nearly all of the defects are found by the others."""
    rates = json.loads(data("fixtures", matrix.FILE).read_bytes())["mail_guard"]["leave_one_class_out"]

    assert min(rate["killed"] / rate["of"] for rate in rates.values()) > 0.9


def test_a_guard_alone_refuses_and_sends() -> None:
    """It needs no suite and no server: a draft and what is trusted, and the words of a client come out."""
    guard = Guard(TRUSTED)

    said = guard.said(Draft(to=("alice@client.test",), names=("Moss, Alice",), subject="Hi\r\nBcc: x@attacker.test"))
    assert said[1:3] == [b"MAIL FROM:<support@shop.test>\r\n", b"RCPT TO:<alice@client.test>\r\n"]
    assert b'\r\nTo: "Moss, Alice" <alice@client.test>\r\n' in said[4]
    assert b"\r\nSubject: Hi Bcc: x@attacker.test\r\n" in said[4]
    with pytest.raises(RefusedError, match="not known"):
        guard.said(Draft(to=("mallory@attacker.test",)))
    with pytest.raises(RefusedError, match="nobody"):
        Guard(Trusted(sender="a@shop.test", recipients=())).said(Draft())
