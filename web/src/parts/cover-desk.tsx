import type { Values } from "../schema/schema-form.tsx";
import { useWords } from "../words/words.tsx";
import type { Track } from "./deck.ts";
import { Mixer, type MixerTrack } from "./mixer.tsx";

/** Tracks of a mix: what each is at in it, in dB, and whose fader it has. */
const TRACKS: Readonly<Record<string, { readonly level: number; readonly fader: string }>> = {
  sung: { level: -4, fader: "main_gain" },
  backing: { level: -6, fader: "backup_gain" },
  instrumental: { level: -7, fader: "inst_gain" },
  // Brought stems have none of the effects that make a voice louder.
  voice_audio: { level: 0, fader: "main_gain" },
  backup_audio: { level: -6, fader: "backup_gain" },
  instrument_audio: { level: -7, fader: "inst_gain" },
};

export type CoverDeskProps = {
  readonly sounds: readonly Track[];
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  readonly action?: { readonly label: string; readonly busy: boolean; readonly run: () => void };
};

/** The mixer of a cover: its faders are the form's gains. */
export function CoverDesk({ sounds, values, onChange, action }: CoverDeskProps) {
  const { cover } = useWords();
  const labels: Readonly<Record<string, string>> = cover.tracks;
  const tracks = sounds.flatMap(({ value, sound }): MixerTrack[] => {
    const track = TRACKS[value];
    if (!track) return [];
    const gain = values[track.fader];
    const own = { label: labels[value] ?? value, level: track.level, gain: typeof gain === "number" ? gain : 0 };
    return [{ value, sound, ...own }];
  });
  return (
    <Mixer
      tracks={tracks}
      sounds={sounds}
      onGain={(value, gain) => {
        const fader = TRACKS[value]?.fader;
        if (fader === undefined) return;
        const { [fader]: _before, ...others } = values;
        onChange(gain === 0 ? others : { ...others, [fader]: gain });
      }}
      action={action}
    />
  );
}
