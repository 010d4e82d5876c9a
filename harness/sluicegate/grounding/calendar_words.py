"""Months, weekdays and words such as `tomorrow` in six languages."""

from __future__ import annotations

__all__ = ["MONTHS", "MONTH_WORD", "RELATIVE", "WEEKDAYS", "WEEKDAY_WORD"]

_MONTHS = (
    "january jan januar jänner janvier enero ene января январь январе янв ocak",
    "february feb februar février févr febrero февраля февраль феврале фев şubat",
    "march mar märz mrz mars marzo марта март марте mart",
    "april apr avril abril abr апреля апрель апреле апр nisan",
    "may mai mayo мая май мае mayıs",
    "june jun juni juin junio июня июнь июне haziran",
    "july jul juli juillet julio июля июль июле temmuz",
    "august aug août aout agosto ago августа август августе авг ağustos",
    "september sep sept septembre septiembre setiembre сентября сентябрь сентябре сен eylül",
    "october oct oktober okt octobre octubre октября октябрь октябре окт ekim",
    "november nov novembre noviembre ноября ноябрь ноябре ноя kasım",
    "december dec dezember dez décembre déc diciembre dic декабря декабрь декабре дек aralık",
)
MONTHS = {form: number for number, forms in enumerate(_MONTHS, 1) for form in forms.split()}
"""By form, in lower case: 1 to 12."""

_WEEKDAYS = (
    "monday mon montag lundi lunes понедельник понедельника pazartesi",
    "tuesday tue tues dienstag mardi martes вторник вторника salı",
    "wednesday wed mittwoch mercredi miércoles среда среду среды çarşamba",
    "thursday thu thurs donnerstag jeudi jueves четверг четверга perşembe",
    "friday fri freitag vendredi viernes пятница пятницу пятницы cuma",
    "saturday sat samstag sonnabend samedi sábado суббота субботу субботы cumartesi",
    "sunday sun sonntag dimanche domingo воскресенье воскресенья pazar",
)
WEEKDAYS = {form: number for number, forms in enumerate(_WEEKDAYS) for form in forms.split()}
"""By form, in lower case: 0 is Monday."""

_SHORT = {"mar", "mon", "sun", "sat", "wed", "may", "mai", "abr", "ago", "dic", "dec", "mart", "ocak"}
WEEKDAY_WORD = "|".join(sorted((form for form in WEEKDAYS if form not in _SHORT), key=len, reverse=True))
"""Weekdays that are no other word."""

MONTH_WORD = "|".join(sorted(MONTHS, key=len, reverse=True))

RELATIVE = {
    "the day before yesterday": -2, "yesterday": -1, "today": 0, "tonight": 0, "the day after tomorrow": 2,
    "tomorrow": 1,
    "vorgestern": -2, "gestern": -1, "heute": 0, "übermorgen": 2,
    "avant-hier": -2, "hier": -1, "aujourd'hui": 0, "aujourd’hui": 0, "après-demain": 2, "demain": 1,
    "anteayer": -2, "ayer": -1, "hoy": 0, "pasado mañana": 2, "mañana": 1,
    "позавчера": -2, "вчера": -1, "сегодня": 0, "послезавтра": 2, "завтра": 1,
    "dün": -1, "bugün": 0, "yarın": 1,
}  # fmt: skip
"""Days from today. `morgen` is left out: it is also the morning. `hier` is read in French alone."""
