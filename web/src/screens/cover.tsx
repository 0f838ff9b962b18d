import { useEffect, useState } from "preact/hooks";
import { artifactUrl, type Result } from "../api.ts";
import { Compare, type Take } from "../parts/compare.tsx";
import { JobPanel } from "../parts/job-panel.tsx";
import { SoundInput } from "../parts/sound-input.tsx";
import { type BroughtSound, decode, mixDown } from "../parts/sound.ts";
import { faultOf, SchemaForm, type Values } from "../schema/schema-form.tsx";
import { useChoices, useParams } from "../server.tsx";
import { useFocusOnFault } from "../use-focus-on-fault.ts";
import { useJob } from "../use-job.ts";
import { violationsOf } from "../violations.ts";
import { useWords } from "../words/words.tsx";
import { Screen } from "./screen.tsx";

const STEMS = ["voice_audio", "instrument_audio", "backup_audio"] as const;
type Stem = (typeof STEMS)[number];

/** The parameters by what they act on; what is new to the server comes last. */
const GROUPS = {
  pitch: ["pitch_adjust", "pitch_change_all", "f0_method", "crepe_hop_length"],
  mix: ["main_gain", "inst_gain", "backup_gain"],
  room: ["reverb_rm_size", "reverb_wet", "reverb_dry", "reverb_damping"],
  tone: ["index_rate", "protect", "rms_mix_rate", "filter_radius"],
  output: ["output_format", "bitrate", "bit_depth"],
} as const;

/** Takes that are kept to be compared, besides the original. */
const TAKES_KEPT = 3;

/** Has a song sung by another voice, and compares the takes with the original. */
export function CoverScreen() {
  const words = useWords();
  const schema = useParams("generate_cover_from_separate_audio");
  const choices = useChoices();
  const run = useJob();
  const form = useFocusOnFault(run.state);
  const [stems, setStems] = useState<Partial<Record<Stem, BroughtSound>>>({});
  const [values, setValues] = useState<Values>({});
  const [takes, setTakes] = useState<readonly Take[]>([]);
  const [missing, setMissing] = useState<Stem>();
  const violations = violationsOf(run.state);
  const original = useOriginal(stems);
  const [made, setMade] = useState(0);
  useEffect(() => setMissing(undefined), [stems]);

  const make = async (): Promise<void> => {
    const lacking = STEMS.slice(0, 2).find((name) => !stems[name]);
    if (lacking) return setMissing(lacking);
    const sounds = Object.fromEntries(Object.entries(stems).map(([name, stem]) => [name, stem.data]));
    const first = choices["voice_model"]?.[0]?.value;
    const result = await run.start("generate_cover_from_separate_audio", { voice_model: first, ...values, ...sounds });
    const sound = result && (await soundOf(result).catch(() => undefined));
    if (!sound) return;
    const number = made + 1;
    setMade(number);
    setTakes((before) => [...before, { number, sound }].slice(-TAKES_KEPT));
  };
  const stem = (name: Stem, label: string) => (
    <SoundInput
      label={label}
      value={stems[name]}
      onChange={(sound) => {
        const { [name]: _before, ...others } = stems;
        setStems(sound ? { ...others, [name]: sound } : others);
        setTakes([]);
        setMade(0);
      }}
      error={missing === name ? words.form.required : faultOf(violations, name)}
    />
  );
  const settings = { schema, values, violations, onChange: setValues, choices };
  const placed: readonly string[] = Object.values(GROUPS).flat();
  const rest = Object.keys(schema.properties ?? {}).filter(
    (name) => !placed.includes(name) && name !== "voice_model" && !/_audio(_url)?$/.test(name),
  );
  return (
    <Screen
      id="cover"
      form={form}
      onSubmit={() => void make()}
      action={words.cover.make}
      working={run.state.step === "working"}
      stage={
        <div class="stage-column">
          <JobPanel run={run} label={words.screens.cover.name} empty={words.cover.empty} />
          {takes.length > 0 && <Compare original={original} takes={takes} />}
        </div>
      }
    >
      <fieldset class="field stems">
        <legend>{words.cover.stems}</legend>
        {stem("voice_audio", words.cover.vocal)}
        {stem("instrument_audio", words.cover.instrument)}
        {stem("backup_audio", words.cover.backup)}
      </fieldset>
      <SchemaForm {...settings} only={["voice_model"]} />
      {(Object.keys(GROUPS) as (keyof typeof GROUPS)[]).map((group) => (
        <details class="more" key={group} open={group === "pitch" || group === "mix"}>
          <summary>{words.cover[group]}</summary>
          <SchemaForm {...settings} only={group === "output" ? [...GROUPS.output, ...rest] : GROUPS[group]} />
        </details>
      ))}
    </Screen>
  );
}

/** The stems played together, as they came. */
function useOriginal(stems: Partial<Record<Stem, BroughtSound>>): AudioBuffer | undefined {
  const [mixed, setMixed] = useState<AudioBuffer>();
  useEffect(() => {
    let wanted = true;
    const sounds = Object.values(stems).flatMap(({ sound }) => (sound ? [sound] : []));
    setMixed(undefined);
    if (sounds.length > 0) void mixDown(sounds).then((sound) => wanted && setMixed(sound));
    return () => {
      wanted = false;
    };
  }, [stems]);
  return mixed;
}

/** A cover's sound, to be compared. */
async function soundOf(result: Result): Promise<AudioBuffer | undefined> {
  const file = result.artifacts?.[0];
  const url = file && artifactUrl(file, file.base64_field === undefined ? undefined : result[file.base64_field]);
  if (url === undefined) return undefined;
  return decode(await (await fetch(url)).arrayBuffer());
}
