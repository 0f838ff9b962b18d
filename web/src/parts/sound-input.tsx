import { useEffect, useId, useRef, useState } from "preact/hooks";
import { FieldNotes } from "../schema/field-notes.tsx";
import { useWords } from "../words/words.tsx";
import { bringFile, bringRecording, type BroughtSound } from "./sound.ts";
import { Waveform } from "./waveform.tsx";

type SoundInputProps = {
  readonly label: string;
  readonly hint?: string;
  readonly value: BroughtSound | undefined;
  readonly onChange: (sound: BroughtSound | undefined) => void;
  /** Whether the microphone is offered. */
  readonly records?: boolean;
  readonly error?: string | undefined;
};

/** Longest recording, in seconds. */
const LONGEST = 120;

/** Takes a sound: a file, by choosing or dropping it, or the microphone. */
export function SoundInput({ label, hint = "", value, onChange, records = false, error }: SoundInputProps) {
  const words = useWords();
  const id = useId();
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined): Promise<void> => {
    if (file) onChange(await bringFile(file));
  };
  return (
    <div class="field sound-input" role="group" aria-labelledby={`${id}-label`}>
      <span class="field-label" id={`${id}-label`}>
        {label}
      </span>
      <div
        class={`drop${over ? " over" : ""}${value ? " filled" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files[0]);
        }}
      >
        {value ? (
          <Brought value={value} onRemove={() => onChange(undefined)} />
        ) : (
          <>
            {records && <Recorder onRecorded={onChange} />}
            <label class="button quiet choose" for={id}>
              {words.record.choose}
            </label>
            <span class="drop-hint">{words.record.drop}</span>
          </>
        )}
        <input
          ref={input}
          class="unseen"
          id={id}
          type="file"
          accept="audio/*,video/*"
          aria-label={`${label}: ${words.record.choose}`}
          aria-describedby={`${id}-hint`}
          tabIndex={value ? -1 : 0}
          onChange={(event) => {
            void take(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

/** A sound that is there, with its shape, and a way to be rid of it. */
function Brought({ value, onRemove }: { readonly value: BroughtSound; readonly onRemove: () => void }) {
  const words = useWords();
  return (
    <>
      <span class="brought">
        <strong class="file-name">{value.name}</strong>
        {value.sound && <span class="dim">{words.job.seconds(value.sound.duration)}</span>}
        <button
          type="button"
          class="quiet small"
          onClick={onRemove}
          aria-label={`${words.record.remove}: ${value.name}`}
        >
          {words.record.remove}
        </button>
      </span>
      {value.sound ? <Waveform sound={value.sound} /> : <span class="dim">{words.record.unreadable}</span>}
    </>
  );
}

type Recording = { stop(): void };

/** Records from the microphone; shows how loud it is and how long it has run. */
function Recorder({ onRecorded }: { readonly onRecorded: (sound: BroughtSound) => void }) {
  const words = useWords();
  const [seconds, setSeconds] = useState<number>();
  const [level, setLevel] = useState(0);
  const [trouble, setTrouble] = useState("");
  const running = useRef<Recording | undefined>(undefined);
  useEffect(() => () => running.current?.stop(), []);

  const begin = async (): Promise<void> => {
    setTrouble("");
    if (!("mediaDevices" in navigator)) return setTrouble(words.record.absent);
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      return setTrouble(words.record.denied);
    }
    const recorder = new MediaRecorder(stream);
    const pieces: Blob[] = [];
    const began = performance.now();
    const context = new AudioContext();
    const ear = new AnalyserNode(context, { fftSize: 1024 });
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(ear);
    const heard = new Float32Array(ear.fftSize);
    const look = setInterval(() => {
      ear.getFloatTimeDomainData(heard);
      setLevel(Math.min(1, 1.5 * heard.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0)));
      const passed = (performance.now() - began) / 1000;
      setSeconds(passed);
      if (passed >= LONGEST) running.current?.stop();
    }, 100);
    recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    recorder.addEventListener("stop", () => {
      clearInterval(look);
      for (const track of stream.getTracks()) track.stop();
      void context.close();
      setSeconds(undefined);
      const name = `${words.record.start} ${new Date().toLocaleTimeString()}`;
      void bringRecording(new Blob(pieces, { type: recorder.mimeType }), name).then(onRecorded, () =>
        setTrouble(words.record.unreadable),
      );
    });
    recorder.start();
    setSeconds(0);
    running.current = {
      stop: () => {
        running.current = undefined;
        if (recorder.state !== "inactive") recorder.stop();
      },
    };
  };
  const recording = seconds !== undefined;
  return (
    <div class="recorder">
      <button
        type="button"
        class={recording ? "record recording" : "record"}
        onClick={() => (recording ? running.current?.stop() : void begin())}
      >
        <span class="dot" aria-hidden="true" />
        {recording ? words.record.stop : words.record.start}
      </button>
      {recording && (
        <>
          <meter aria-label={words.record.level} min={0} max={1} value={level} />
          <span class="clock">{words.job.seconds(seconds)}</span>
        </>
      )}
      <span class="unseen" role="status">
        {recording ? words.record.recording : ""}
      </span>
      {trouble !== "" && (
        <p class="field-error" role="alert">
          {trouble}
        </p>
      )}
    </div>
  );
}
