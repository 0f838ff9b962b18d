import { useMemo } from "preact/hooks";
import { useWords } from "../words/words.tsx";

/** Bars across a waveform. */
const BARS = 160;

type WaveformProps = {
  readonly sound: AudioBuffer;
  /** Where it plays, in seconds. */
  readonly at?: number;
  /** What the width stands for, in seconds: for sounds that are seen above each other. Default the sound's own length. */
  readonly seconds?: number;
};

/** A sound's shape, to be looked at; with a head where it plays. */
export function Waveform({ sound, at, seconds = sound.duration }: WaveformProps) {
  const words = useWords();
  const path = useMemo(() => shapeOf(sound, seconds), [sound, seconds]);
  const label = words.record.waveform(words.job.seconds(sound.duration));
  return (
    <svg class="waveform" viewBox={`0 0 ${BARS} 100`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={path} />
      {at !== undefined && <rect class="head" x={(at / seconds) * BARS} y="0" width="0.6" height="100" />}
    </svg>
  );
}

/** Bars as high as the loudest sample of each stretch, against the sound's own peak; none behind its end. */
function shapeOf(sound: AudioBuffer, seconds: number): string {
  const length = Math.max(1, seconds * sound.sampleRate);
  const bars = Math.max(1, Math.min(BARS, Math.ceil((sound.length / length) * BARS)));
  const peaks = new Float32Array(bars);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let bar = 0; bar < bars; bar++) {
      const from = Math.floor((bar * length) / BARS);
      const to = Math.min(samples.length, Math.floor(((bar + 1) * length) / BARS));
      let peak = peaks[bar] ?? 0;
      for (let at = from; at < to; at++) peak = Math.max(peak, Math.abs(samples[at] ?? 0));
      peaks[bar] = peak;
    }
  }
  const loudest = Math.max(0.02, ...peaks);
  return Array.from(peaks, (peak, bar) => {
    const height = Math.max(2, (peak / loudest) * 96);
    return `M${bar + 0.2} ${(50 - height / 2).toFixed(1)}h.6v${height.toFixed(1)}h-.6z`;
  }).join("");
}
