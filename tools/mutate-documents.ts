/**
 * Proves the tests of the documents: drops each documented field in turn from every answer, and fails if no test of the
 * document turns red. Takes long; run it when answers or their tests change.
 *
 *     npx node tools/mutate-documents.ts [DOCUMENT] [FIELD]
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(fileURLToPath(import.meta.url), "../..");

/** The fields of each document's answers and events. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "000":
    "status models_loaded available_avatars tts_engines type stage message audio_url duration video_url audio_duration persistent elapsed tts lipsync total success video_path saved_url id name voices available avatars path queue_size is_processing gpu error".split(
      " ",
    ),
  "001":
    "response llm_source llm_params model max_tokens temperature system_prompt history_count org_type job_name company_name question_set_rag_enabled content audio_path text engines fallback queue_length processing_count max_concurrent processing queue request_id sid started_at progress position estimated_wait llm".split(
      " ",
    ),
  "002": "status models_loaded device chunks index text video_url audio_url duration message error".split(" "),
  "003":
    "status model_loaded device voices_available name description audio_base64 text sampling_rate duration usage prompt_tokens completion_tokens total_tokens detail".split(
      " ",
    ),
  "004": "success output_audio filename size model_used parameters available_models status error".split(" "),
};

const [onlyDocument, onlyField] = process.argv.slice(2);
let missed = 0;
for (const [document, fields] of Object.entries(FIELDS)) {
  if (onlyDocument !== undefined && onlyDocument !== document) continue;
  for (const field of fields) {
    if (onlyField !== undefined && onlyField !== field) continue;
    const red = redTests(document, field);
    if (red.length === 0) missed++;
    console.log(
      `${document} ${field.padEnd(26)} ${red.length === 0 ? "NO TEST NOTICED" : `${red.length} red: ${red[0]}`}`,
    );
  }
}
if (missed > 0) console.log(`${missed} fields can be dropped without a test turning red.`);
process.exitCode = missed === 0 ? 0 : 1;

/** Names of the document's tests that fail without the field. */
function redTests(document: string, field: string): string[] {
  const folder = readdirSync(join(root, "test/documents")).find((name) => name.startsWith(`${document}-`)) ?? "";
  const files = readdirSync(join(root, "test/documents", folder)).filter((name) => name.endsWith(".test.ts"));
  const args = [
    "--import",
    "./test/documents/drop-field.ts",
    "--test",
    "--test-reporter=tap",
    `--test-name-pattern=${document} §`,
    ...files.map((name) => join("test/documents", folder, name)),
  ];
  const env = { ...process.env, TALKBOX_DROP_FIELD: field };
  const { stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8", maxBuffer: 1 << 28 });
  return [...stdout.matchAll(/^\s*not ok \d+ - (\d{3} §.*)$/gm)].map(([, name = ""]) => name);
}
