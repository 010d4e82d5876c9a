"""Units of measure: their names in six languages, and what one is in the base unit of its kind."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["UNIT", "base", "same_kind", "unit_of"]

_FORMS = {
    "kg": "kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos кг килограмм "
    "килограмма",
    "g": "g gr gram grams gramm gramme grammes gramo gramos г грамм",
    "lb": "lb lbs pound-weight", "oz": "oz ounce ounces",
    "km": "km kilometer kilometers kilometre kilometres kilómetros км kilometre", "m": "m metre metres meter meters "
    "mètres metros м",
    "cm": "cm centimeter centimeters centimetre centimetres zentimeter см", "mm": "mm millimeter millimeters "
    "millimetre millimetres мм",
    "in": "inch inches zoll in. inç дюйма дюймов pulgadas pouces -inch", "ft": "ft feet foot", "mi": "mi miles mile",
    "l": "l liter liters litre litres litros л", "ml": "ml milliliter мл",
    "°c": "°c celsius degrees-celsius ℃ ºc", "°f": "°f fahrenheit",
    "hpa": "hpa hectopascal hectopascals mbar millibar millibars гпа",
    "m/s": "m/s mps meter/s metres/s м/с", "km/h": "km/h kmh kph км/ч", "mph": "mph",
    "gb": "gb gigabyte gigabytes гб", "mb": "mb megabyte megabytes мб", "tb": "tb terabyte terabytes", "kb": "kb",
    "mah": "mah", "wh": "wh", "kwh": "kwh квт·ч квтч квт-ч", "mwh": "mwh", "m³": "m³ m3 м³ м3",
    "w": "w watt watts", "ghz": "ghz", "mhz": "mhz", "hz": "hz", "khz": "khz",
    "mp": "mp megapixel megapixels -megapixel",
    "ppi": "ppi", "nits": "nits nit", "px": "pixels pixel px", "fps": "fps",
    "s": "s sec second seconds sekunde sekunden seconde secondes segundo segundos секунд saniye",
    "min": "min minute minutes minuten minuto minutos минут минуты dakika",
    "h": "h hr hrs hour hours stunde stunden heure heures hora horas час часа часов saat",
    "day": "day days tag tage tagen jour jours día días дней дня день gün", "week": "week weeks woche wochen "
    "semaine semaines semana semanas недель недели неделя неделю hafta",
    "business day": "business-day business-days working-days working-day werktage werktagen arbeitstage",
    "month": "month months monat monate monaten mois mes meses месяц месяца месяцев ay",
    "year": "year years jahr jahre jahren an ans année années año años год года лет yıl",
}  # fmt: skip
_UNITS = {form: unit for unit, forms in _FORMS.items() for form in forms.split()}
_BASES: dict[str, tuple[str, Decimal]] = {
    "kg": ("g", Decimal(1000)), "g": ("g", Decimal(1)), "lb": ("g", Decimal("453.59237")),
    "oz": ("g", Decimal("28.349523125")),
    "km": ("mm", Decimal(1_000_000)), "m": ("mm", Decimal(1000)), "cm": ("mm", Decimal(10)), "mm": ("mm", Decimal(1)),
    "in": ("mm", Decimal("25.4")), "ft": ("mm", Decimal("304.8")), "mi": ("mm", Decimal(1_609_344)),
    "l": ("ml", Decimal(1000)), "ml": ("ml", Decimal(1)),
    "m/s": ("m/s", Decimal(1)), "km/h": ("m/s", Decimal(1) / Decimal("3.6")), "mph": ("m/s", Decimal("0.44704")),
    "wh": ("wh", Decimal(1)), "kwh": ("wh", Decimal(1000)), "mwh": ("wh", Decimal(1_000_000)),
    "kb": ("kb", Decimal(1)), "mb": ("kb", Decimal(1024)), "gb": ("kb", Decimal(1024 * 1024)),
    "tb": ("kb", Decimal(1024**3)),
    "hz": ("hz", Decimal(1)), "khz": ("hz", Decimal(1000)), "mhz": ("hz", Decimal(1_000_000)),
    "ghz": ("hz", Decimal(10**9)),
    "s": ("s", Decimal(1)), "min": ("s", Decimal(60)), "h": ("s", Decimal(3600)), "day": ("s", Decimal(86_400)),
    "week": ("s", Decimal(604_800)), "month": ("month", Decimal(1)), "year": ("month", Decimal(12)),
}  # fmt: skip

UNIT = "|".join(
    sorted((form.replace("-", "[- ]").replace(".", r"\.") for form in _UNITS), key=lambda form: (-len(form), form))
)
"""Any form of any unit; the longest first."""


def unit_of(text: str) -> str:
    """The unit a form names; empty for what is none."""
    said = text.lower().strip()
    return _UNITS.get(said) or _UNITS.get(said.replace(" ", "-")) or _UNITS.get(said.lstrip("- ")) or ""


def base(value: Decimal, unit: str) -> tuple[Decimal, str]:
    """The value in the base unit of its kind, and that unit; °F as °C. A unit without a base is its own."""
    if unit == "°f":
        return (value - 32) * 5 / 9, "°c"
    name, factor = _BASES.get(unit, (unit, Decimal(1)))
    return value * factor, name


def same_kind(one: str, other: str) -> bool:
    """Whether values in the two units can be compared."""
    return base(Decimal(0), one)[1] == base(Decimal(0), other)[1]
