"""Speech of other synthesisers, and of a person, with the times of their phones.

Usage: python speak-others.py TEXTS.jsonl FOLDER
writes FOLDER/others/*.wav and FOLDER/others-phones.json, which the network is never trained on, and
FOLDER/flite/*.wav and FOLDER/flite-phones.json, which it is: flite's voices awb and rms, made from recordings of people.

Debian packages: flite, festival, festvox-kallpc16k, festvox-kdlpc16k, festvox-italp16k, festvox-itapc16k,
festvox-czech-{ph,krb,dita,machac}, festvox-suopuhe-{lj,mv}, festvox-us-slt-hts, festvox-ru. The last one holds the
recordings of the person it was made from, with their labels: those are used as they are.
"""

import json
import pathlib
import random
import re
import subprocess
import sys

import numpy as np
import soundfile

CMU = dict(
    aa="ɑ", ae="æ", ah="ʌ", ao="ɔ", aw="aʊ", ax="ə", ay="aɪ", axr="ɚ", b="b", ch="tʃ", d="d", dh="ð", dx="ɾ", eh="ɛ",
    el="l", em="m", en="n", er="ɝ", ey="eɪ", f="f", g="ɡ", hh="h", hv="h", ih="ɪ", iy="i", jh="dʒ", k="k", l="l", m="m",
    n="n", nx="n", ng="ŋ", ow="oʊ", oy="ɔɪ", p="p", r="ɹ", s="s", sh="ʃ", t="t", th="θ", uh="ʊ", uw="u", v="v", w="w",
    y="j", z="z", zh="ʒ", pau="", ssil="", brth="",
)  # fmt: skip
ITALIAN = dict(E="ɛ", O="ɔ", S="ʃ", tS="tʃ", dZ="dʒ", J="ɲ", L="ʎ", N="ŋ", g="ɡ", ng="ŋ", nf="ɱ")
CZECH = {"_": "", "#": "", "ch": "x", "c": "ts", "c~": "tʃ", "d~": "ɟ", "dz~": "dʒ", "h": "ɦ", "n*": "ŋ", "n~": "ɲ", "r~": "ʒ", "r~*": "ʃ", "s~": "ʃ", "t~": "c", "z~": "ʒ", "g": "ɡ"}  # fmt: skip
FINNISH = {"&": "æ", "&:": "æː", "@": "ø", "@:": "øː", "T": "θ", "S": "ʃ", "N": "ŋ", "v": "ʋ", "g": "ɡ"}
RUSSIAN = dict(
    ii="ˈi", yy="ˈɨ", uu="ˈu", ee="ˈe", oo="ˈo", aa="ˈa", a="ɐ", e="e", i="ɪ", y="ɨ", u="ʊ", ae="ɪ", ay="ə", ur="ʊ",
    pp="pʲ", bb="bʲ", tt="tʲ", dd="dʲ", kk="kʲ", g="ɡ", gg="ɡʲ", c="ts", ch="tɕ", ff="fʲ", vv="vʲ", ss="sʲ", zz="zʲ",
    sh="ʃ", sch="ɕ", zh="ʒ", h="x", hh="xʲ", mm="mʲ", nn="nʲ", ll="lʲ", rr="rʲ",
)  # fmt: skip

FESTIVAL = [
    ("kal", "voice_kal_diphone", "en", CMU, "ascii"),
    ("ked", "voice_ked_diphone", "en", CMU, "ascii"),
    ("slt-hts", "voice_cmu_us_slt_arctic_hts", "en", CMU, "ascii"),
    ("lp", "voice_lp_diphone", "it", ITALIAN, "latin1"),
    ("pc", "voice_pc_diphone", "it", ITALIAN, "latin1"),
    ("czech-ph", "voice_czech_ph", "cs", CZECH, "latin2"),
    ("czech-krb", "voice_czech_krb", "cs", CZECH, "latin2"),
    ("czech-dita", "voice_czech_dita", "cs", CZECH, "latin2"),
    ("czech-machac", "voice_czech_machac", "cs", CZECH, "latin2"),
    ("suopuhe-mv", "voice_hy_fi_mv_diphone", "fi", FINNISH, "latin1"),
    ("suopuhe-lj", "voice_suo_fi_lj_diphone", "fi", FINNISH, "latin1"),
]
FLITE = ["slt"]
TRAINED, TRAINED_CLIPS = ["awb", "rms"], 260
RECORDED = pathlib.Path("/usr/share/festival/voices/russian/msu_ru_nsh_clunits")
CLIPS = 10


def ipa(phone: str, table: dict[str, str]) -> str:
    if phone in ("pau", "#", "_", "") or phone.startswith("SIL"):
        return ""
    if phone in table:
        return table[phone]
    bare = re.sub(r"\d$", "", phone)
    return table.get(bare, bare.replace(":", "ː"))


def segments(text: str, table: dict[str, str]) -> list[dict]:
    """Festival's and the labels' format: a line per phone with its end."""
    found, start = [], 0.0
    for line in text.split("#\n", 1)[1].splitlines():
        fields = line.split()
        if len(fields) < 2:
            continue
        found.append({"ipa": ipa(fields[2] if len(fields) > 2 else "", table), "start": start, "end": float(fields[0])})
        start = float(fields[0])
    return found


def flite(speaker: str, stretch: float, text: str, wav: pathlib.Path) -> list[dict]:
    """Lets flite speak; it counts the phones of every sentence from 0."""
    command = ["flite", "-voice", speaker, "--setf", f"duration_stretch={stretch:.2f}", "-psdur", "-t", text, "-o", str(wav)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    found, base, last = [], 0.0, 0.0
    for pair in said.stdout.split():
        phone, end = pair.split(":")
        if float(end) < last:
            base, last = base + last, 0.0
        found.append({"ipa": ipa(phone, CMU), "start": base + last, "end": base + float(end)})
        last = float(end)
    return found


def train_on_flite(sentences: list[str], folder: pathlib.Path) -> None:
    rng, clips = random.Random(11), []
    (folder / "flite").mkdir(exist_ok=True)
    for k in range(TRAINED_CLIPS):
        text = ""
        while len(text) < 120:
            text += " " + re.sub(r"[^\w\s,.]", " ", rng.choice(sentences)).encode("ascii", "ignore").decode()
        wav, speaker = folder / "flite" / f"{k}.wav", TRAINED[k % len(TRAINED)]
        phones = flite(speaker, rng.uniform(0.8, 1.25), text, wav)
        clips.append({"speaker": speaker, "language": "en", "wav": str(wav), "phonemes": phones})
    json.dump(clips, open(folder / "flite-phones.json", "w"), ensure_ascii=False)


def main() -> None:
    texts, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    out = folder / "others"
    out.mkdir(exist_ok=True)
    rng = random.Random(7)
    by_language: dict[str, list[str]] = {}
    for line in open(texts):
        entry = json.loads(line)
        by_language.setdefault(entry["language"], []).append(entry["text"])
    # What espeak-ng reads to the network in training is the first 90 %.
    train_on_flite(by_language["en"][: int(0.9 * len(by_language["en"]))], folder)
    by_language = {k: v[int(0.9 * len(v)) :] for k, v in by_language.items()}
    clips: list[dict] = []

    def say(language: str, encoding: str) -> str:
        length, parts = 0, []
        while length < 110:
            text = rng.choice(by_language[language])
            text = re.sub(r"[^\w\s,.]", " ", text).encode(encoding, "ignore").decode(encoding)
            parts.append(text)
            length += len(text)
        return " ".join(parts)

    def add(speaker: str, language: str, wav: pathlib.Path, phones: list[dict]) -> None:
        clips.append({"speaker": speaker, "language": language, "wav": str(wav), "phonemes": phones})

    for speaker, voice, language, table, encoding in FESTIVAL:
        for k in range(CLIPS):
            wav, seg, script = (out / f"{speaker}-{k}.{e}" for e in ("wav", "seg", "scm"))
            text = say(language, encoding)
            script.write_bytes(f'({voice})\n(set! u (SynthText "{text}"))\n(utt.save.wave u "{wav}" \'riff)\n(utt.save.segs u "{seg}")\n'.encode(encoding))
            try:
                subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True, timeout=60)
                add(speaker, language, wav, segments(seg.read_text(), table))
            except (subprocess.SubprocessError, OSError) as error:
                print(speaker, k, error)
    for speaker in FLITE:
        for k in range(CLIPS):
            wav = out / f"flite-{speaker}-{k}.wav"
            add(f"flite-{speaker}", "en", wav, flite(speaker, 1.0, say("en", "ascii"), wav))
    labels = sorted(RECORDED.glob("lab/*.lab"))
    for lab in labels[:: max(1, len(labels) // 60)]:
        add("person-ru", "ru", RECORDED / "wav" / f"{lab.stem}.wav", segments(lab.read_text(), RUSSIAN))
    for clip in clips:
        info = soundfile.info(clip["wav"])
        clip["seconds"] = info.duration
        gap = info.duration - clip["phonemes"][-1]["end"]
        if abs(gap) > 0.5:
            print("label and sound differ by", round(gap, 2), clip["wav"])
    json.dump(clips, open(folder / "others-phones.json", "w"), ensure_ascii=False)
    print(len(clips), "clips", round(sum(c["seconds"] for c in clips) / 60, 1), "minutes", sorted({c["speaker"] for c in clips}))


main()
