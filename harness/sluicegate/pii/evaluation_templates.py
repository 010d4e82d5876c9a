"""Sentences of mails, chats and records with places for made-up values: capitals mark personal data.

Templates at odd places of a list are held out: rules are written while looking at the others only.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CLEAN", "PERSONAL"]

_ID_FORMS = (
    "My {word} is {X}, please update it.",
    "{word}: {X}",
    "For the contract you asked for my {word} {X}.",
    "Customer verified by {word} ({X}) on the phone.",
    "Please find the {word} below.\n{X}\nBest wishes",
    "The {word} we have on file is {X}; the name differs.",
)


def _named(entity: str, *words: str) -> tuple[str, ...]:
    """The common forms, with each of the words that a country has for its number."""
    return tuple(
        form.replace("{word}", words[place % len(words)]).replace("{X}", f"{{{entity}}}")
        for place, form in enumerate(_ID_FORMS)
    )


PERSONAL: Mapping[str, tuple[str, ...]] = {
    "CREDIT_CARD": (
        "Please charge my card {CREDIT_CARD} for the second order.",
        "Card number: {CREDIT_CARD}, expires 04/29.",
        "I paid with {CREDIT_CARD} (Visa) and nothing arrived.",
        "Die Kreditkarte {CREDIT_CARD} wurde zweimal belastet.",
        "Block the credit card {CREDIT_CARD} at once.",
        "Ma carte {CREDIT_CARD} a été refusée.",
    ),
    "IBAN_CODE": (
        "Please refund to {IBAN_CODE}.",
        "IBAN {IBAN_CODE}, account holder as above.",
        "Bitte überweisen Sie auf {IBAN_CODE} bis Freitag.",
        "Rechnung bezahlt von {IBAN_CODE}",
        "Mon IBAN est le {IBAN_CODE}.",
        "El reembolso va a {IBAN_CODE}, gracias.",
    ),
    "EMAIL_ADDRESS": (
        "Write to {EMAIL_ADDRESS} please.",
        "From: <{EMAIL_ADDRESS}>",
        "My mail is {EMAIL_ADDRESS}, not the old one.",
        "Antwort bitte an {EMAIL_ADDRESS}.",
        "cc {EMAIL_ADDRESS}; bcc nobody",
        "mailto:{EMAIL_ADDRESS}",
    ),
    "IP_ADDRESS": (
        "Login from {IP_ADDRESS} at night.",
        "The request came from IP {IP_ADDRESS}.",
        "blocked {IP_ADDRESS} after five tries",
        "client={IP_ADDRESS} status=403",
        "Your address {IP_ADDRESS} is on a list.",
        "Zugriff von {IP_ADDRESS} abgelehnt",
    ),
    "US_SSN": (
        "SSN {US_SSN}",
        "My social security number is {US_SSN}.",
        "The applicant ({US_SSN}) was approved.",
        "Please remove {US_SSN} from my file.",
        "W-2 for {US_SSN} attached",
        "social: {US_SSN}",
    ),
    "PHONE_NUMBER": (
        "Call me on {PHONE_NUMBER} after five.",
        "Phone: {PHONE_NUMBER}",
        "You can reach me at {PHONE_NUMBER}.",
        "Meine Telefonnummer ist {PHONE_NUMBER}.",
        "Mobile {PHONE_NUMBER}, office hours only",
        "Mon portable : {PHONE_NUMBER}, merci de rappeler.",
        "Tel. {PHONE_NUMBER}",
        "The number {PHONE_NUMBER} does not answer.",
    ),
    "FR_NIR": _named("FR_NIR", "numéro de sécurité sociale", "social security number", "NIR"),
    "NL_BSN": _named("NL_BSN", "BSN", "burgerservicenummer", "citizen service number"),
    "BE_NATIONAL_NUMBER": _named("BE_NATIONAL_NUMBER", "rijksregisternummer", "national number", "numéro national"),
    "AT_SVNR": _named("AT_SVNR", "SVNR", "Sozialversicherungsnummer", "social insurance number"),
    "CH_AHV": _named("CH_AHV", "AHV-Nummer", "numéro AVS", "social security number"),
    "DK_CPR": _named("DK_CPR", "CPR-nummer", "CPR", "personnummer"),
    "NO_FODSELSNUMMER": _named("NO_FODSELSNUMMER", "fødselsnummer", "personnummer", "birth number"),
    "SE_PERSONNUMMER": _named("SE_PERSONNUMMER", "personnummer", "personal identity number", "pers.nr"),
    "FI_PERSONAL_IDENTITY_CODE": _named("FI_PERSONAL_IDENTITY_CODE", "henkilötunnus", "personal identity code", "hetu"),
    "PT_NIF": _named("PT_NIF", "NIF", "número de contribuinte", "tax number"),
    "IE_PPS": _named("IE_PPS", "PPS number", "PPSN", "public service number"),
    "RO_CNP": _named("RO_CNP", "CNP", "cod numeric personal", "national identification number"),
    "CZ_RODNE_CISLO": _named("CZ_RODNE_CISLO", "rodné číslo", "birth number", "personal identification number"),
    "UK_NINO": _named("UK_NINO", "National Insurance number", "NI number", "NINO"),
    "UK_NHS": _named("UK_NHS", "NHS number", "NHS no", "National Health Service number"),
    "DE_TAX_ID": _named("DE_TAX_ID", "Steuer-ID", "Steueridentifikationsnummer", "tax ID"),
    "ES_NIF": _named("ES_NIF", "DNI", "NIF", "NIE"),
    "IT_FISCAL_CODE": _named("IT_FISCAL_CODE", "codice fiscale", "fiscal code", "tax code"),
    "PL_PESEL": _named("PL_PESEL", "PESEL", "numer PESEL", "national identification number"),
    "TR_NATIONAL_ID": _named("TR_NATIONAL_ID", "T.C. kimlik no", "TCKN", "Turkish ID number"),
    "SECRET": (
        "The key is {SECRET}, do not share it.",
        "export TOKEN={SECRET}",
        '"credentials": "{SECRET}"',
        "I pasted {SECRET} into the ticket by mistake.",
        "curl -H 'Authorization: Bearer {SECRET}' https://api.example.test/v1",
        "Log line: auth={SECRET} user=42",
    ),
    "PERSON": (
        "My name is {PERSON} and I wait for my parcel.",
        "Dear {PERSON},\nthank you for your message.",
        "Please send it.\n\nKind regards,\n{PERSON}",
        "Name: {PERSON}\nSubject: return",
        "I spoke to {PERSON} yesterday about the refund.",
        "Mit freundlichen Grüßen\n{PERSON}",
        "The account belongs to Mr. {PERSON}, not to me.",
        "Customer: {PERSON}",
        "Bonjour, je m'appelle {PERSON} et ma commande est perdue.",
        "Hi {PERSON}, any news?",
        "This is {PERSON} from the second floor.",
        "Signed by {PERSON} on Monday.",
    ),
    "ADDRESS": (
        "My address is {ADDRESS}.",
        "Please deliver to {ADDRESS} before noon.",
        "Ship to:\n{ADDRESS}",
        "I moved to {ADDRESS} last week.",
        "We live at {ADDRESS}.",
        "Lieferadresse: {ADDRESS}",
        "The parcel went to {ADDRESS}, which is wrong.",
        "Billing address: {ADDRESS}\nThank you",
    ),
    "DATE_OF_BIRTH": (
        "I was born on {DATE_OF_BIRTH}.",
        "Date of birth: {DATE_OF_BIRTH}",
        "DOB {DATE_OF_BIRTH}",
        "geboren am {DATE_OF_BIRTH} in der Nähe",
        "Her birthday is {DATE_OF_BIRTH}; born at home.",
        "né le {DATE_OF_BIRTH}",
    ),
}
"""Entity to its templates."""

CLEAN: tuple[str, ...] = (
    "Your order {order} has shipped.",
    "Order no. {order} placed on {date}, total {amount} EUR.",
    "Tracking number: {tracking}",
    "Your parcel {tracking} arrives tomorrow.",
    "Invoice {invoice} over {amount} is due.",
    "Rechnung {invoice} zu Bestellung {order} liegt bei.",
    "Article {sku} is out of stock, {quantity} pieces expected.",
    "The book has ISBN {isbn}.",
    "Version {version} fixes the crash.",
    "Updated from v{version} to v{version} on {date}.",
    "Commit {hash} broke the build.",
    "The checksum is {hash}.",
    "Votre commande {order} est en route, suivi {tracking}.",
    "Su pedido {order} llegará el {date}.",
    "We counted {quantity} visits between {date} and {date}.",
    "Ticket {order} was closed after {quantity} minutes.",
    "Booking reference {order}, {quantity} guests.",
    "The meeting moved to {date}.",
    "Serial number {order}, model {sku}",
    "Sendung {tracking} wurde zugestellt.",
    "Dear customer, thank you for waiting. We are sorry for the delay.",
    "Our store is closed on public holidays; the next delivery leaves on Monday.",
)
"""Sentences without any personal data."""
