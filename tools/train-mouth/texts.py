"""Collects sentences in many languages from the message catalogues (.mo) that free programs of a Debian system carry.

Usage: python texts.py OUT.jsonl [FOLDER...]     one {"language", "text"} a line

The sentences are only read aloud; neither they nor the sound made of them is distributed.
"""

import gettext
import json
import pathlib
import random
import re
import sys
import unicodedata

FOLDERS = ["/usr/share/locale"]
# Name of the folder in the system's locales, where it is not the code that the speech engine uses.
FOLDER_OF = {"zh": "zh_CN", "no": "nb", "en": "en_GB"}
LANGUAGES = (
    "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga he hi hr hu hy id is it ja ka kk ko lt lv mk ms "
    "no nl pl pt ro ru sk sl sq sr sv ta te th tr uk vi zh"
).split()
# Scripts whose languages write a text without Latin letters; a message with some is half English.
OTHER_SCRIPT = set("ar be bg bn el fa he hi hy ja ka kk ko mk ru sr ta te th uk zh".split())
PLACEHOLDER = re.compile(r"%[-#0-9. *+']*(?:hh|h|ll|l|q|j|z|t|L)?[a-zA-Z%]|%\(\w+\)\w|\{\w*\}|\$\w+|<[^>]*>|&\w+;")
MARKUP = re.compile(r"[_&](?=\w)|[|\\`~^*#@=+\[\]{}<>]|https?://\S+|--?\w[\w-]*")


def clean(text: str, language: str) -> str | None:
    if len(PLACEHOLDER.findall(text)) > 1:
        return None
    text = MARKUP.sub(" ", PLACEHOLDER.sub(" ", text))
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip(" -:;.,'\"")
    letters = [c for c in text if unicodedata.category(c)[0] in "LM"]
    wide = language in ("ja", "ko", "zh", "th")
    if len(letters) < (8 if wide else 16) or len(text) > (70 if wide else 160):
        return None
    if len(letters) < 0.72 * len(text) or sum(c.isupper() for c in letters) > 0.3 * len(letters):
        return None
    if language in OTHER_SCRIPT and any(c < "\u0250" for c in letters):
        return None
    return text + "."


def main() -> None:
    out, folders = sys.argv[1], [pathlib.Path(f) for f in sys.argv[2:] or FOLDERS]
    rng = random.Random(1)
    with open(out, "w") as file:
        for language in LANGUAGES:
            found: set[str] = set()
            for folder in folders:
                for path in sorted((folder / FOLDER_OF.get(language, language)).glob("LC_MESSAGES/*.mo")):
                    try:
                        catalogue = gettext.GNUTranslations(open(path, "rb"))._catalog
                    except Exception:  # a broken catalogue is no loss
                        continue
                    for source, text in catalogue.items():
                        if not isinstance(text, str) or not source or text == source and language != "en":
                            continue
                        for line in text.split("\n"):
                            kept = clean(line, language)
                            if kept:
                                found.add(kept)
            chosen = sorted(found)
            rng.shuffle(chosen)
            for text in chosen[:1500]:
                file.write(json.dumps({"language": language, "text": text}, ensure_ascii=False) + "\n")
            print(language, len(chosen))


main()
