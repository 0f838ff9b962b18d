import type { Instrument, StemRole } from "../stem-separator.ts";

/** Which of a network's stems is taken, and what for. */
export type StemChoice = {
  /** Among those that the network makes, from 0. */
  readonly stem: number;
  readonly role: StemRole;
  /** What is left is what the role takes out: a network that makes the lead voice leaves all but the lead voice. */
  readonly turned: boolean;
};

/** What is known of a network's stems. */
export type StemNames = {
  /** Of the file, without its extension. */
  readonly file: string;
  /** Those that it makes, in order; empty where nobody says. */
  readonly made: readonly string[];
  /** All that it was trained with. */
  readonly all: readonly string[];
};

const INSTRUMENT: Readonly<Record<Exclude<Instrument, "other">, RegExp>> = {
  drums: /^drums?$/i,
  bass: /^bass$/i,
  guitar: /^guitars?$/i,
  piano: /^piano$/i,
};

const KARAOKE = /kara|(^|[^a-z])lead([^a-z]|$)/i;
const REVERB = /re?verb|deverb|echo/i;
const VOICES = /vocal|voice|(^|[^a-z])vox([^a-z]|$)/i;
const BAND = /inst|other|accomp|music|back/i;
const DRY = /^(no ?(reverb|echo)|dry|clean|de-?(reverb|echo))/i;
/** Files of networks for something else. */
const ELSE = /drum|bass|guitar|piano|crowd|denoise|aspiration|bleed(?!less)|male|similarity|speech|sfx/i;

/** A published network whose settings call its stem by another name: it takes drums and bass, not all instruments. */
const DRUM_BASS = /ep_937_sdr_10\.5309/;

/**
 * Chooses by the names that trainers give their stems and files. Those with more stems than one give the voices, where
 * they make them. What is for something else has the role `other`, and no song is taken apart with it by itself.
 */
export function chooseStem({ file, made, all }: StemNames): StemChoice {
  const find = (name: RegExp): number => made.findIndex((each) => name.test(each));
  const other: StemChoice = { stem: 0, role: "other", turned: false };
  const names = [...made, ...all];
  if (DRUM_BASS.test(file)) return other;
  if (KARAOKE.test(file) || names.some((name) => KARAOKE.test(name))) {
    const lead = made.findIndex((name) => KARAOKE.test(name) || VOICES.test(name));
    if (lead >= 0 || made.length === 0) return { stem: Math.max(0, lead), role: "karaoke", turned: true };
    const rest = find(BAND);
    return rest < 0 ? other : { stem: rest, role: "karaoke", turned: false };
  }
  if (REVERB.test(file) || names.some((name) => REVERB.test(name))) {
    const dry = find(DRY);
    if (dry >= 0 || made.length === 0) return { stem: Math.max(0, dry), role: "reverb", turned: true };
    const wet = find(/reverb|echo|wet|other|no dry/i);
    return wet < 0 ? other : { stem: wet, role: "reverb", turned: false };
  }
  if (ELSE.test(file)) return other;
  if (made.length === 0) {
    const instruments = /(^|[^a-z])inst/i.test(file) && !VOICES.test(file);
    return { stem: 0, role: instruments ? "instrumental" : "vocals", turned: false };
  }
  const voices = find(VOICES);
  if (voices >= 0) return { stem: voices, role: "vocals", turned: false };
  // All that is no voice is one stem only where voices are what it was told from.
  const band = find(BAND);
  const fromVoices = made.length === 1 && (all.some((name) => VOICES.test(name)) || /instr/i.test(made[0] ?? ""));
  return band >= 0 && fromVoices ? { stem: band, role: "instrumental", turned: false } : other;
}

/** Which of a network's stems are instruments by themselves, by their places among those that it makes, from 0. */
export function instrumentsOf(made: readonly string[]): Readonly<Partial<Record<Instrument, number>>> {
  const found: Partial<Record<Instrument, number>> = {};
  for (const [instrument, called] of Object.entries(INSTRUMENT)) {
    const place = made.findIndex((name) => called.test(name.trim()));
    if (place >= 0) found[instrument as Instrument] = place;
  }
  // Beside voices alone, `other` is the whole band.
  const other = made.findIndex((name) => /^others?$/i.test(name.trim()));
  if (other >= 0 && Object.keys(found).length > 0) found.other = other;
  return found;
}
