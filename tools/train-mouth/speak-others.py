"""Speech of other synthesisers, and of a person, with the times of their phones.

Usage: python speak-others.py TEXTS.jsonl FOLDER
writes FOLDER/others/*.wav and FOLDER/others-phones.json, which the network is never trained on, and three sets to train on:
flite: flite's voices awb and rms, made from recordings of people, with English sentences; strung: the same voices with the
phones of sentences in other languages; hindi: the recorded diphones of festival's Hindi voice.

Debian packages: flite, espeak-ng, festival, festvox-hi-nsk, festvox-kallpc16k, festvox-kdlpc16k, festvox-italp16k,
festvox-itapc16k, festvox-czech-{ph,krb,dita,machac}, festvox-suopuhe-{lj,mv}, festvox-us-slt-hts, festvox-ru. The last
one holds the recordings of the person it was made from, with their labels: those are used as they are.
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
FINNISH = {"&": "ə", "@": "æ", "@:": "æː", "7": "ø", "7:": "øː", "T": "θ", "S": "ʃ", "N": "ŋ", "v": "ʋ", "g": "ɡ"}
HINDI = {
    "a": "ə", "aa": "aː", "ih": "ɪ", "iy": "iː", "uh": "ʊ", "uw": "uː", "eh": "eː", "ee": "eː", "ay": "ɛː", "oh": "oː", "oo": "oː",
    "aw": "ɔː", "@": "æ", "g": "ɡ", "ch": "tʃ", "T": "ʈ", "D": "ɖ", "N": "n", "th": "t", "dh": "d", "td": "tʰ", "tth": "ʈʰ", "ddh": "dʰ",
    "y": "j", "L": "ɭ", "R": "ɽ", "sh": "ʃ", "j": "dʒ", "h": "ɦ", "kh": "kʰ", "gh": "ɡʰ", "bh": "bʰ", "zh": "dʒ", "v": "ʋ",
}  # fmt: skip
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
# Languages whose phones flite is made to say with the nearest of its own, and those that espeak-ng's IPA becomes.
STRUNG_CLIPS = 180
STRUNG = "it cs fi es fr de ru pt ro hr hu nl id ja ko tr eu et sk uk".split()
NEAREST = dict(
    zip(
        "aɐɑɒäæeɛəɘɜɝɚiɪɨɯyʏoɔuʊøœʌpbmfvʋwtdnszʃʒʂʐɕʑlɫʎɭrɾɽʁɹkɡŋxɣqɲjçhɦθðβɟc",
        "aa aa aa aa aa ae eh eh ax ax er er er iy ih ih uh uw uw ao ao uw uh er er ah p b m f v v w t d n s z sh zh sh zh sh zh "
        "l l l l r dx dx r r k g ng k g k n y hh hh hh th dh b d t".split(),
        strict=True,
    )
)
HINDI_CLIPS = 124
RECORDED = pathlib.Path("/usr/share/festival/voices/russian/msu_ru_nsh_clunits")
CLIPS = 10


def ipa(phone: str, table: dict[str, str]) -> str:
    if phone in ("pau", "#", "_", "") or phone.startswith("SIL"):
        return ""
    if phone in table:
        return table[phone]
    bare = re.sub(r"\d$", "", phone)
    # Italian writes stress as a 1 behind the vowel.
    return ("ˈ" if phone.endswith("1") else "") + table.get(bare, bare.replace(":", "ː"))


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


def flite(speaker: str, stretch: float, text: str, wav: pathlib.Path, phones: bool = False) -> list[dict]:
    """Lets flite speak a text, or phones; it counts the phones of every sentence from 0."""
    setting = ["--setf", f"duration_stretch={stretch:.2f}"]
    command = ["flite", "-voice", speaker, *setting, "-psdur", "-p" if phones else "-t", text, "-o", str(wav)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    found, base, last = [], 0.0, 0.0
    for pair in said.stdout.split():
        phone, end = pair.split(":")
        if float(end) < last:
            base, last = base + last, 0.0
        found.append({"ipa": ipa(phone, CMU), "start": base + last, "end": base + float(end)})
        last = float(end)
    return found


def festival(voice: str, text: str, encoding: str, table: dict[str, str], path: pathlib.Path) -> list[dict]:
    """Lets festival speak into PATH.wav."""
    wav, seg, script = (path.with_suffix(f".{e}") for e in ("wav", "seg", "scm"))
    lines = f'({voice})\n(set! u (SynthText "{text}"))\n(utt.save.wave u "{wav}" \'riff)\n(utt.save.segs u "{seg}")\n'
    script.write_bytes(lines.encode(encoding))
    subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True, timeout=60)
    return segments(seg.read_text(), table)


def strung(language: str, text: str) -> str:
    """The phones of a sentence in any language, as near as English has them."""
    command = ["espeak-ng", "-v", language, "-q", "--ipa", text]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    phones = " ".join("pau" if c == "\n" else NEAREST[c] for c in said.replace("ɑ̃", "ɑ") if c == "\n" or c in NEAREST)
    return f"pau {phones.removesuffix('pau').strip()} pau"


def to_train(by_language: dict[str, list[str]], folder: pathlib.Path) -> None:
    rng = random.Random(11)
    sets: dict[str, list[dict]] = {"flite": [], "strung": [], "hindi": []}
    for name in sets:
        (folder / name).mkdir(exist_ok=True)
    for k in range(TRAINED_CLIPS + STRUNG_CLIPS):
        text, own = "", k < TRAINED_CLIPS
        language = "en" if own else rng.choice(STRUNG)
        while len(text) < 120:
            text += " " + re.sub(r"[^\w\s,.]", " ", rng.choice(by_language[language]))
        text = text.encode("ascii", "ignore").decode() if own else strung(language, text)
        name, speaker = "flite" if own else "strung", TRAINED[k % len(TRAINED)]
        wav = folder / name / f"{k}.wav"
        phones = flite(speaker, rng.uniform(0.8, 1.25), text, wav, phones=not own)
        sets[name].append({"speaker": speaker, "language": "en", "wav": str(wav), "phonemes": phones})
    for k in range(HINDI_CLIPS):
        text = ""
        while len(text) < 100:
            text += " " + re.sub(r"[^\u0900-\u097f\s,]", " ", rng.choice(by_language["hi"]))
        wav = folder / "hindi" / f"{k}.wav"
        try:
            phones = festival("voice_hindi_NSK_diphone", text, "utf8", HINDI, wav)
            sets["hindi"].append({"speaker": "nsk", "language": "hi", "wav": str(wav), "phonemes": phones})
        except (subprocess.SubprocessError, OSError) as error:
            print("nsk", k, error)
    for name, clips in sets.items():
        json.dump(clips, open(folder / f"{name}-phones.json", "w"), ensure_ascii=False)


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
    to_train({k: v[: int(0.9 * len(v))] for k, v in by_language.items()}, folder)
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
            wav = out / f"{speaker}-{k}.wav"
            text = say(language, encoding)
            try:
                add(speaker, language, wav, festival(voice, text, encoding, table, wav))
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
