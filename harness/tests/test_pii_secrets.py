"""Secrets: tokens by their formats, keys, passwords in URLs; never stand-ins, hashes or words. Tokens are made here."""

from __future__ import annotations

import base64
from random import Random

import pytest

from sluicegate.pii.reading import read
from sluicegate.pii.secrets import entropy, secret_hits

_RNG = Random(4)
_MIXED = "".join(_RNG.choice("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(120))
_UPPER = "".join(_RNG.choice("ABCDEFGHJKLMNPQRSTUVWXYZ234567") for _ in range(60))
_HEX = "".join(_RNG.choice("0123456789abcdef") for _ in range(64))


def _told(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in secret_hits(read(text))]


@pytest.mark.parametrize(
    "token",
    [
        f"ghp_{_MIXED[:36]}",
        f"AKIA{_UPPER[:16]}",
        f"glpat-{_MIXED[:20]}",
        f"sk_live_{_MIXED[:24]}",
        f"xoxb-{'1234567890'}-{'9876543210'}-{_MIXED[:24]}",
        f"SG.{_MIXED[:22]}.{_MIXED[30:73]}",
        f"AIza{_MIXED[:35]}",
        f"npm_{_MIXED[:36]}",
        f"dop_v1_{_HEX}",
        f"{_MIXED[:3]}8Q~{_MIXED[10:44]}",
        f"hvs.{_MIXED[:95]}",
        f"sk-lf-{'0760a1ee-6262-4bbe-ad6f-804ddaaa1c5b'}",
        f"AccountKey={_MIXED[:86]}==",
        f"pcsk_{_MIXED[:5]}_{_MIXED[5:68]}",
    ],
)
def test_tokens_are_told_by_their_issuers_format(token: str) -> None:
    """Wherever they stand: alone, in an assignment, in a sentence, behind an escaped line end."""
    for text in (token, f"TOKEN={token}", f'"I pasted {token} here"', f"a\\n{token}\\n"):
        assert token in _told(text)


def test_the_same_prefix_inside_of_a_word_or_too_short_is_no_token() -> None:
    """A prefix begins a token where a word begins, and a token has its length."""
    assert _told(f"ghp_{_MIXED[:20]}") == []
    assert _told(f"xghp_{_MIXED[:36]}") == []
    assert _told("ghp_" + "a" * 36) == []


def test_private_keys_and_web_tokens_are_told_whole() -> None:
    """From the first line to the last; a heading without a body is no key."""
    body = "\n".join(_MIXED[at : at + 60] for at in (0, 30, 60))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    part = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    web = f"{part}.{part}.{_MIXED[:43]}"

    assert _told(f"see\n{key}\nend") == [key]
    assert _told("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----") == []
    assert web in _told(f"token {web}")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgres://app:h8Gq2v9z@db.internal/x", "app:h8Gq2v9z"),
        (f"Authorization: Bearer {_MIXED[:40]}", _MIXED[:40]),
        (f"curl -u admin:{_MIXED[:12]} https://example.test", f"admin:{_MIXED[:12]}"),
        (f'api_key = "{_MIXED[:32]}"', _MIXED[:32]),
        ("password: gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("mein Passwort ist gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("<password>gr8-Tulpe!77</password>", "gr8-Tulpe!77"),
        ("Das Passwort lautet: gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("mot de passe : gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("Hasło: gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("contraseña: gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("пароль: gr8-Tulpe!77", "gr8-Tulpe!77"),
        ("şifre: gr8-Tulpe!77", "gr8-Tulpe!77"),
        (f"GET /v1?access_token={_MIXED[:24]}&page=2", _MIXED[:24]),
        (f"Set-Cookie: sessionid={_MIXED[:32]}; HttpOnly", _MIXED[:32]),
        (f"Cookie: lang=en; connect.sid={_MIXED[:24]}", _MIXED[:24]),
    ],
)
def test_credentials_are_told_by_what_stands_around_them(text: str, secret: str) -> None:
    """In a URL, a header, a command, behind a name."""
    assert secret in _told(text)


@pytest.mark.parametrize(
    "text",
    [
        "password: ${DB_PASSWORD}",
        "password: changeme1",
        "api_key = os.environ['KEY_1']",
        "token: your-token-here-123",
        "api_key: xxxxxxxxxxxx1234",
        f"public_key = {_MIXED[:40]}",
        "monkey: 1234567890abcdef",
        "the key is under the mat",
        "keyword: sustainability2024",
        "https://user:password@example.test",
        f"commit {_HEX[:40]}",
        "primary_key: customer_order_id_2",
        "AKIAIOSFODNN7EXAMPLE",
        f"Cookie: _ga={_MIXED[:24]}; theme=dark",
        "Passwort: mindestens 12 Zeichen",
        "mot de passe : oublié",
        "senha é obrigatória para 2 contas",
    ],
)
def test_stand_ins_names_and_hashes_are_no_secrets(text: str) -> None:
    """Nothing is told that a reader would not rotate."""
    assert _told(text) == []


def test_entropy_is_shannons() -> None:
    """In bits a character: one of two equal letters is one bit, nothing is none."""
    assert (entropy("abab"), entropy(""), entropy("abcdefgh")) == (1.0, 0.0, 3.0)


def test_a_password_is_told_behind_what_it_was_set_to() -> None:
    """In the words of an agent."""
    assert _told("Passed second factor, password reset to Kaffee!3625vT by the agent.") == ["Kaffee!3625vT"]
    assert _told("The password was changed to Blau4232Pq yesterday") == ["Blau4232Pq"]
    assert _told("The token was reset to its default by the agent.") == []


@pytest.mark.parametrize(
    "text",
    [
        "The password for the guest wifi is Blau_9096Pq",
        "Het wachtwoord van de wifi is Blau_9096Pq",
        "La password del wifi è Blau_9096Pq",
        "Пароль от вайфая: Blau_9096Pq",
        "Hasło do wifi: Blau_9096Pq",
    ],
)
def test_whose_password_it_is_may_stand_between(text: str) -> None:
    """A few words, then a colon or is."""
    assert _told(text) == ["Blau_9096Pq"]


def test_rules_for_passwords_are_no_passwords() -> None:
    """Words and lengths."""
    assert (
        _told("The password for new users is required. Passwords of the team must be 12 characters: see page-12") == []
    )
