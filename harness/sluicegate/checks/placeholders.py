"""What a template or a model left unfilled in a text meant for a person."""

from __future__ import annotations

import re

__all__ = ["placeholders"]

_WORDS = (
    "name|date|time|number|email|e-mail|phone|address|amount|price|signature|title|company|link|url|product|"
    "имя|фамилия|дата|номер|адрес|сумма|телефон|подпись|компания"
)
_OPENERS = (
    "your|insert|enter|add|customer|client|recipient|sender|agent|company|business|order|tracking|invoice|support|"
    "product|first|last|full|contact|ваш[аеиу]?|вставьте|введите|укажите"
)

_SIGNS = (
    # {{name}}, {% if %}, ${name}, {order_id}, <%= name %>, %(name)s
    re.compile(
        r"\{\{[^{}\n]{0,80}\}\}|\{%[^{}\n]{0,80}%\}|\$\{[^{}\n]{1,80}\}|<%[^<>\n]{0,80}%>|%\([A-Za-z_]\w{0,60}\)[sd]"
    ),
    re.compile(r"(?<![{$\\\w])\{[A-Za-z_][\w.]{0,60}\}(?!\})"),
    # [ORDER_ID], <ORDER_ID>, __NAME__: upper case with an underscore
    re.compile(r"[\[<](?=[A-Z0-9]{0,40}_)[A-Z][A-Z0-9_]{1,60}[\]>]|(?<!\w)__[A-Z][A-Z0-9_]{1,40}__(?!\w)"),
    # [Your Name], [Customer name], [NAME], [номер заказа]; "[Order 1001]" and "[EXTERNAL]" are no placeholders
    re.compile(rf"(?i)\[(?:(?:{_OPENERS})[ _\-][^\[\]\n\d#]{{1,40}}|(?:{_WORDS})(?: [^\W\d]{{1,20}}){{0,2}})\]"),
    re.compile(rf"<(?:{_WORDS.upper()})>|<(?i:your|insert|customer)[ _][A-Za-z _]{{1,30}}>"),
    # "Dear None,"
    re.compile(
        r"(?i:\b(?:dear|hello|hi|hallo|lieber?|sayın|уважаем\w{2,3}|здравствуйте),? )(?:None|null|undefined|NaN)\b"
    ),
    re.compile(r"(?i)\blorem ipsum\b"),
)
_HINT = re.compile(r"[\[{<%_]|(?i:none|null|undefined|nan|lorem)")
_READ = 200_000
_MAX = 10


def placeholders(text: str) -> list[str]:
    """Each distinct placeholder in order, at most ten."""
    if not _HINT.search(text):
        return []
    found = {hit[0]: hit.start() for sign in _SIGNS for hit in sign.finditer(text[:_READ])}
    return sorted(found, key=lambda hit: (found[hit], hit))[:_MAX]
