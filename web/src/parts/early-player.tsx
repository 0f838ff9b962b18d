import { useEffect, useRef, useState } from "preact/hooks";
import { call, type JobEvent } from "../api.ts";
import { useWords } from "../words/words.tsx";
import type { Resume } from "./player.tsx";

/** A stream that a job makes, as soon as it is known what is in it. */
export type EarlyStream = { readonly url: string; readonly type: string };

/** Listens to a job for a stream that can be played while it is made. */
export function useEarly() {
  const [stream, setStream] = useState<EarlyStream>();
  const [resume, setResume] = useState<Resume>();
  return {
    stream,
    /** Where the player was when it was last looked at. */
    resume,
    setResume,
    forget: () => {
      setStream(undefined);
      setResume(undefined);
    },
    listen: (event: JobEvent) => {
      const { stage, stream_id: id, stream_type: type } = event;
      if (stage === "stream" && typeof id === "string" && typeof type === "string") {
        setStream({ url: `/api/stream/${id}.mp4`, type });
      }
    },
  };
}

type EarlyPlayerProps = { readonly stream: EarlyStream; readonly onMove: (at: Resume) => void };

/** Plays a video from its first second while the rest of it is made. */
export function EarlyPlayer({ stream, onMove }: EarlyPlayerProps) {
  const words = useWords();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    const stop = new AbortController();
    // The key goes with a request of the page's own, which an element's cannot carry.
    if ("MediaSource" in window && MediaSource.isTypeSupported(stream.type)) void feed(element, stream, stop.signal);
    else element.src = stream.url;
    return () => {
      onMove({ seconds: element.currentTime, playing: !element.paused && !element.ended });
      stop.abort();
      element.removeAttribute("src");
    };
  }, [stream.url]);
  return (
    <div class="player early">
      <video ref={video} controls autoPlay playsInline aria-label={words.avatar.early} />
      <p class="dim">{words.avatar.early}</p>
    </div>
  );
}

/** Puts a stream into an element as it comes. */
async function feed(element: HTMLVideoElement, { url, type }: EarlyStream, signal: AbortSignal): Promise<void> {
  const source = new MediaSource();
  const address = URL.createObjectURL(source);
  element.src = address;
  try {
    await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true, signal }));
    const buffer = source.addSourceBuffer(type);
    const { body } = await call(url, { signal });
    if (!body) return;
    for await (const bytes of body) {
      const taken = new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true, signal }));
      buffer.appendBuffer(bytes);
      await taken;
    }
    if (source.readyState === "open") source.endOfStream();
  } catch {
    // What was taken so far plays on; the job itself tells what went wrong.
  } finally {
    URL.revokeObjectURL(address);
  }
}
