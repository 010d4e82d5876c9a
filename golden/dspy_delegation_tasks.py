"""The tasks of the delegation set: kinds of work in a small company, each in several wordings, and who should do them.

What is right follows from the kind alone. The owner keeps what binds the company, costs much, is secret or is personal;
what does not say enough is asked about; everything else goes to the role that does such work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["KINDS", "Kind", "Task", "tasks"]


class Kind(NamedTuple):
    """Work that is decided alike."""

    name: str
    decision: str
    """delegate | keep | ask"""
    assignee: str
    """A role, or nobody."""
    why: str
    wordings: tuple[str, ...]
    """With places {thing}, {event}, {company}, {person}, {month}, {city}."""


class Task(NamedTuple):
    """One task and what is right for it."""

    id: str
    kind: Kind
    text: str
    context: str
    why: str
    """A sentence of this task alone: where it stands in a prompt, the answer was given away."""


_COMPARE = (
    "Compare three suppliers of {thing} by price and delivery", "Which supplier of {thing} is cheapest? Compare them",
    "Compare offers for {thing} from at least four suppliers",
)  # fmt: skip
_VENUE = (
    "Find a venue for the {event} with room for sixty guests", "Look for a venue in {city} for our {event}",
    "We need a venue for the {event}: find two with a kitchen for guests",
)  # fmt: skip
_PRESS = (
    "Collect what newspapers wrote about {company} in {month}", "What did newspapers write about {thing}? Collect it",
    "Collect articles from trade newspapers that mention {company}",
)  # fmt: skip
_LETTER = (
    "Draft the {month} newsletter with the {event} as first story", "Draft a newsletter to customers about {thing}",
    "The newsletter for {month} needs a draft with three stories",
)  # fmt: skip
_PRODUCT = (
    "Write a product description of the new {thing}", "Write a shorter product description for our {thing}",
    "A product description for {thing} is missing in the shop: write one",
)  # fmt: skip
_MINUTES = (
    "Turn my notes of the {event} into minutes", "Type up minutes from the notes of the talk with {company}",
    "Minutes of the {event} from these handwritten notes",
)  # fmt: skip
_TRANSLATE = (
    "Translate the manual of the {thing} into French", "Translate our page about {thing} into Polish and Dutch",
    "The leaflet for the {event} has to be translated into English",
)  # fmt: skip
_SALES = (
    "Make a table of sales by region for {month}", "Sales of {thing} by region as a table, please",
    "Table of sales since {month}, one line a region",
)  # fmt: skip
_CLEAN = (
    "Remove duplicates from the list of guests of the {event}",
    "The address list has duplicates since {month}: clean it",
    "Clean up the list of customers who bought {thing}, without duplicates",
)  # fmt: skip
_MATCH = (
    "Match the invoices of {month} with the bank statement",
    "Which invoices of {company} are missing on the statement?",
    "Match invoices for {thing} to payments on the bank statement",
)  # fmt: skip
_CHART = (
    "Chart how many {thing} we sold each week since {month}", "Make a chart of visitors per week in {city}",
    "A weekly chart of returns of {thing}",
)  # fmt: skip
_MEETING = (
    "Find a time for a meeting with {person} next week", "Arrange a meeting with {company} at a time that suits both",
    "Move the meeting with {person} to another time",
)  # fmt: skip
_TRAVEL = (
    "Book a train to {city} for the {event}", "Book a hotel in {city} close to the train station for two nights",
    "Train and hotel to {city} in {month}: book both",
)  # fmt: skip
_REMIND = (
    "Remind everyone who has not answered the invitation to the {event}", "Remind {person} of the invitation",
    "Send a reminder with the invitation to the {event} again",
)  # fmt: skip
_SHIFTS = (
    "Plan the shifts of the warehouse for {month}", "Plan who covers which shifts during the {event}",
    "Shifts in the shop in {city} have gaps: plan them anew",
)  # fmt: skip
_PARCEL = (
    "Answer customers who ask where their parcel with {thing} is", "A customer in {city} asks about a late parcel",
    "Answer the five customers whose parcel came late in {month}",
)  # fmt: skip
_RETURN = (
    "Handle the return of a broken {thing} as usual with a refund", "A customer wants a refund for {thing}: handle it",
    "Handle returns of {thing} under warranty, refund included",
)  # fmt: skip
_HELP = (
    "Update the help page about {thing}", "The help page still shows prices of {month}: update it",
    "Update help articles that mention the {event}",
)  # fmt: skip
_CONTRACT = (
    "Sign the contract with {company}", "Sign the lease contract for the office in {city}",
    "The contract for {thing} lies ready to sign",
)  # fmt: skip
_REVIEW = (
    "Hold the yearly review talk with {person}", "Prepare and hold the review with {person} about this year",
    "Tell {person} in the review how the year went",
)  # fmt: skip
_RAISE = (
    "Decide about the salary that {person} asked for", "Decide whether {person} gets a higher salary in {month}",
    "Salary of the new colleague in {city}: decide on it",
)  # fmt: skip
_PAYMENT = (
    "Approve the payment of 48,000 euros to {company}", "Approve paying 12,500 euros for {thing}",
    "Payment of 30,000 euros for the {event} waits to be approved",
)  # fmt: skip
_SECRET = (
    "Change the bank password after {month}", "Give the new bank password to the auditor of {company}",
    "Renew the secret key of the bank access before {month}",
)  # fmt: skip
_CONDOLE = (
    "Write a personal letter of condolence to {person}", "A personal card for {person}, whose father died",
    "Write personal thanks to {person}, who leaves after twenty years",
)  # fmt: skip
_LAWYER = (
    "Answer the letter of the lawyer of {company}", "The lawyer asks for a statement about {thing}: answer",
    "Answer the court and our lawyer about the {event}",
)  # fmt: skip
_VAGUE = (
    "Sort out the thing with {company}", "That thing in {city} should be sorted out", "Sort the thing from {month} out",
)  # fmt: skip
_USUAL = (
    "Do the same as last time for {company}", "As last time in {city}, but better", "Same as last time for the {event}",
)  # fmt: skip
_WHICH = (
    "Send it to them before {month}", "Send those to {person}, not the others",
    "They want it back in {city}: send it on",
)  # fmt: skip
_UNLESS = (
    "Cancel the {event}, unless we keep it", "Perhaps cancel the order of {thing}, or perhaps unless it is sent",
    "Keep or cancel {city}, unless there is a better idea",
)  # fmt: skip

KINDS: tuple[Kind, ...] = (
    Kind("compare", "delegate", "research", "Comparing offers binds nobody", _COMPARE),
    Kind("venue", "delegate", "research", "Looking for rooms is research", _VENUE),
    Kind("press", "delegate", "research", "Reading newspapers is research", _PRESS),
    Kind("newsletter", "delegate", "writing", "A draft is read again before it goes out", _LETTER),
    Kind("product", "delegate", "writing", "A text for the shop is writing", _PRODUCT),
    Kind("minutes", "delegate", "writing", "Notes become minutes without a decision", _MINUTES),
    Kind("translation", "delegate", "writing", "A translation changes nothing", _TRANSLATE),
    Kind("sales", "delegate", "data", "Figures are only put together", _SALES),
    Kind("list", "delegate", "data", "A list is only tidied", _CLEAN),
    Kind("invoices", "delegate", "data", "Matching pays nothing", _MATCH),
    Kind("chart", "delegate", "data", "Figures are only drawn", _CHART),
    Kind("meeting", "delegate", "scheduling", "A time can be moved again", _MEETING),
    Kind("travel", "delegate", "scheduling", "A journey within the budget is routine", _TRAVEL),
    Kind("reminder", "delegate", "scheduling", "Reminding commits to nothing", _REMIND),
    Kind("shifts", "delegate", "scheduling", "Shifts follow rules that are known", _SHIFTS),
    Kind("parcel", "delegate", "support", "Where a parcel is can be looked up", _PARCEL),
    Kind("return", "delegate", "support", "Returns follow rules that are known", _RETURN),
    Kind("help", "delegate", "support", "The help page is the desk's own", _HELP),
    Kind("contract", "keep", "nobody", "A signature binds the company", _CONTRACT),
    Kind("review", "keep", "nobody", "People hear of their work from who leads them", _REVIEW),
    Kind("salary", "keep", "nobody", "Pay is decided by the owner", _RAISE),
    Kind("payment", "keep", "nobody", "So much money is approved by the owner", _PAYMENT),
    Kind("secret", "keep", "nobody", "A secret stays with one person", _SECRET),
    Kind("condolence", "keep", "nobody", "A personal word cannot be delegated", _CONDOLE),
    Kind("lawyer", "keep", "nobody", "What is said to a court binds the company", _LAWYER),
    Kind("vague", "ask", "nobody", "Nobody could say when it is done", _VAGUE),
    Kind("last-time", "ask", "nobody", "What was done last time is not said", _USUAL),
    Kind("which", "ask", "nobody", "Neither what nor whom is said", _WHICH),
    Kind("unless", "ask", "nobody", "It asks for one thing and its contrary", _UNLESS),
)

_THINGS = ("desk lamps", "paper bags", "oak shelves", "coffee cups", "rain coats", "garden hoses", "label printers")
_EVENTS = ("summer fair", "open day", "staff party", "spring market", "anniversary", "harvest dinner")
_COMPANIES = ("Zenith Freight", "Brook & Sons", "Acme Paper", "Holm Lighting", "Nordlicht Foods")
_PEOPLE = ("the bookkeeper", "the new designer", "the driver", "the night manager", "the head of sales")
_MONTHS = ("January", "March", "May", "July", "September", "November")
_CITIES = ("Izmir", "Gdansk", "Leeds", "Ghent", "Porto", "Aarhus")
_WHEN = ("by Friday", "this week", "when there is time", "before noon", "within two days")
_TURNS = 2
"""Each wording comes so often, with other things in it."""


def tasks() -> Iterator[Task]:
    """All of them, numbered; kind by kind, every wording in turn."""
    number = 0
    for place, kind in enumerate(KINDS):
        for turn in range(_TURNS):
            for wording, text in enumerate(kind.wordings):
                number += 1
                at = place * 5 + turn * 3 + wording
                filled = text.format(
                    thing=_THINGS[at % 7], event=_EVENTS[at % 6], company=_COMPANIES[at % 5], person=_PEOPLE[at % 5],
                    month=_MONTHS[(at + turn) % 6], city=_CITIES[(at + turn) % 6],
                )  # fmt: skip
                context = f"Wanted {_WHEN[(at + turn) % 5]}."
                why = f"{kind.why} (note {number:03d})."
                yield Task(id=f"dd-{number:03d}", kind=kind, text=filled, context=context, why=why)
