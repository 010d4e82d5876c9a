"""Texts that look the same and are not: a skeleton that like texts share.

The table is this project's own, of letters that most typefaces draw alike; what it does not list is no look-alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sluicegate.text.decoders import DECODERS, folded
from sluicegate.text.patterns import Late

__all__ = ["CONFUSABLE", "alike", "drawn", "seen", "skeleton"]

_CYRILLIC = "аaвbеeзeкkмmнhоoрpсcтtуyхxѕsіiїiјjԁdԛqԝwѵvһhɡgӏlьb"
_GREEK = "αaβbεeηnιiκkνvοoρpτtυuχxγyωwϲcϳj"
_OTHERS = "օoսuոnհhցgզqԼlѕsոnցgɑaɡgıiȷjʏyʀrɴnʜhᴏoᴄcᴠvᴡwᴢzꜱsſsƽsᎠdᎪaᏟcᎬeᎻhᎫjᏞlᎷmᏢpᏚsᎢtᏙvᏔwᏃzꓐbꓚcꓓdꓰeꓖgꓧhꓲlꓳoꓴuđdłløo"
_ASCII = "0o1l|l5s$s@a3e"
CONFUSABLE: Mapping[str, str] = MappingProxyType(
    {
        folded(pair[0]) or pair[0]: pair[1]
        for table in (_CYRILLIC, _GREEK, _OTHERS, _ASCII)
        for pair in (table[at : at + 2] for at in range(0, len(table), 2))
    }
    | {"i": "l", "ⅼ": "l", "ⅰ": "l", "•": ".", "。": ".", "·": "."}
)
"""A folded character to the plain letter it is drawn like; I, l, 1 and | are all one."""
_TABLE = str.maketrans(dict(CONFUSABLE))
_LETTERS = str.maketrans({letter: plain for letter, plain in CONFUSABLE.items() if not letter.isascii()})
_PAIRS = Late("rn|vv|cl")
_DRAWN = {"rn": "m", "vv": "w", "cl": "d"}


def skeleton(text: str) -> str:
    """What like texts have in common. Not for show: it is no word. Total, and linear in the text.

    Letter case, width, accents, invisible characters and confusable letters are folded; `rn` is `m`, `vv` is `w`.
    """
    plain = folded(text).translate(_TABLE).translate(_TABLE)
    return _PAIRS.sub(lambda found: _DRAWN[found[0]], plain)


def drawn(text: str) -> str:
    """The text with letters of other scripts as the plain ones they are drawn like; as many characters, the same words.

    For text in small letters without accents; total, and linear.
    """
    return text if text.isascii() else text.translate(_LETTERS)


def seen(text: str) -> str:
    """The text without what is not seen, and with letters of other widths and styles as the usual ones. Total."""
    return text if text.isascii() else DECODERS["format_stripped"](DECODERS["nfkc"](text))


def alike(one: str, other: str) -> bool:
    """Whether two texts that differ may be taken for each other."""
    return one != other and skeleton(one) == skeleton(other) != ""
