import { useEffect, useMemo, useState } from "preact/hooks";
import { artifactUrl, type Result } from "../api.ts";
import { Compare, type Take } from "../parts/compare.tsx";
import { CoverDesk } from "../parts/cover-desk.tsx";
import type { Track } from "../parts/deck.ts";
import { JobPanel } from "../parts/job-panel.tsx";
import { Segments } from "../parts/segments.tsx";
import { SoundInput } from "../parts/sound-input.tsx";
import { type BroughtSound, decode, mixDown } from "../parts/sound.ts";
import { faultOf, SchemaForm, type Values } from "../schema/schema-form.tsx";
import { useChoices, useOffer, useParams } from "../server.tsx";
import { useFocusOnFault } from "../use-focus-on-fault.ts";
import { useJob } from "../use-job.ts";
import { violationsOf } from "../violations.ts";
import { useWords } from "../words/words.tsx";
import { Screen } from "./screen.tsx";

const STEMS = ["voice_audio", "instrument_audio", "backup_audio"] as const;
type Stem = (typeof STEMS)[number];

/** The parameters by what they act on; what is new to the server comes last. */
const GROUPS = {
  pitch: ["pitch_adjust", "pitch_change_all", "auto_pitch", "voice_pitch_hz", "f0_method", "crepe_hop_length"],
  mix: ["main_gain", "inst_gain", "backup_gain"],
  separation: ["backing", "engine", "separation_models", "denoise", "dereverb"],
  room: ["reverb_rm_size", "reverb_wet", "reverb_dry", "reverb_damping", "vocal_placement"],
  tone: ["index_rate", "protect", "rms_mix_rate", "filter_radius"],
  output: ["output_format", "bitrate", "bit_depth"],
} as const;

/** Parameters that this screen sets by itself, and what no form asks for well: a curve of points. */
const OWN: readonly string[] = ["voice_model", "audio", "stems", "stems_format", "f0_curve"];

/** What changes the mix alone: the tracks stay as they are. */
const OF_MIX: readonly string[] = [...GROUPS.mix, ...GROUPS.output];

/** Takes that are kept to be compared, besides the original. */
const TAKES_KEPT = 3;

/** The parts that a cover was mixed of, and what they were made with. */
type Parts = { readonly made: string; readonly sounds: readonly Track[] };

/** Has a song sung by another voice, mixes its parts while they play, and compares the takes with the original. */
export function CoverScreen() {
  const words = useWords();
  const [kind, setKind] = useState<"song" | "stems">("song");
  const operation = kind === "song" ? "generate_cover" : "generate_cover_from_separate_audio";
  const schema = useParams(operation);
  const choices = useCoverChoices();
  const run = useJob();
  const form = useFocusOnFault(run.state);
  const [song, setSong] = useState<BroughtSound>();
  const [stems, setStems] = useState<Partial<Record<Stem, BroughtSound>>>({});
  const [values, setValues] = useState<Values>({});
  const [parts, setParts] = useState<Parts>();
  const [takes, setTakes] = useState<readonly Take[]>([]);
  const [missing, setMissing] = useState<string>();
  const [made, setMade] = useState(0);
  const violations = violationsOf(run.state);
  const original = useOriginal(kind === "song" ? song : undefined, stems);
  useEffect(() => setMissing(undefined), [song, stems, kind]);

  const anew = (): void => {
    setTakes([]);
    setMade(0);
    setParts(undefined);
  };
  const properties = schema.properties ?? {};
  const given = Object.fromEntries(Object.entries(values).filter(([name]) => name in properties));
  const asked = { voice_model: choices["voice_model"]?.[0]?.value, ...given };
  const settled = JSON.stringify(Object.entries(asked).filter(([name]) => !OF_MIX.includes(name)));
  const mixed = parts?.made === settled ? parts : undefined;

  const make = async (): Promise<void> => {
    const lacking = kind === "song" ? (song ? undefined : "audio") : STEMS.slice(0, 2).find((name) => !stems[name]);
    if (lacking) return setMissing(lacking);
    const brought =
      kind === "song"
        ? { audio: song?.data }
        : Object.fromEntries(Object.entries(stems).map(([name, stem]) => [name, stem.data]));
    const wanted = { stems: mixed ? [] : ["tracks"], stems_format: "flac" };
    const result = await run.start(operation, { ...asked, ...brought, ...wanted });
    const found = result && (await soundsOf(result).catch(() => undefined));
    if (!found) return;
    const number = made + 1;
    setMade(number);
    setTakes((before) => [...before, { number, sound: found.cover }].slice(-TAKES_KEPT));
    if (found.parts.length > 0) setParts({ made: settled, sounds: found.parts });
  };
  const stem = (name: Stem, label: string) => (
    <SoundInput
      label={label}
      value={stems[name]}
      onChange={(sound) => {
        const { [name]: _before, ...others } = stems;
        setStems(sound ? { ...others, [name]: sound } : others);
        anew();
      }}
      error={missing === name ? words.form.required : faultOf(violations, name)}
    />
  );
  const settings = { schema, values, violations, onChange: setValues, choices };
  const placed: readonly string[] = [...Object.values(GROUPS).flat(), ...OWN];
  const rest = Object.keys(properties).filter((name) => !placed.includes(name) && !/_audio(_url)?$/.test(name));
  const working = run.state.step === "working";
  const brought = useBrought(stems);
  // Before the voice is there, and with settings that it was not made with, stems are heard as they came.
  const sounds = mixed?.sounds ?? (kind === "stems" && brought.length > 1 ? brought : undefined);
  const groups = (Object.keys(GROUPS) as (keyof typeof GROUPS)[]).filter(
    // The mixer's faders are the same gains.
    (group) => GROUPS[group].some((name) => name in properties) && !(group === "mix" && sounds),
  );
  const shown = (group: keyof typeof GROUPS): readonly string[] =>
    [...GROUPS[group], ...(group === "output" ? rest : [])].filter((name) => choices[name]?.length !== 0);
  return (
    <Screen
      id="cover"
      form={form}
      onSubmit={() => void make()}
      action={words.cover.make}
      working={working}
      stage={
        <div class="stage-column">
          <JobPanel
            run={run}
            label={words.screens.cover.name}
            empty={kind === "song" ? words.cover.emptySong : words.cover.empty}
          >
            {run.state.step === "done" && <MovedNote result={run.state.result} />}
          </JobPanel>
          {sounds && (
            <CoverDesk
              sounds={sounds}
              values={values}
              onChange={setValues}
              {...(mixed ? { action: { label: words.cover.render, busy: working, run: () => void make() } } : {})}
            />
          )}
          {takes.length > 0 && <Compare original={original} takes={takes} />}
        </div>
      }
    >
      <Segments
        label={words.cover.source}
        value={kind}
        options={[
          { value: "song", label: words.cover.whole },
          { value: "stems", label: words.cover.separate },
        ]}
        onChange={(next) => {
          setKind(next);
          anew();
        }}
      />
      {kind === "song" ? (
        <SoundInput
          label={words.cover.song}
          value={song}
          onChange={(sound) => {
            setSong(sound);
            anew();
          }}
          error={missing === "audio" ? words.form.required : faultOf(violations, "audio")}
        />
      ) : (
        <fieldset class="field stems">
          <legend>{words.cover.stems}</legend>
          {stem("voice_audio", words.cover.vocal)}
          {stem("instrument_audio", words.cover.instrument)}
          {stem("backup_audio", words.cover.backup)}
        </fieldset>
      )}
      <SchemaForm {...settings} only={["voice_model"]} />
      {groups.map((group) => (
        <details class="more" key={group} open={group === "pitch" || group === "mix"}>
          <summary>{words.cover[group]}</summary>
          <SchemaForm {...settings} only={shown(group)} />
        </details>
      ))}
    </Screen>
  );
}

/** How far `auto_pitch` moved the singer, and why. */
function MovedNote({ result }: { readonly result: Result }) {
  const { cover } = useWords();
  const moved = result["auto_pitch"] as
    | {
        readonly semitones: number;
        readonly singer: { readonly median: number } | null;
        readonly voice_pitch_hz: number;
      }
    | undefined;
  if (!moved?.singer) return null;
  const [from, to] = [moved.singer.median, moved.voice_pitch_hz].map(Math.round) as [number, number];
  return <p class="dim">{cover.moved(moved.semitones, from, to)}</p>;
}

/** What to choose from, the engines that separate among them. */
function useCoverChoices(): ReturnType<typeof useChoices> {
  const choices = useChoices();
  const { engines, separation } = useOffer();
  const words = useWords();
  return useMemo(() => {
    const separators = engines.filter((each) => each.kind === "stems" && each.available);
    const engine = [
      { value: "auto", label: words.choices.auto },
      ...separators.map(({ id }) => ({ value: id, label: id })),
    ];
    const roles: Readonly<Record<string, string>> = words.cover.roles;
    // Ways without files are chosen by their engine.
    const files = separation.filter(({ engine: id }) => separators.some((each) => each.id === id && !each.embedded));
    const networks = files.flatMap(({ name, role }) =>
      roles[role] === undefined ? [] : [{ value: name, label: `${name} · ${roles[role]}` }],
    );
    return { ...choices, engine, separation_models: networks };
  }, [choices, engines, separation, words]);
}

/** The stems that were brought, as far as the browser can play them. */
function useBrought(stems: Partial<Record<Stem, BroughtSound>>): readonly Track[] {
  return useMemo(
    () =>
      STEMS.flatMap((value) => {
        const sound = stems[value]?.sound;
        return sound ? [{ value, sound }] : [];
      }),
    [stems],
  );
}

/** The song as it came, or its stems played together. */
function useOriginal(
  song: BroughtSound | undefined,
  stems: Partial<Record<Stem, BroughtSound>>,
): AudioBuffer | undefined {
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
  return song ? song.sound : mixed;
}

/** A cover's sound, and those of its parts that came with it: files in the order in which the answer names them. */
async function soundsOf(result: Result): Promise<{ cover: AudioBuffer; parts: Track[] } | undefined> {
  const named = (result["stems"] ?? []) as readonly { readonly stem: string }[];
  const [cover, ...parts] = await Promise.all(
    (result.artifacts ?? []).slice(0, 1 + named.length).map(async (file) => {
      const url = artifactUrl(file, file.base64_field === undefined ? undefined : result[file.base64_field]);
      return url === undefined ? undefined : decode(await (await fetch(url)).arrayBuffer());
    }),
  );
  if (!cover) return undefined;
  const tracks = named.flatMap(({ stem }, i) => {
    const sound = parts[i];
    return sound ? [{ value: stem, sound }] : [];
  });
  return { cover, parts: tracks };
}
