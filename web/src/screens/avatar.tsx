import { useEffect, useState } from "preact/hooks";
import { AvatarPicker, type Who } from "../parts/avatar-picker.tsx";
import { EarlyPlayer, useEarly } from "../parts/early-player.tsx";
import { JobPanel } from "../parts/job-panel.tsx";
import { Segments } from "../parts/segments.tsx";
import { SoundInput } from "../parts/sound-input.tsx";
import type { BroughtSound } from "../parts/sound.ts";
import { TextInput } from "../parts/text-input.tsx";
import { faultOf, SchemaForm, type Values } from "../schema/schema-form.tsx";
import { useChoices, useOffer, useParams } from "../server.tsx";
import { useFocusOnFault } from "../use-focus-on-fault.ts";
import { useJob } from "../use-job.ts";
import { violationsOf } from "../violations.ts";
import { useWords } from "../words/words.tsx";
import { Screen } from "./screen.tsx";

/** Params that have a place of their own on this screen. */
const PLACED = ["text", "audio", "avatar", "avatar_path", "avatar_image", "avatar_video", "face_box", "mouth_box"];
/** Params that are asked for at once; the others are under "more". */
const FIRST = ["quality", "aspect", "tts_voice", "language"];

/** What the qualities of `lipsync` stand for, for the operation that streams and knows none. */
const QUALITY: Readonly<Record<string, object>> = {
  high: { resolution: "720p", frame_skip: 1 },
  medium: { resolution: "480p", frame_skip: 2 },
  low: { resolution: "360p", frame_skip: 3 },
};

/** Makes a talking avatar. */
export function AvatarScreen() {
  const words = useWords();
  const { operations } = useOffer();
  const schema = useParams("lipsync");
  const streaming = useParams("stream_chunks");
  const choices = useChoices();
  const run = useJob();
  const early = useEarly();
  const [source, setSource] = useState<"text" | "recording">("text");
  const [text, setText] = useState("");
  const [sound, setSound] = useState<BroughtSound>();
  const [who, setWho] = useState<Who>({ avatar: "talk_long" });
  const [values, setValues] = useState<Values>({});
  const [live, setLive] = useState(true);
  const [missing, setMissing] = useState("");
  const violations = violationsOf(run.state);
  const form = useFocusOnFault(run.state);
  useEffect(() => setMissing(""), [text, sound, source]);

  const canStream =
    operations.has("stream_chunks") &&
    source === "text" &&
    !who.photo &&
    values["output_format"] !== "webm" &&
    values["persist"] !== true;
  const make = (): void => {
    const said = source === "text" ? { text } : { audio: sound?.data };
    if ((source === "text" ? text.trim() : (sound?.data ?? "")) === "") return setMissing(words.form.required);
    early.forget();
    if (canStream && live) {
      const known = Object.entries(values).filter(([name]) => name in (streaming.properties ?? {}));
      const size = QUALITY[typeof values["quality"] === "string" ? values["quality"] : "high"];
      void run.start(
        "stream_chunks",
        { ...size, ...Object.fromEntries(known), text, avatar: who.avatar },
        early.listen,
      );
    } else {
      const face = who.photo === undefined ? { avatar: who.avatar } : { avatar_image: who.photo.data };
      void run.start("lipsync", { ...values, ...said, ...face });
    }
  };
  const more = Object.keys(schema.properties ?? {}).filter((name) => ![...PLACED, ...FIRST].includes(name));
  const settings = {
    schema,
    values,
    violations,
    onChange: setValues,
    choices: { ...choices, engine: choices["lipsync_engine"] ?? [] },
  };
  const fault = (name: string): string | undefined => missing || faultOf(violations, name);
  return (
    <Screen
      id="avatar"
      form={form}
      onSubmit={make}
      action={words.avatar.make}
      working={run.state.step === "working"}
      stage={
        <JobPanel
          run={run}
          label={words.avatar.video}
          empty={words.avatar.empty}
          resume={early.resume}
          early={early.stream && <EarlyPlayer stream={early.stream} onMove={early.setResume} />}
        />
      }
    >
      <Segments
        label={words.source.label}
        value={source}
        options={[
          { value: "text", label: words.source.text },
          { value: "recording", label: words.source.recording },
        ]}
        onChange={setSource}
      />
      {source === "text" ? (
        <TextInput label={words.text.label} value={text} onChange={setText} error={fault("text")} />
      ) : (
        <SoundInput label={words.source.recording} value={sound} onChange={setSound} records error={fault("audio")} />
      )}
      <AvatarPicker
        value={who}
        onChange={setWho}
        error={faultOf(violations, "avatar") ?? faultOf(violations, "avatar_image")}
      />
      <SchemaForm {...settings} only={FIRST} />
      <details class="more">
        <summary>{words.form.more}</summary>
        <SchemaForm {...settings} only={more} />
      </details>
      {canStream && (
        <label class="toggle">
          <input type="checkbox" checked={live} onChange={(event) => setLive(event.currentTarget.checked)} />
          <span>{words.avatar.live}</span>
        </label>
      )}
    </Screen>
  );
}
