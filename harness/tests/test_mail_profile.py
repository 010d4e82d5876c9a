"""The platform profile: each hole tried, not looked up, and what is seen agrees with what the builders then do."""

from __future__ import annotations

from sluicegate.mail.builders import BUILDERS, Draft
from sluicegate.mail.invariants import Allowed, broken
from sluicegate.mail.profile import profile
from sluicegate.mail.wire import read
from sluicegate.model.case import Mail

HOLES = {hole.name: hole for hole in profile()}


def sent(builder, **fields):
    draft = Draft(
        mail=Mail(**{"to": ("alice@ok.test",), "subject": "Hi", "body": "x", **fields}), sender="shop@ok.test"
    )
    posted = BUILDERS[builder].build(draft)
    allowed = Allowed(recipients=("alice@ok.test",), sender="shop@ok.test")
    return {one.invariant for mail in posted.sent for one in broken(mail.envelope, read(mail.data), allowed)}


def test_a_profile_is_tried_once_and_printable():
    """Every hole has a name of its own, words for a report, and what was seen."""
    assert profile() is profile()
    assert len(HOLES) == len(profile()) >= 12
    for hole in profile():
        assert hole.says
        assert hole.seen.isprintable()


def test_a_hole_of_the_subject_is_the_hole_the_builder_falls_into():
    """An encoded word in a subject breaks I2 on an interpreter that has the hole, and only there."""
    subject = "=?utf-8?q?Hi=0D=0ABcc:_x=40probe.test?="

    assert ("I2" in sent("modern", subject=subject)) is HOLES["subject_encoded_word"].present


def test_a_hole_of_file_names_is_the_hole_the_builder_falls_into():
    """An encoded word in a file name breaks I5 on an interpreter that has the hole, and only there."""
    from sluicegate.model.case import Attachment

    name = "=?utf-8?q?a=0ABcc:_x?="

    assert ("I5" in sent("by_the_book", attachments=(Attachment(name=name, text="x"),))) is HOLES[
        "file_name_encoded_word"
    ].present


def test_what_every_interpreter_does_is_seen():
    """Delivery to Resent-To is how the standard library is meant to work."""
    assert HOLES["resent_reroutes"].present
