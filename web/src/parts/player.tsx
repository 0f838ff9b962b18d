import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../words/words.tsx";
import { decode } from "./sound.ts";
import { Waveform } from "./waveform.tsx";

type PlayerProps = {
  readonly url: string;
  readonly kind: "video" | "audio";
  readonly label: string;
  /** Whether it plays by itself, as a reply to what the reader just did. */
  readonly plays?: boolean;
  /** Where another player of the same left off. */
  readonly resume?: Resume | undefined;
};

/** A place in a file, and whether it goes on from there. */
export type Resume = { readonly seconds: number; readonly playing: boolean };

/** Plays a file and says how long it is, as the browser reads it. */
export function Player({ url, kind, label, plays = false, resume }: PlayerProps) {
  const words = useWords();
  const element = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const [duration, setDuration] = useState<number>();
  const [at, setAt] = useState(0);
  const sound = useSoundOf(kind === "audio" ? url : undefined);
  const events = {
    ref: element,
    src: url,
    controls: true,
    preload: "auto",
    autoPlay: plays,
    "aria-label": label,
    onDurationChange: () => setDuration(element.current?.duration),
    onLoadedMetadata: () => {
      if (!element.current || !resume || resume.seconds === 0) return;
      element.current.currentTime = resume.seconds;
      if (resume.playing) void element.current.play().catch(() => undefined);
    },
    onTimeUpdate: () => setAt(element.current?.currentTime ?? 0),
  } as const;
  const known = duration !== undefined && Number.isFinite(duration);
  return (
    <div class="player">
      {kind === "audio" && sound && <Waveform sound={sound} at={at} />}
      {kind === "video" ? <video {...events} playsInline /> : <audio {...events} />}
      {known && (
        <p class="dim">
          {words.job.duration}: <span data-duration={duration}>{words.job.seconds(duration)}</span>
        </p>
      )}
    </div>
  );
}

/** A file's sound, where the browser may read it. */
function useSoundOf(url: string | undefined): AudioBuffer | undefined {
  const [sound, setSound] = useState<AudioBuffer>();
  useEffect(() => {
    const stop = new AbortController();
    setSound(undefined);
    if (url === undefined) return undefined;
    fetch(url, { signal: stop.signal })
      .then((response) => response.arrayBuffer())
      .then((bytes) => decode(bytes))
      .then(setSound, () => undefined);
    return () => stop.abort();
  }, [url]);
  return sound;
}
