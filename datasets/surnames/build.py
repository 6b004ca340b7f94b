"""Write surnames.csv.gz from the surname lists of Faker 40.54.0, a package of the Python Package Index.

Run ``python build.py`` in this folder where that version of Faker is installed. fnlab itself needs neither.
"""

import csv
import gzip
import unicodedata
from hashlib import sha256
from importlib import import_module
from io import StringIO
from pathlib import Path

#: Language -> (locale, list in Faker's provider) whose names count as this language's.
SOURCES = {
    "Arabic": [("fr_DZ", "last_names")],
    "Armenian": [("hy_AM", "last_names")],
    "Croatian": [("hr_HR", "last_names")],
    "Dutch": [("nl_NL", "last_names")],
    "English": [("en_GB", "last_names")],
    "Estonian": [("et_EE", "last_names_est")],
    "Finnish": [("fi_FI", "last_names")],
    "French": [("fr_FR", "last_names"), ("fr_CA", "last_names")],
    "Georgian": [("ka_GE", "last_names")],
    "German": [("de_DE", "last_names"), ("de_AT", "last_names")],
    "Greek": [("el_GR", "last_names")],
    "Irish": [("ga_IE", "last_names")],
    "Italian": [("it_IT", "last_names")],
    "Polish": [("pl_PL", "unisex_last_names"), ("pl_PL", "male_last_names")],
    "Russian": [("ru_RU", "last_names")],
    "Slovak": [("sk_SK", "last_names")],
    "Spanish": [("es_ES", "last_names")],
    "Swedish": [("sv_SE", "last_names")],
    "Ukrainian": [("uk_UA", "last_names")],
}
#: No language has more names than this, so that none drowns the others.
MOST = 600


def table(pairs: str) -> dict[str, str]:
    """Read a table of transliteration: letter and Latin letters in turn, ``-`` for none."""
    words = pairs.split()
    return {letter: "" if latin == "-" else latin for letter, latin in zip(words[::2], words[1::2], strict=True)}


# Simplified: BGN/PCGN for Russian and Armenian, the national tables of 2010 (Ukraine) and 2002 (Georgia) without
# apostrophes, ELOT 743 for Greek. "^" before a letter means: at the beginning of a word.
TABLES = {
    "Russian": table(
        "а a б b в v г g д d е e ё yo ж zh з z и i й y к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh "
        "щ shch ъ - ы y ь - э e ю yu я ya"
    ),
    "Ukrainian": table(
        "а a б b в v г h ґ g д d е e є ie ^є ye ж zh з z и y і i ї i ^ї yi й i ^й y к k л l м m н n о o п p р r с s "
        "т t у u ф f х kh ц ts ч ch ш sh щ shch ь - ' - ’ - ю iu ^ю yu я ia ^я ya"
    ),
    "Georgian": table(
        "ა a ბ b გ g დ d ე e ვ v ზ z თ t ი i კ k ლ l მ m ნ n ო o პ p ჟ zh რ r ს s ტ t უ u ფ p ქ k ღ gh ყ q შ sh ჩ ch "
        "ც ts ძ dz წ ts ჭ ch ხ kh ჯ j ჰ h"
    ),
    "Armenian": table(
        "ու u եւ ev և ev ա a բ b գ g դ d ե e ^ե ye զ z է e ը y թ t ժ zh ի i լ l խ kh ծ ts կ k հ h ձ dz ղ gh ճ ch մ m "
        "յ y ն n շ sh ո o ^ո vo չ ch պ p ջ j ռ r ս s վ v տ t ր r ց ts ւ v փ p ք k օ o ֆ f"
    ),
    "Greek": table(
        "ου ou αυ av ευ ev γγ ng γξ nx γχ nch ^μπ b α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p "
        "ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o"
    ),
}


def transliterated(name: str, letters: dict[str, str]) -> str:
    """Write a name in Latin letters, the longest entry of the table first, and begin each word with a capital."""
    text = "".join(part for part in unicodedata.normalize("NFD", name.lower()) if part != "\N{COMBINING ACUTE ACCENT}")
    text = " ".join(f"^{word}" for word in unicodedata.normalize("NFC", text).split())
    entries = sorted(letters, key=len, reverse=True)
    written, at = "", 0
    while at < len(text):
        entry = next((entry for entry in entries if text.startswith(entry, at)), text[at])
        written += letters.get(entry, entry.removeprefix("^"))
        at += len(entry)
    return " ".join(word[:1].upper() + word[1:] for word in written.split())


def plain(name: str) -> str:
    """Small letters without accents: names that differ in nothing else count as one."""
    return "".join(part for part in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(part))


def is_latin(name: str) -> bool:
    """Letters of the Latin script, spaces, hyphens and apostrophes only."""
    return all(sign in " '-" or "LATIN" in unicodedata.name(sign, "") for sign in name)


def names_of(language: str) -> list[str]:
    """Give the names of a language: in Latin letters, each once, at most `MOST`, in alphabetical order."""
    found: dict[str, str] = {}
    for locale, attribute in SOURCES[language]:
        for name in getattr(import_module(f"faker.providers.person.{locale}").Provider, attribute):
            written = unicodedata.normalize("NFC", " ".join(name.replace("’", "'").split()))
            if language in TABLES:
                written = transliterated(written, TABLES[language])
            if is_latin(written):
                found.setdefault(plain(written), written)
    chosen = sorted(found, key=lambda name: sha256(name.encode()).hexdigest())[:MOST]
    return [found[name] for name in sorted(chosen)]


def main() -> None:
    """Write the file beside this one."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "language"])
    for language in sorted(SOURCES):
        writer.writerows([name, language] for name in names_of(language))
    Path(__file__).with_name("surnames.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


if __name__ == "__main__":
    main()
