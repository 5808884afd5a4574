"""Names of countries in nine languages (after Unicode CLDR, as phonenumbers carries it)."""

from __future__ import annotations

_NAMES = """
AD|andorra|andorre|andora
AE|united arab emirates|vereinigte arabische emirate|emirats arabes unis|emiratos árabes unidos
AE|emirati arabi uniti|verenigde arabische emiraten|emirados árabes unidos|förenade arabemiraten
AE|zjednoczone emiraty arabskie|uae|are
AF|afghanistan|afganistán|afeganistão|afganistan
AG|antigua and barbuda|antigua und barbuda|antigua et barbuda|antigua y barbuda|antigua e barbuda
AG|antigua en barbuda|antígua e barbuda|antigua och barbuda
AI|anguilla|anguila
AL|albania|albanien|albanie|albanië|albânia
AM|armenia|armenien|arménie|armenië|armênia
AN|netherlands antilles|niederländische antillen|antilles néerlandaises|antillas holandesas
AN|antille olandesi|nederlandse antillen|antilhas holandesas|nederländska antillerna
AN|antyle holenderskie
AO|angola
AQ|antarctica|antarktis|antarctique|antártida|antartide
AR|argentina|argentinien|argentine|argentinië|argentyna|arg
AS|american samoa|amerikanisch-samoa|samoa américaines|samoa americana|samoa americane
AS|amerikaans samoa|amerikanska samoa
AT|austria|österreich|autriche|oostenrijk|áustria|österrike|aut
AU|australia|australien|australie|australië|austrália|aus
AW|aruba
AX|åland islands|aaland-inseln|îles åland|islas aland|isole aland|alandeilanden|ilhas aland|åland
AZ|azerbaijan|aserbaidschan|azerbaïdjan|azerbaiyán|azerbaigian|azerbeidzjan|azerbaijão|azerbadjan
AZ|azerbejdżan
BA|bosnia and herzegovina|bosnien und herzegowina|bosnie-herzégovine|bosnia y hercegovina
BA|bosnia-erzegovina|bosnië en herzegovina|bósnia-herzegovina|bosnien och herzegovina
BA|bośnia i hercegowina
BB|barbados|barbade
BD|bangladesh|bangladesch|bangladesz|bgd
BE|belgium|belgien|belgique|bélgica|belgio|belgië|belgia|bel
BF|burkina faso|burquina faso
BG|bulgaria|bulgarien|bulgarie|bulgarije|bulgária|bułgaria|bgr
BH|bahrain|bahreïn|bahráin|bahrein|bahrajn
BI|burundi
BJ|benin|benín
BL|saint barthélemy|saint-barthélemy|san bartolomé|são bartolomeu
BM|bermuda|bermudes|bermudas|bermudy
BN|brunei|brunéi
BO|bolivia|bolivien|bolivie|bolívia|boliwia
BQ|bonaire, sint eustatius and saba|bonaire, sint eustatius und saba
BQ|bonaire, saint-eustache et saba|bonaire, san eustaquio y saba|bonaire, sint eustatius e saba
BQ|bonaire, saint eustatius och saba
BR|brazil|brasilien|brésil|brasil|brasile|brazilië|brazylia|bra
BS|bahamas|bahama’s|bahamy
BT|bhutan|bhoutan|bután|butão
BV|bouvet island|bouvet-insel|île bouvet|isla bouvet|isola di bouvet|bouveteiland|ilha bouvet
BV|bouvetön
BW|botswana|botsuana
BY|belarus|biélo-russie|bielorrusia|bielorussia|wit-rusland|vitryssland|białoruś
BZ|belize|bélize|belice
CA|canada|kanada|canadá|can
CC|cocos islands|kokos-inseln|îles cocos|islas cocos|isole cocos|cocoseilanden|ilhas coco
CC|cocosöarna
CD|the democratic republic of congo|demokratische republik kongo|république démocratique du congo
CD|república democrática del congo|repubblica democratica del congo|congo-kinshasa
CD|demokratiska republiken kongo
CF|central african republic|zentralafrikanische republik|république centre-africaine
CF|república centroafricana|repubblica centrafricana|centraal-afrikaanse republiek
CF|república centro-africana|centralafrikanska republiken|republika środkowoafrykańska
CG|congo|kongo|congo - brazzaville
CH|switzerland|schweiz|suisse|suiza|svizzera|zwitserland|suíça|szwajcaria|che
CI|côte d'ivoire|elfenbeinküste|costa de marfil|costa d'avorio|ivoorkust|costa do marfim
CI|elfenbenskusten|wybrzeże kości słoniowej|ivory coast
CK|cook islands|cook-inseln|îles cook|islas cook|isole cook|cookeilanden|ilhas cook|cooköarna
CL|chile|chili|cile|chl
CM|cameroon|kamerun|cameroun|camerún|camerun|kameroen|república dos camarões
CN|china|chine|cina|kina|chiny|chn
CO|colombia|kolumbien|colombie|colômbia|kolumbia|col
CR|costa rica|kostaryka
CU|cuba|kuba
CV|cape verde|kap verde|cap vert|cabo verde|capo verde|kaapverdië|republika zielonego przylądka
CW|curaçao
CX|christmas island|weihnachtsinsel|île christmas|isla christmas|isola di natale|christmaseiland
CX|ilhas natal|julön
CY|cyprus|zypern|chypre|chipre|cipro|cypern|cypr|cyp
CZ|czech republic|tschechische republik|république tchèque|chequia|repubblica ceca|tsjechië
CZ|república tcheca|tjeckiska republiken|republika czeska|czechia|cze
DE|germany|deutschland|allemagne|alemania|germania|duitsland|alemanha|tyskland|niemcy|deu
DJ|djibouti|dschibuti|yibuti|gibuti|djibuti|dżibuti
DK|denmark|dänemark|danemark|dinamarca|danimarca|denemarken|danmark|dania|dnk
DM|dominica|dominique|dominika
DO|dominican republic|dominikanische republik|république dominicaine|república dominicana
DO|repubblica dominicana|dominicaanse republiek|dominikanska republiken|republika dominikany
DZ|algeria|algerien|algérie|argelia|algerije|argélia|algeriet
EC|ecuador|equateur|equador|ekwador
EE|estonia|estland|estonie|estônia|est
EG|egypt|ägypten|egypte|egipto|egitto|egito|egypten|egipt|egy
EH|western sahara|westsahara|sahara occidental|sahara occidentale|westelijke sahara
EH|saara ocidental|västra sahara|sahara zachodnia
ER|eritrea|erythrée|eritreia|erytrea
ES|spain|spanien|espagne|españa|spagna|spanje|espanha|hiszpania|esp
ET|ethiopia|äthiopien|ethiopie|etiopía|etiopia|ethiopië|etiópia|etiopien
FI|finland|finnland|finlande|finlandia|finlândia|fin
FJ|fiji|fidschi|fidji|fiyi|figi|fidżi
FK|falkland islands|falkland-inseln|îles malouines|islas malvinas|isole falkland|falklandeilanden
FK|ilhas malvinas|falklandsöarna
FM|micronesia|mikronesien|micronésie|micronesië|micronésia|mikronezja
FO|faroe islands|färöer-inseln|îles féroé|islas feroe|isole færoer|faeröer|ilhas faroe|färöarna
FR|france|frankreich|francia|frankrijk|frança|frankrike|francja|fra
GA|gabon|gabun|gabón|gabão
GB|united kingdom|vereinigtes königreich|royaume-uni|reino unido|regno unito|verenigd koninkrijk
GB|storbritannien|wielka brytania|uk|u.k.|great britain|britain|england|scotland|wales
GB|northern ireland|gbr
GD|grenada|grenade|granada
GE|georgia|georgien|géorgie|georgië|geórgia|gruzja
GF|french guiana|französisch-guayana|guyane française|guayana francesa|guayana francese
GF|frans-guyana|guiana francesa|franska guyana|gujana francuska
GG|guernsey|guernesey
GH|ghana|gana
GI|gibraltar|gibilterra
GL|greenland|grönland|groenland|groenlandia|groênlandia
GM|gambia|gambie|gâmbia
GN|guinea|guinée|guinee|guiné|gwinea
GP|guadeloupe|guadalupe|guadalupa|gwadelupa
GQ|equatorial guinea|äquatorial-guinea|guinée equatoriale|guinea ecuatorial|guinea equatoriale
GQ|equatoriaal-guinea|guiné equatorial|ekvatorialguinea|gwinea równikowa
GR|greece|griechenland|grèce|grecia|griekenland|grécia|grekland|grecja|grc
GS|south georgia and the south sandwich islands|süd-georgia und die südlichen sandwich-inseln
GS|géorgie du sud et îles sandwich du sud|islas georgia del sur y sandwich del sur
GS|georgia del sud e isole sandwich meridionali|zuid-georgië en zuidelijke sandwicheilanden
GS|geórgia do sul e ilhas sandwich do sul|sydgeorgien och sydsandwichöarna
GT|guatemala|gwatemala
GU|guam
GW|guinea-bissau|guinée-bissau|guinea bissau|guinee-bissau|guiné bissau|gwinea bissau
GY|guyana|guiana|gujana
HK|hong kong|hongkong|hong-kong|hongkong sar van china|hong kong, região admin. especial da china
HK|hkg
HM|heard island and mcdonald islands|heard- und mcdonald-inseln|île heard et îles mcdonald
HM|islas heard y mcdonald|isole heard e mcdonald|heard- en mcdonaldeilanden
HM|ilha heard e ilhas mcdonald|heardöch mcdonaldöarna
HN|honduras
HR|croatia|kroatien|croatie|croacia|croazia|kroatië|croácia|chorwacja|hrv
HT|haiti|haïti|haití
HU|hungary|ungarn|hongrie|hungría|ungheria|hongarije|hungria|ungern|węgry|hun
ID|indonesia|indonesien|indonésie|indonesië|indonésia|indonezja|idn
IE|ireland|irland|irlande|irlanda|ierland|irlandia|irl
IL|israel|israël|israele|izrael|isr
IM|isle of man|ile de man|isla de man|isola di man|ilha de man
IN|india|indien|inde|índia|indie|ind
IO|british indian ocean territory|britische territorien im indischen ozean
IO|territoires britanniques de l'océan indien|territorio británico del océano índico
IO|territorio britannico dell'oceano indiano|britse gebieden in de indische oceaan
IO|território britânico do oceano índico|brittiska territoriet i indiska oceanen
IQ|iraq|irak|iraque
IR|iran|irán|irã
IS|iceland|island|islande|islandia|islanda|ijsland|islândia|isl
IT|italy|italien|italie|italia|italië|itália|włochy|ita
JE|jersey
JM|jamaica|jamaika|jamaïque|giamaica|jamajka
JO|jordan|jordanien|jordanie|jordania|giordania|jordanië|jordânia
JP|japan|japon|japón|giappone|japão|japonia|jpn
KE|kenya|kenia|quênia|ken
KG|kyrgyzstan|kirgistan|kirguizistán|kirghizistan|kirgizië|quirguistão|kirgisistan
KH|cambodia|kambodscha|cambodge|camboya|cambogia|cambodja|camboja|kambodja|kambodża
KI|kiribati|quiribati
KM|comoros|komoren|comores|comore|comoren|komorerna|komory
KN|saint kitts and nevis|saint kitts und nevis|saint-christophe-et-niévès|san cristóbal y nieves
KN|saint kitts e nevis|saint kitts en nevis|são cristovão e nevis|saint kitts och nevis
KP|north korea|nordkorea|corée du nord|corea del norte|corea del nord|noord-korea|coreia do norte
KP|korea północna
KR|south korea|südkorea|corée du sud|corea del sur|corea del sud|zuid-korea|coreia do sul|sydkorea
KR|korea południowa|republic of korea|korea|korea, republic of|kor
KW|kuwait|koweit|koeweit|kuwejt
KY|cayman islands|kaiman-inseln|îles caïmans|islas caimán|isole cayman|caymaneilanden|ilhas caiman
KY|caymanöarna
KZ|kazakhstan|kasachstan|kazajstán|kazachstan|casaquistão|kazakstan
LA|laos|república popular democrática do laos
LB|lebanon|libanon|liban|líbano|libano
LC|saint lucia|st. lucia|sainte-lucie|santa lucia|sainte lucia|santa lúcia
LI|liechtenstein
LK|sri lanka
LR|liberia|libéria
LS|lesotho|lesoto
LT|lithuania|litauen|lithuanie|lituania|litouwen|lituânia|litwa|ltu
LU|luxembourg|luxemburg|luxemburgo|lussemburgo|luksemburg|lux
LV|latvia|lettland|lettonie|letonia|lettonia|letland|letônia|łotwa|lva
LY|libya|libyen|libye|libia|libië|líbia
MA|morocco|marokko|maroc|marruecos|marocco|marrocos|marocko|maroko|mar
MC|monaco|mónaco|mônaco|monako
MD|moldova|moldau|moldavie|moldavia|moldavië|moldávia|moldavien|mołdawia
ME|montenegro|monténégro
MF|saint martin|st. martin|saint-martin|san martín|são martinho
MG|madagascar|madagaskar
MH|marshall islands|marshall-inseln|îles marshall|islas marshall|isole marshall|marshalleilanden
MH|ilhas marshall|marshallöarna
MK|macedonia|mazedonien|macédoine|macedonië|macedônia|makedonien
ML|mali|malí
MM|myanmar|mianmar [birmânia]
MN|mongolia|mongolei|mongolie|mongolië|mongólia|mongoliet
MO|macao|macao sar van china|macau, região admin. especial da china
MP|northern mariana islands|nördliche mariannen-inseln|îles mariannes du nord
MP|islas marianas del norte|isole marianne settentrionali|noordelijke marianeneilanden
MP|ilhas marianas do norte|nordmarianerna
MQ|martinique|martinica|martynika
MR|mauritania|mauretanien|mauritanie|mauritanië|mauritânia|mauretania
MS|montserrat
MT|malta|malte|mlt
MU|mauritius|maurice|mauricio|maurizio|maurício
MV|maldives|maldiven|maldivas|maldive|maldiverna
MW|malawi|malaui
MX|mexico|mexiko|mexique|méxico|messico|meksyk|mex
MY|malaysia|malaisie|malasia|maleisië|malásia|malezja|mys
MZ|mozambique|mosambik|mozambico|moçambique|mozambik
NA|namibia|namibie|namibië|namíbia
NC|new caledonia|neukaledonien|nouvelle-calédonie|nueva caledonia|nuova caledonia|nieuw-caledonië
NC|nova caledônia|nya kaledonien|nowa kaledonia
NE|niger|níger
NF|norfolk island|norfolk-insel|île norfolk|isla norfolk|isola norfolk|norfolkeiland|ilha norfolk
NF|norfolkön
NG|nigeria|nigéria|nga
NI|nicaragua|nicarágua|nikaragua
NL|netherlands|niederlande|pays-bas|holanda|paesi bassi|nederland|nederländerna|holandia|holland
NL|the netherlands|nld
NO|norway|norwegen|norvège|noruega|norvegia|noorwegen|norge|norwegia|nor
NP|nepal|népal
NR|nauru
NU|niue
NZ|new zealand|neuseeland|nouvelle-zélande|nueva zelanda|nuova zelanda|nieuw-zeeland|nova zelândia
NZ|nya zeeland|nowa zelandia|nzl
OM|oman|omán|omã
PA|panama|panamá
PE|peru|pérou|perú|perù|per
PF|french polynesia|französisch-polynesien|polynésie française|polinesia francesa
PF|polinesia francese|frans-polynesië|polinésia francesa|franska polynesien|polinezja francuska
PG|papua new guinea|papua-neuguinea|papouasie-nouvelle-guinée|papúa new guinea|papua nuova guinea
PG|papoea-nieuw-guinea|papua-nova guiné|papua nya guinea|papua nowa gwinea
PH|philippines|philippinen|filipinas|filippine|filipijnen|filippinerna|filipiny|phl
PK|pakistan|paquistán|paquistão|pak
PL|poland|polen|pologne|polonia|polônia|polska|pol
PM|saint pierre and miquelon|st. pierre und miquelon|saint-pierre-et-miquelon|san pedro y miquelón
PM|saint pierre e miquelon|saint pierre en miquelon|saint pierre och miquelon
PN|pitcairn|islas pitcairn
PR|puerto rico|porto rico|portoryko
PS|palestine|palästina|palestina|palestijns gebied|territórios palestinos
PT|portugal|portogallo|portugalia|prt
PW|palau|belau|palaos
PY|paraguay|paraguai|paragwaj
QA|qatar|katar|catar
RE|reunion|la réunion|reunión|réunion|reunião
RO|romania|rumänien|roumanie|rumania|roemenië|romênia|rumunia|rou
RS|serbia|serbien|serbie|servië|sérvia|srb
RU|russia|russland|russie|rusia|rusland|rússia|ryssland|rosja|russian federation
RW|rwanda|ruanda
SA|saudi arabia|saudi-arabien|arabie saoudite|arabia saudita|saoedi-arabië|arábia saudita
SA|saudiarabien|arabia saudyjska|sau
SB|solomon islands|solomon-inseln|îles salomon|islas salomón|isole solomon|salomonseilanden
SB|ilhas salomão|salomonöarna
SC|seychelles|seychellen|seychellerna|seszele
SD|sudan|soudan|sudán|soedan|sudão
SE|sweden|schweden|suède|suecia|svezia|zweden|suécia|sverige|szwecja|swe
SG|singapore|singapur|singapour|cingapura|sgp
SH|saint helena|st. helena|sainte-hélène|santa helena|sant'elena|sint-helena
SI|slovenia|slowenien|slovénie|eslovenia|slovenië|eslovênia|slovenien|słowenia|svn
SJ|svalbard and jan mayen|svalbard und jan mayen|svalbard et jan mayen|svalbard y jan mayen
SJ|svalbard e jan mayen|svalbard en jan mayen|svalbard och jan mayen
SK|slovakia|slowakei|slovaquie|eslovaquia|slovacchia|slowakije|eslováquia|slovakien|słowacja|svk
SL|sierra leone|sierra leona|serra leoa
SM|san marino|saint-marin
SN|senegal|sénégal
SO|somalia|somalie|somalië|somália
SR|suriname|surinam
SS|south sudan|südsudan|sud-soudan|sudán del sur|sudan del sud|sydsudan
ST|sao tome and principe|sao tome und principe|sao tomé et principe|santo tomé y príncipe
ST|são tomé e principe|sao tomé en principe|são tomé e príncipe|são tomé och príncipe
SV|el salvador|salwador
SX|sint maarten (dutch part)|sint maarten (niederländischer teil)
SX|saint-martin (partie néerlandaise)|san martín (región holandesa)|sint maarten (parte olandese)
SX|sint maarten (nederländska delen)
SY|syria|syrien|syrie|siria|syrië|síria
SZ|swaziland|swasiland|suazilandia|suazilândia|suazi
TC|turks and caicos islands|turks- und caicos-inseln|îles turks et caicos|islas turcas y caicos
TC|isole turks e caicos|turks- en caicoseilanden|ilhas turks e caicos|turks- och caicosöarna
TD|chad|tschad|tchad|ciad|tsjaad|chade|czad
TF|french southern territories|französische südgebiete|territoires français du sud
TF|territorios franceses del sur|territori francesi d'oltremare
TF|franse gebieden in de zuidelijke indische oceaan|territórios franceses do sul
TF|franska södra territorierna|francuskie terytoria zamorskie
TG|togo
TH|thailand|thaïlande|tailandia|thailandia|tailândia|tajlandia|tha
TJ|tajikistan|tadschikistan|tadjikistan|tayikistán|tagikistan|tadzjikistan|tadjiquistão
TJ|tadżykistan
TK|tokelau
TL|timor-leste|timor oriental|timor leste|oost-timor
TM|turkmenistan|turkménistan|turkmenistán|turcomenistão
TN|tunisia|tunesien|tunisie|túnez|tunesië|tunísia|tunisien|tunezja
TO|tonga
TR|turkey|türkei|turquie|turquía|turchia|turkije|turquia|turkiet|turcja|tur
TT|trinidad and tobago|trinidad und tobago|trinité-et-tobago|trinidad y tobago|trinidad e tobago
TT|trinidad en tobago|trinidad och tobago|trynidad i tobago
TV|tuvalu
TW|taiwan|taiwán|tajwan|twn
TZ|tanzania|tansania|tanzanie|tanzânia
UA|ukraine|ucrania|ucraina|oekraïne|ucrânia|ukraina|ukr
UG|uganda|ouganda|oeganda
UM|united states minor outlying islands|übrige inseln im pazifik der usa
UM|dépendances américaines du pacifique|islas menores alejadas de los estados unidos
UM|isole minori lontane degli stati uniti|amerikaanse kleinere afgelegen eilanden
UM|ilhas menores distantes dos estados unidos
UM|förenta staternas mindre öar i oceanien och västindien
US|united states|vereinigte staaten von amerika|etats-unis|estados unidos|stati uniti
US|verenigde staten|amerikas förenta stater|stany zjednoczone ameryki|usa|u.s.a.|u.s.
US|united states of america|the united states|america
UY|uruguay|uruguai|urugwaj
UZ|uzbekistan|usbekistan|ouzbékistan|uzbekistán|oezbekistan|uzbequistão
VA|vatican|vatikanstadt|ciudad del vaticano|città del vaticano|vaticaanstad|vaticano|vatikanen
VA|watykan
VC|saint vincent and the grenadines|st. vincent und die grenadinen|saint-vincent-et-les grenadines
VC|san vicente y las granadinas|saint vincent e grenadine|saint vincent en de grenadines
VC|são vicente e granadinas|saint vincent och grenadinerna
VE|venezuela|vénézuela|wenezuela
VG|british virgin islands|britische jungferninseln|iles vierges britanniques
VG|islas vírgenes británicas|isole vergini (gb)|britse maagdeneilanden|ilhas virgens britânicas
VG|brittiska virgin islands|dziewicze wyspy brytyjskie
VI|u.s. virgin islands|amerikanische jungferninseln|iles vierges américaines
VI|islas vírgenes americanas|isole vergini (usa)|amerikaanse maagdeneilanden|ilhas virgens dos eua
VI|amerikanska virgin islands|dziewicze wyspy stanów zjednoczonych
VN|vietnam|vietnã|wietnam|viet nam|vnm
VU|vanuatu
WF|wallis and futuna|wallis und futuna|wallis-et-futuna|wallis y futuna|wallis e futuna
WF|wallis en futuna|wallis och futuna
WS|samoa
YE|yemen|jemen|yémen|iêmen
YT|mayotte|mayotta
ZA|south africa|südafrika|afrique du sud|sudáfrica|sudafrica|zuid-afrika|áfrica do sul|sydafrika
ZA|republika południowej afryki|zaf
ZM|zambia|sambia|zambie|zâmbia
ZW|zimbabwe|simbabwe|zimbabue|zimbábue
"""

COUNTRY_CODES: dict[str, str] = {
    name: line[:2] for line in _NAMES.strip().splitlines() for name in line[3:].split("|")
}
"""ISO 3166 alpha-2 by casefolded name, alias or alpha-3 code."""
