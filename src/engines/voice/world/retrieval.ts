import type { ConversionOptions, RetrievalSettings } from "../voice-converter.ts";

/** What callers get who say nothing. */
const DEFAULTS: Required<Omit<RetrievalSettings, "f0Method">> = {
  indexRate: 0.5,
  filterRadius: 3,
  rmsMixRate: 0.25,
  protect: 0.33,
  crepeHopLength: 128,
  speaker: 0,
  f0Curve: [],
};
const NAMES: Readonly<Record<keyof typeof DEFAULTS, string>> = {
  indexRate: "index_rate",
  filterRadius: "filter_radius",
  rmsMixRate: "rms_mix_rate",
  protect: "protect",
  crepeHopLength: "crepe_hop_length",
  speaker: "speaker_id",
  f0Curve: "f0_curve",
};

/** Tells the caller which settings of retrieval-based voices did nothing. */
export function warnOfRetrieval({ retrieval, warn }: ConversionOptions): void {
  if (!retrieval || !warn) return;
  if (retrieval.f0Method !== "harvest") {
    warn("f0_method applies to RVC voices; this embedded voice was converted with harvest.");
  }
  const set = (Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]).filter(
    (key) => (retrieval[key] ?? DEFAULTS[key]) !== DEFAULTS[key],
  );
  if (set.length === 0) return;
  const names = set.map((key) => NAMES[key]).join(", ");
  warn(`${names} ${set.length === 1 ? "applies" : "apply"} to RVC voices and had no effect on this embedded voice.`);
}
