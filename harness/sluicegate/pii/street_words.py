"""Words for streets in some twenty languages, and the names of countries."""

from __future__ import annotations

import re

from sluicegate.pii.word_list import listed

__all__ = ["COUNTRIES", "COUNTRY_FIRST", "STREET_ENDINGS", "STREET_LAST", "STREET_LEADING"]

STREET_LAST = frozenset(
    listed(
        "street st road rd avenue ave av lane ln drive dr court ct boulevard blvd way place pl square sq terrace "
        "ter close crescent cres parkway pkwy highway hwy gardens gdns grove hill row walk mews "
        "quay park green view rise trail trl circle cir loop alley path pike plaza point crossing bend run ridge "
        "meadow meadows bridge cove creek crest fields glen heights hollow island isle junction "
        "landing manor mount mountain orchard oval parade pass passage pines port promenade ramp ranch rest river "
        "route shoals shore spring springs spur station stream summit tunnel turnpike valley "
        "via viaduct village vista wharf woods yard turn esplanade circuit strand wynd brae bank croft drove esplanade "
        "straße strasse str platz allee weg gasse ring damm ufer steig stieg straat laan plein kade gracht singel "
        "dreef steenweg vej gade allé plads stræde vei veg gate gata gt väg vägen gatan gränd torg "
        "tie katu kuja polku tänav tee iela gatve sokak caddesi bulvarı mahallesi utca u út tér körút sor "
        "útja tere körútja sora köz köze sétány sétánya rakpart "
        "sok sk cad cd bulv "
        "ulica utca ulice náměstí třída trg cesta brdo"
    )
)
"""Behind the name of a street."""

STREET_LEADING = frozenset(
    listed(
        "laan rynek "
        "rue avenue av boulevard bd boul place pl chemin impasse allée allee allées quai cours route passage square "
        "esplanade sentier ruelle villa résidence lotissement faubourg "
        "calle c/ cl avenida avda av plaza pza paseo pº camino carretera ctra ronda travesía glorieta urbanización "
        "callejón cuesta bulevar rambla "
        "via viale piazza piazzale corso largo vicolo strada contrada vico salita lungomare lungarno borgo calata "
        "rua r travessa praça largo estrada alameda rodovia beco quadra ladeira vila "
        "ul ulica aleja al aleje plac pl os osiedle rondo str strada bulevardul bd bdul calea aleea piața splaiul "
        "șoseaua intrarea jalan ulitsa prospekt "
        "am an auf im in zum zur unter carrer passeig plaça avinguda odos leoforos λεωφόρος οδός ул улица просп "
        "проспект пер бульвар"
    )
) - frozenset(
    (
        "am",
        "an",
        "auf",
        "im",
        "in",
        "al",
        "os",
        "r",
        "pl",
        "av",
        "zum",
        "zur",
        "unter",
        "str",
        "largo",
        "villa",
        "passage",
        "route",
        "square",
    )
)
"""Before the name of a street."""

STREET_ENDINGS = tuple(
    listed(
        "straße strasse straat str platz allee weg gasse ring damm ufer steig markt hof laan plein kade gracht "
        "singel dreef steenweg dijk pad vej gade vænget stræde torv parken bakken vei veien veg vegen gate gata "
        "gaten väg vägen gatan gränd gränden backen tie katu kuja polku tänav gatve götu vegur stræti braut ova "
        "utca höhe berg feld stein brücke graben zeile kai leite"
    )
)
"""Streets written as one word."""

COUNTRIES = re.compile(
    r"(?:Democratic Republic of the Congo|Republic of Ireland|Republic of Korea|"
    r"Afghanistan|Albania|Algeria|Andorra|Angola|Antigua and Barbuda|Argentina|Armenia|Australia|Austria|"
    r"Azerbaijan|Bahamas|Bahrain|Bangladesh|Barbados|Belarus|Belgium|Belize|Benin|Bhutan|"
    r"Bolivia|Bosnia and Herzegovina|Botswana|Brazil|Brunei|Bulgaria|Burkina Faso|Burundi|Cambodia|Cameroon|"
    r"Canada|Cape Verde|Central African Republic|Chad|Chile|China|Colombia|Comoros|Congo|"
    r"Costa Rica|Côte d'Ivoire|Croatia|Cuba|Cyprus|Czech Republic|Czechia|Denmark|Djibouti|Dominica|Dominican "
    r"Republic|East Timor|Ecuador|Egypt|El Salvador|England|Equatorial Guinea|Eritrea|Estonia|"
    r"Eswatini|Ethiopia|Fiji|Finland|France|Gabon|Gambia|Georgia|Germany|Ghana|Greece|Greenland|Grenada|"
    r"Guatemala|Guinea|Guinea-Bissau|Guyana|Haiti|Honduras|Hungary|Iceland|India|Indonesia|Iran|Iraq|"
    r"Ireland|Israel|Italy|Ivory Coast|Jamaica|Japan|Jordan|Kazakhstan|Kenya|Kiribati|Kosovo|Kuwait|Kyrgyzstan|"
    r"Laos|Latvia|Lebanon|Lesotho|Liberia|Libya|Liechtenstein|Lithuania|Luxembourg|Madagascar|"
    r"Malawi|Malaysia|Maldives|Mali|Malta|Marshall Islands|Mauritania|Mauritius|Mexico|Micronesia|Moldova|"
    r"Monaco|Mongolia|Montenegro|Morocco|Mozambique|Myanmar|Namibia|Nauru|Nepal|Netherlands|"
    r"New Zealand|Nicaragua|Niger|Nigeria|North Korea|North Macedonia|Macedonia|Northern Ireland|Norway|Oman|"
    r"Pakistan|Palau|Panama|Papua New Guinea|Paraguay|Peru|Philippines|Poland|Portugal|Qatar|"
    r"Romania|Russia|Rwanda|Saint Kitts and Nevis|Saint Lucia|Samoa|San Marino|Saudi Arabia|Scotland|Senegal|"
    r"Serbia|Seychelles|Sierra Leone|Singapore|Slovakia|Slovenia|Solomon Islands|Somalia|"
    r"South Africa|South Korea|South Sudan|Spain|Sri Lanka|Sudan|Suriname|Swaziland|Sweden|Switzerland|Syria|"
    r"Taiwan|Tajikistan|Tanzania|Thailand|Togo|Tonga|Trinidad and Tobago|Tunisia|Turkey|Türkiye|"
    r"Turkmenistan|Tuvalu|Uganda|Ukraine|United Arab Emirates|United Kingdom|Great Britain|United States(?: of "
    r"America)?|Uruguay|Uzbekistan|Vanuatu|Vatican City|Venezuela|Vietnam|Wales|Yemen|Zambia|"
    r"Zimbabwe|Deutschland|Österreich|Schweiz|España|Italia|Nederland|België|Belgique|Polska|Danmark|Norge|"
    r"Sverige|Suomi|UK|USA|U\.S\.A\.|U\.K\.)(?![^\W_])",
    re.IGNORECASE,
)
"""Countries in English, and some in their own language."""

COUNTRY_FIRST = frozenset(re.findall(r"(?<=[|:])([^\W_]+)", COUNTRIES.pattern.lower())) | {"u", "united"}
"""First words of the countries, in lower case."""
