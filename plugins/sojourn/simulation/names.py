"""Names of persons and companies, with the ways in which Latin letters write them."""

from __future__ import annotations

import unicodedata


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|" if "|" in text else None))


FIRST_NAMES: dict[str, tuple[str, ...]] = {
    "english": _listed(
        "Olivia Emma Charlotte Amelia Sophia Isabella Ava Mia Evelyn Luna Harper Grace Chloë Zoë "
        "Renée Liam Noah Oliver James Elijah Mateo Theodore Henry Lucas William Jack Owen Daniel "
        "Samuel André D'Angelo Siobhán Niamh Seán Oisín Aoife Mary-Kate Jean-Paul Anne-Marie "
        "Priya Arjun Aisha Fatima Omar Mei Wei Hana Kenji Minh Linh José María Sofía Ángel"
    ),
    "german": _listed(
        "Anna Lena Jürgen Günther Käthe Björn Sören Jörg Ulrike Heike Matthias Florian Jonas Lukas "
        "Felix Paul Emilia Hannah Marie Sophie Zoé Götz Rüdiger Bärbel Hans-Peter Karl-Heinz "
        "Eva-Maria Ayşe Mehmet Çağla Emre Łukasz Agnieszka Małgorzata Dmitri Ευγενία Иван"
    ),
    "french": _listed(
        "Camille Léa Manon Chloé Inès Zoé Élodie Hélène François Jérôme Rémi Gaëlle Benoît Anaïs "
        "Loïc Noël Théo Louis Hugo Jules Jean-Baptiste Marie-Thérèse Amélie Océane Mohamed Yasmine "
        "Nadège Cédric Aurélie Stéphane"
    ),
    "spanish": _listed(
        "María José Lucía Sofía Martín Álvaro Íñigo Begoña Iñaki Núria Óscar Ángel Raúl Andrés "
        "Inés Belén Jesús Concepción Rocío Hugo Daniel Pablo Carmen Xoán Jordi Montserrat "
        "Adrián Verónica"
    ),
    "finnish": _listed(
        "Aino Väinö Päivi Jyrki Mäkke Hännu Eeva Matti Juhani Sirkka Tuulikki Yrjö Kyösti Leena "
        "Mika Sanna Äijä Pekka Riikka Ilmari Åsa Göran Märta Satu Tero"
    ),
}
LAST_NAMES: dict[str, tuple[str, ...]] = {
    "english": _listed(
        "Smith|Johnson|Williams|Brown|Jones|Garcia|Miller|Davis|Rodríguez|Martínez|Hernández|"
        "López|Wilson|Anderson|Thomas|Taylor|Moore|Jackson|Martin|Lee|Nguyễn|O'Brien|O'Connor|"
        "McDonald|MacLeod|van der Berg|de la Cruz|St. John|Smith-Jones|Patel|Kim|Chen|Singh|"
        "Ó Súilleabháin|Ní Dhomhnaill|Fitzgerald|Byrne|Murphy|Walker|Wright|Scott|Green|Baker|"
        "Adams|Nelson|Hill|Campbell|Mitchell|Roberts|Carter|Phillips|Evans|Turner|Díaz"
    ),
    "german": _listed(
        "Müller|Schmidt|Schneider|Fischer|Weber|Meyer|Wagner|Becker|Schulz|Hoffmann|Schäfer|Koch|"
        "Bauer|Richter|Klein|Wolf|Schröder|Neumann|Schwarz|Zimmermann|Krüger|Weiß|Groß|Jäger|"
        "Böhm|von der Heide|zu Löwenstein|Yılmaz|Öztürk|Wójcik|Kowalczyk|Papadopoulos|Ivanov|"
        "Freiherr von Thümmel|Strauß|Götze"
    ),
    "french": _listed(
        "Martin|Bernard|Dubois|Thomas|Robert|Richard|Petit|Durand|Leroy|Moreau|Lefèvre|Lefebvre|"
        "Fournier|Girard|Bonnet|Dupont|Lambert|Fontaine|Rousseau|Blanchard|Guérin|Müller|"
        "de La Tour|L'Hôpital|d'Estaing|Benaïssa|Nguyen|Bélanger|Crépin|Höhn"
    ),
    "spanish": _listed(
        "García|Fernández|González|Rodríguez|López|Martínez|Sánchez|Pérez|Gómez|Martín|Jiménez|"
        "Ruiz|Hernández|Díaz|Moreno|Muñoz|Álvarez|Romero|Gutiérrez|Núñez|Ibáñez|Peña|Etxeberria|"
        "García-Lorca|de la Fuente|Puig i Cadafalch|Çelik"
    ),
    "finnish": _listed(
        "Korhonen|Virtanen|Mäkinen|Nieminen|Mäkelä|Hämäläinen|Laine|Heikkinen|Koskinen|Järvinen|"
        "Lehtonen|Saarinen|Salminen|Heinonen|Niemi|Heikkilä|Kinnunen|Salonen|Turunen|Laitinen|"
        "Räsänen|Ylönen|Åkerblom|Öhman|Sjöström|Häyhä"
    ),
}
COMPANIES = _listed(
    "Alpine Guides|Nordlicht Reisen|Cascade Outfitters|Sendero Norte|Pyrénées Évasion|Lakeland "
    "Adventures|Fjord & Fell|Bergwacht Süd|Summit School|Erämatkat Oy|Dolmen Tours|Tide & Trail|"
    "Sierra Expeditions|Gipfelstürmer|Evergreen Camps|Les Sentiers Bleus|Moor & Mountain|Tundra "
    "Logistics|Harbor Rescue|Canyon Rangers"
)
COMPANY_FORMS = {"US": "Inc.", "GB": "Ltd", "DE": "GmbH", "FR": "SARL", "ES": "S.L."}
INDUSTRIES = ("Travel", "Education", "Public Safety", "Retail", "Hospitality", "Non-profit")
TITLES = (
    *("Purchasing Manager", "Head of Operations", "Équipe achats", "Owner", "Einkäufer", "CFO"),
    *("Expedition Lead", "Office Manager", ""),
)

_LETTERS = {
    **{"ß": "ss", "ø": "o", "ł": "l", "Ł": "l", "ı": "i", "đ": "d", "ö": "oe", "ü": "ue"},
    **{"ä": "ae", "Ευγενία": "evgenia", "Иван": "ivan"},
}


def latin(name: str) -> str:
    """Return a name in the lower-case ASCII letters of an e-mail address."""
    if name in _LETTERS:
        return _LETTERS[name]
    text = "".join(_LETTERS.get(letter, letter) for letter in name.lower())
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
