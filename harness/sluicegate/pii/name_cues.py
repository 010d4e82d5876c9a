"""Words that stand before, after and inside of names, and words that are none."""

from __future__ import annotations

import re

from sluicegate.pii.word_list import CAPITAL_LETTER, listed, phrases

__all__ = [
    "AFTER",
    "BEFORE",
    "BEFORE_FULL",
    "BEFORE_TWO",
    "COMMON",
    "GREETING",
    "INSIDE",
    "NAME_FIELD",
    "NAME_OWNER",
    "NOT_A_NAME",
    "OTHERWISE",
    "PART_OF",
    "PLACE_WORDS",
    "SAID_NAME",
    "SAID_OTHERWISE",
    "TITLE",
]

TITLE = frozenset(
    listed(
        "mr mrs ms miss mx dr prof professor sir dame madam lord lady rev reverend father sister brother capt "
        "captain judge hon herr frau monsieur m mme "
        "mlle madame mademoiselle señor señora señorita sr sra srta don doña signor signora signorina sig dott "
        "господин госпожа "
        "dott.ssa ing dipl mag pan pani hr fru herra rouva "
        "dhr mevr mw de-heer heer mevrouw meneer bay bayan dra sra. senhora senhor panu panią pana panem "
        "hanım bey господину господина госпоже госпожу г-жа г-н г-ну г-же"
    )
)
"""Before a surname, in lower case without the full stop."""

BEFORE = frozenset(
    listed(
        "dear hi hello hey hallo liebe lieber liebes cher chère bonjour hola estimado estimada querido querida caro "
        "cara gentile ciao beste geachte kære hej hei cześć szanowny szanowna drogi droga olá ahoj merhaba sayın "
        "named called name's names: name: i'm i’m it's it’s under signed by: signed: sincerely regards best cheers "
        "thanks yours truly love grüße gruß cordialement saludos saluti groeten hilsen hälsningar terveisin "
        "pozdrawiam atentamente obrigado obrigada contact attn attn: attention attention: c/o from: to: cc: bcc: "
        "add customer customer: client client: user user: patient patient: tenant tenant: employee employee: "
        "recipient recipient: beneficiary beneficiary: holder holder: cardholder cardholder: owner owner: sender "
        "sender: author author: agent agent: manager husband wife partner son daughter father mother brother sister "
        "friend colleague boss assistant director producer artist singer actor writer president minister senator "
        "officer spokesman spokeswoman lawyer doctor teacher coach herrn founders: members: authors: guests: "
        "partners: kunde: kundin: nom: nombre: nome: imię: naam: aquí qui salutations пожеланиями günler soy sou "
        "sono teşekkürler доброго m'appelle chamo-me adiante saludo atenciosamente cumprimentos uważaniem "
        "poważaniem уважением зовут имя: господин госпожа уважаемый уважаемая дорогой дорогая привет здравствуйте "
        "saygılarımla saygılarla adım navn: namn: nimi: surname nachname vorname cognome apellido apellidos "
        "achternaam voornaam nazwisko nazwiskiem prénom sobrenome apelido фамилия soyadı hanım: surname: nachname: "
        "vorname: cognome: apellido: apellidos: achternaam: voornaam: nazwisko: prénom: sobrenome: apelido: "
        "фамилия: soyadı: patient: patientin: paciente: paziente: patiënt: pacjent: pacjentka: пациент: hasta: "
        "titular: kontoinhaber: kontoinhaberin: empfänger: empfängerin: destinataire: destinatario: destinatário: "
        "ontvanger: odbiorca: получатель: alıcı: klient: klientka: klant: müşteri: клиент: ansprechpartner: "
        "ansprechpartnerin: contacto: contatto: contato: kontakt: contactpersoon: контакт: yetkili: "
        "guest: payee: irtibat: contact: name's"
    )
)
"""One word right before a name that is written with a capital, in lower case."""

BEFORE_FULL = frozenset(
    listed(
        "kunde kundin kunden patient patientin kontoinhaber kontoinhaberin empfänger empfängerin mieter mieterin "
        "ansprechpartner ansprechpartnerin mitarbeiter mitarbeiterin bewerber bewerberin "
        "cliente clienta paciente titular inquilino inquilina empleado empleada candidato candidata "
        "cliente paziente intestatario destinatario inquilino dipendente candidata "
        "client cliente patiente titulaire locataire destinataire salarié salariée candidat candidate "
        "klant patiënt rekeninghouder huurder ontvanger medewerker kandidaat "
        "klient klientka klientem klientką pacjent pacjentka odbiorca najemca pracownik kandydat kandydatka "
        "utente inquilino destinatário funcionário funcionária candidato "
        "клиент клиентка пациент пациентка получатель владелец сотрудник сотрудница арендатор кандидат "
        "hasta sahibi alıcı kiracı guest landlord tenant"
    )
)
"""One word right before a name of two words or more: alone, what follows may be a thing."""

BEFORE_TWO = frozenset(
    phrases(
        "name is|name was|call me|i am|this is|thank you|yours truly|speak to|speak with|talk to|talk with|"
        "talked to|talking to|ask for|is it|ich bin|je suis|m'appelle|me llamo|mi chiamo|ik ben|naam is|"
        "jag heter|jeg heter|jeg hedder|nimeni on|nazywam się|nome é|name ist|guten tag|payable to|out to|"
        "signed by|regards from|best regards|kind regards|account of|behalf of|contact is|customer is|"
        "spoke to|spoke with|wrote to|writes to|heard from|chat with|chatted with|message from|letter from|"
        "email from|mail from|note from|call from|called by|written by|met with|care of|attention of|reply to|"
        "recipient is|holder is|hier ist|моё имя|мое имя|first name|last name|family name|given name"
    )
)
"""Two words right before a name."""

_SAID = (
    r"(?:(?<=my )|(?<=full )|(?<=first )|(?<=last )|(?<=customer )|(?<=client )|(?<=user )|(?<=holder )|"
    r"(?<=contact )|(?<=patient )|(?<=the )|(?<=your )|(?<=their )|(?<=legal )|(?<=birth )|(?<=_)|(?<=^)|"
    r"(?<=\n))"
    r"names?(?:\s?:| is|'s|’s| ist) {1,2}|(?<=name on )(?:the|my) \w{1,12} is {1,2}|names? ?: {0,2}"
)
SAID_NAME = re.compile(_SAID + r"(?=[^\W\d_])", re.IGNORECASE)
"""At the word name: what says so plainly that a name follows that it may be written small."""

SAID_OTHERWISE = re.compile(
    r"\b(?:named (?:him|her|it)|(?:people|just|please|they) call me|i go by|ich heiße|ich heisse|je m'appelle|"
    r"mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome è|meu nome é|mijn naam is|ik heet|"
    r"jag heter|jeg hedder|jeg heter|nimeni on|nazywam się|jmenuji se|mă numesc|benim adım)[ \t]{1,3}(?=[^\W\d_])",
    re.IGNORECASE,
)
"""The same in other words."""

OTHERWISE = (
    "named h",
    "named it",
    "call me",
    "go by",
    "ich hei",
    "appelle ",
    "nom est",
    "llamo ",
    "nombre es",
    "chiamo ",
    "nome è",
    "nome é",
    "naam is",
    "ik heet",
    " heter",
    "hedder",
    "nimeni on",
    "nazywam",
    "jmenuji",
    "numesc",
    "benim ad",
)
"""A part in lower case of everything that SAID_OTHERWISE matches."""

AFTER = re.compile(
    r"[ ,]{1,2}(?:said|says|told|wrote|writes|asked|asks|lives|lived|will be|will call|called|calls|works|"
    r"worked|explained|explains|replied|replies|added|noted|announced|claims|claimed|"
    r"gave|signed|born|and (?:his|her)|who (?:is|was|has)|is my|was born|grew up|"
    r"moved|confirmed|requested|ordered|complained|phoned|emailed|reported|joined|"
    r"from(?= [A-Z])|aged|\(born|is [0-9]{1,3})\b|['’]s (?:address|phone|number|e-?mail|account|name|wife|husband|son|"
    r"daughter|house|order|card|"
    r"new|office|birthday|car|bank|father|mother)|[ ]?<[^>\s@]+@|[ ]?\([^)\s@]+@"
)
"""What begins right after a name."""

PLACE_WORDS = frozenset(
    listed(
        "street st road rd avenue ave lane ln drive court boulevard blvd square terrace crescent highway hwy way "
        "place park bridge airport station university college school institute academy hospital clinic church "
        "cathedral museum gallery library theatre theater stadium arena hotel inn restaurant cafe bar club bank "
        "trust fund foundation society association committee council ministry department agency bureau office court "
        "parliament senate congress party union league federation inc incorporated corp corporation ltd limited llc "
        "llp plc gmbh ag kg sa sas sarl srl spa bv nv ab oy oyj aps as co company group holding holdings partners "
        "industries systems solutions technologies software services studios records entertainment media news times "
        "post journal magazine press radio tv television river lake mountain mount island islands beach bay valley "
        "county city town village state states republic kingdom province region district ocean sea desert forest "
        "canyon falls war day prize award cup championship tour festival album band orchestra quartet trio choir "
        "straße strasse platz allee weg gasse rue calle avenida plaza via viale piazza corso rua ulica straat laan "
        "sokak sok sk caddesi cad cd mahallesi mah bulvarı улица проспект переулок gracht gade vej gatan vägen gata "
        "veien katu support care department shop store webshop customer customers kundenservice kundendienst "
        "kundenbetreuung kundensupport support-team service-team geschäftsleitung geschäftsführung vertrieb "
        "buchhaltung versandabteilung klantenservice klantenteam winkel klant klanten kunde kunden équipe l'équipe "
        "l’équipe boutique clients equipo soporte atención servicio tienda cliente clientes equipa equipe apoio "
        "serviço suporte atendimento loja assistenza ufficio servizio negozio clienti gentili dział zespół biuro "
        "sklep sklepu obsługi obsługa klienta kliencie ekibi ekip hizmetleri destek müşteri müşterimiz mağaza "
        "служба команда отдел магазин клиент клиенты покупатель покупатели lamp sofa couch table chair desk bed "
        "backpack jacket coat hoodie dress boots boot shoes sneaker sneakers watch phone smartphone laptop tablet "
        "speaker headphones earbuds bag mug shirt sweater edition collection series bundle kit app cloud pro mini "
        "plus ultra lite premium deluxe classic serum cream shampoo lipstick perfume parfum sauce pizza burger "
        "lampe tisch stuhl jacke kleid schuhe lámpara mesa silla vestido chaqueta lampada tavolo sedia vestito "
        "giacca tafel stoel jas jurk stół krzesło kurtka sukienka cadeira casaco "
        "project projesi projekt projet proyecto progetto projeto проект"
    )
)
"""Words that make a place, a firm, a department or an event of the name they stand in."""

NOT_A_NAME = frozenset(
    listed(
        "english german french spanish italian dutch polish danish swedish norwegian finnish portuguese russian "
        "chinese japanese korean turkish greek american british european asian african "
        "canadian australian indian irish scottish welsh mexican brazilian swiss austrian belgian north south east "
        "west northern southern eastern western central united great big little old new "
        "san los las santa saint fort port el la le the royal national international global general federal public "
        "social digital world black white red green blue golden silver grand super "
        "apple google microsoft amazon facebook twitter instagram youtube netflix paypal visa mastercard linux "
        "windows android python java internet web online customer order invoice tracking "
        "happy sad sorry sure ready glad afraid aware able unable interested looking writing trying calling having "
        "getting going not so very just still also here there back done fine good well "
        "writing unhappy disappointed pleased happy late early new moving waiting currently really already always "
        "ваш ваша ваши где как когда что мой моя мы вы я "
        "never going unsure certain a an the in on at my your our his her their"
    )
)
"""Words written with a capital, or said after "I'm", that begin no name."""

COMMON = frozenset(
    listed(
        "i a an the and or but if so as at by for from in into of off on onto out over to up with without is are "
        "was were be been being am do does did done have has had will would shall should can could may might must "
        "not no nor yes ok okay he she it we you they me him her us them my your his its our their this that these "
        "those there here where when what which who whom whose why how then than too very just only also still even "
        "again ever never always often now today tomorrow yesterday tonight soon later before after since until "
        "while during because although though however therefore thus hence please thanks thank hello hi hey dear "
        "regards best sincerely cheers yours kind warm sorry welcome good morning afternoon evening night great "
        "nice new old all any some many much more most less least few each every both either neither other another "
        "such same one two three four five six seven eight nine ten first second third next last monday tuesday "
        "wednesday thursday friday saturday sunday january february march april june july august september october "
        "november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun am pm name "
        "names address email mail phone tel telephone mobile fax office home work account card number order orders "
        "invoice date time subject from to cc bcc re fw fwd ref id no nr note ps attn customer client user users "
        "agent bot apt apt. appt suite ste ste. manager service support team department sales billing shipping "
        "delivery payment refund return returns product item items price total amount quantity tracking parcel "
        "package store shop website app let lets see look come go get got give gave take took make made say said "
        "tell told ask asked know knew think thought want wanted need needed like liked love use used using find "
        "found call called try tried keep kept put set send sent show shown turn run read write wrote open close "
        "start stop help hope check click visit follow join sign log update change cancel confirm contact reply "
        "forward add remove delete create according above below under between among about against across along "
        "around behind beyond despite except inside outside near per plus through throughout toward towards via "
        "within i'm i’m bin aquí qui soy sou sono beste lieve geachte geachter gentile estimada querido querida "
        "szanowny szanowna drogi sayın liebe lieber chère hello lieve peer line status alert neue neuer neues viele "
        "grüße grüßen grüsse herzliche freundliche god lord king queen prince princess president minister senator "
        "governor mayor chairman director ceo cto cfo producer editor author professor doctor captain general "
        "colonel major sergeant officer judge man woman boy girl people person family house world life year month "
        "week day hour minute thing things way part place case point fact group company government country city "
        "state nation north south east west unlike like whether unless once upon instead moreover furthermore "
        "meanwhile additionally finally actually basically honestly simply certainly perhaps maybe probably "
        "christmas easter ramadan internet english german french spanish italian american british european chinese "
        "japanese russian indian herr frau der die das und oder ist sind ein eine mit von zu auf für ich sie wir "
        "ihr bitte danke hallo guten tag mein meine unser ihre ihr le la les un une des et ou est sont avec pour "
        "dans sur je vous nous merci bonjour mon ma mes votre notre el los las una unos y o es son con para por en "
        "su mi gracias hola estimado il lo gli uno e è sono per di da del della grazie buongiorno mio mia os as um "
        "uma com não obrigado het een en van ik u wij niet met voor dank och är jag du vi inte tack med för und og "
        "er jeg ikke tak med til ja on nie jest z na do się tak proszę dzień dobry was its bill will may mark art "
        "rich frank ray dean guy drew rob pat sue don chase grant miles rose hope grace faith joy dawn summer "
        "autumn amber ruby pearl daisy ivy holly crystal paris austin jordan sydney florence chelsea victoria "
        "georgia virginia carolina dakota savannah brooklyn israel china india chad earl duke major angel jesus "
        "christian lee long young king bishop pope mercedes customers guest guests friend friends neighbour "
        "neighbours neighbor neighbors colleague colleagues folks everyone subscriber subscribers member members "
        "parents reader readers kundin kundinnen kunde kunden interessent mitglied mitglieder gast gäste freunde "
        "freundin kollege kollegin kollegen nutzer nutzerin nachbarn eltern leser leserin cliente client cliente "
        "clients clientes utilisateur utilisatrice collègue collègues voisin voisine voisins amis abonné abonnée "
        "abonnés membre membres visiteur visiteurs usuario usuaria colega colegas vecino vecinos amigo amiga amigos "
        "socio socia suscriptor clienti utente utenti collega colleghi amico amici abbonato klant klanten buren "
        "vriend vrienden gasten lezer lezers klient klientka klientko klienci państwo koledzy użytkowniku "
        "użytkownik utilizador utilizadores коллеги друзья клиенты клиент гости соседи пользователь müşterimiz "
        "üyemiz misafirimiz arkadaşlar dostlar "
        "senior junior buyer engineer consultant analyst specialist developer designer executive accountant satın"
    )
)
"""Words that stand alone more often than as names; in lower case."""

PART_OF = re.compile(r"-[0-9]|[_=]|\.[a-z_]+\(")
"""Behind what is a model, a field or a variable, not somebody."""
INSIDE = re.compile(r"(?:_|[0-9]\.? )\Z")
"""Before a part of a field's name, or the month of a day: 12 maja."""

GREETING = re.compile(
    r"(?<![^\W_])(?:hi|hello|hey|hallo|hola|ciao|olá|hej|hei|cześć|bonjour|merhaba|ahoj|привет|здравствуйте)[,!] \Z",
    re.IGNORECASE,
)
"""What a sentence may go on behind: "Hola, Quiero devolver"."""

NAME_OWNER = re.compile(
    r"(?<![^\W_])(?:full|first|last|family|customer|contact|client|recipient|sender|patient|holder|owner|employee|guest|my|"
    r"your|their|his|her|legal|birth)[_ ]?\Z",
    re.IGNORECASE,
)
"""Whose name a field holds, right before the word name."""
NAME_FIELD = re.compile(
    rf"(?i:names?)[\"']?\s{{0,2}}[:=|>]\s{{0,2}}[\"'*]{{0,2}}"
    rf"(?={CAPITAL_LETTER}[\w'’\-]+ (?:[\w'’]+ ){{0,2}}{CAPITAL_LETTER})"
)
"""At the word name in a record: customer_name="Jane Roe"."""
