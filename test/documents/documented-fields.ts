/**
 * Every field that the documents promise in an answer, an event of a stream or a Socket.IO event, by the route that
 * answers it: `tools/mutate-documents.ts` drops each in turn, and the OpenAPI description has to have all of them.
 */
export type DocumentedAnswer = {
  readonly document: "000" | "001" | "002" | "003" | "004";
  /** `METHOD /path`, `METHOD *` for a payload that several doors take, or `socket` and the event. */
  readonly route: string;
  /** What tells an event of a stream from the others. */
  readonly event?: Readonly<Record<string, string>>;
  /** Fields by name, inner ones after a point; through arrays as if they were not there. */
  readonly fields: readonly string[];
};

const words = (text: string): string[] => text.trim().split(/\s+/);

const TTS = { type: "status", stage: "tts" };
const TTS_DONE = { type: "status", stage: "tts_done" };
const LIPSYNC = { type: "status", stage: "lipsync" };
const DONE = { type: "done" };
const FAILED = { type: "error" };

/** In the documents' order. */
export const DOCUMENTED_ANSWERS: readonly DocumentedAnswer[] = [
  {
    document: "000",
    route: "GET /api/v2/status",
    fields: words("status models_loaded available_avatars tts_engines"),
  },
  { document: "000", route: "POST /api/v2/lipsync/stream", event: TTS, fields: words("type stage message") },
  {
    document: "000",
    route: "POST /api/v2/lipsync/stream",
    event: TTS_DONE,
    fields: words("type stage message audio_url duration"),
  },
  { document: "000", route: "POST /api/v2/lipsync/stream", event: LIPSYNC, fields: words("type stage message") },
  {
    document: "000",
    route: "POST /api/v2/lipsync/stream",
    event: DONE,
    fields: words("type video_url audio_duration persistent elapsed elapsed.tts elapsed.lipsync elapsed.total"),
  },
  { document: "000", route: "POST /api/v2/lipsync/stream", event: FAILED, fields: words("type message") },
  { document: "000", route: "POST /api/v2/lipsync/stream", fields: words("success error") },
  {
    document: "000",
    route: "POST /api/v2/lipsync",
    fields: words("success video_path video_url elapsed persistent error"),
  },
  { document: "000", route: "POST /api/video/save", fields: words("success saved_url message error") },
  { document: "000", route: "GET /api/tts_engines", fields: words("id name voices available") },
  { document: "000", route: "GET /api/avatars", fields: words("avatars avatars.id avatars.name avatars.path") },
  {
    document: "000",
    route: "GET /api/queue_status",
    fields: words(
      "queue_size is_processing gpu gpu.memory_total_mb gpu.memory_used_mb gpu.memory_free_mb gpu.utilization_percent",
    ),
  },
  {
    document: "001",
    route: "GET /api/v2/status",
    fields: words("status models_loaded available_avatars tts_engines"),
  },
  {
    document: "001",
    route: "POST /api/chat",
    fields: words(
      `response llm_source llm_params llm_params.model llm_params.max_tokens llm_params.temperature
       llm_params.system_prompt llm_params.history_count llm_params.org_type llm_params.job_name
       llm_params.company_name llm_params.question_set_rag_enabled error`,
    ),
  },
  { document: "001", route: "POST /api/chat/stream", event: { type: "token" }, fields: words("type content") },
  {
    document: "001",
    route: "POST /api/chat/stream",
    event: DONE,
    fields: words("type response llm_source llm_params"),
  },
  { document: "001", route: "POST /api/chat/stream", event: FAILED, fields: words("type message") },
  {
    document: "001",
    route: "POST /api/v2/tts",
    fields: words("success audio_path audio_url duration elapsed error"),
  },
  { document: "001", route: "POST /api/v2/lipsync/stream", event: TTS, fields: words("type stage message") },
  {
    document: "001",
    route: "POST /api/v2/lipsync/stream",
    event: TTS_DONE,
    fields: words("type stage message audio_url duration elapsed"),
  },
  { document: "001", route: "POST /api/v2/lipsync/stream", event: LIPSYNC, fields: words("type stage message") },
  {
    document: "001",
    route: "POST /api/v2/lipsync/stream",
    event: DONE,
    fields: words("type text video_url audio_url audio_duration elapsed elapsed.tts elapsed.lipsync elapsed.total"),
  },
  { document: "001", route: "POST /api/v2/lipsync", fields: words("success video_path video_url elapsed error") },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync",
    fields: words("success response video_path video_url elapsed error"),
  },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync/stream",
    event: { type: "status", stage: "llm" },
    fields: words("type stage message"),
  },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync/stream",
    event: { type: "token" },
    fields: words("type content"),
  },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync/stream",
    event: { type: "llm_done" },
    fields: words("type response llm_source elapsed"),
  },
  { document: "001", route: "POST /api/v2/chat_and_lipsync/stream", event: TTS, fields: words("type stage message") },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync/stream",
    event: TTS_DONE,
    fields: words("type stage message audio_url duration elapsed"),
  },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync/stream",
    event: LIPSYNC,
    fields: words("type stage message"),
  },
  {
    document: "001",
    route: "POST /api/v2/chat_and_lipsync/stream",
    event: DONE,
    fields: words(
      `type response llm_source video_url audio_url audio_duration elapsed elapsed.llm elapsed.tts elapsed.lipsync
       elapsed.total`,
    ),
  },
  { document: "001", route: "POST /api/v2/chat_and_lipsync/stream", event: FAILED, fields: words("type message") },
  { document: "001", route: "GET /api/avatars", fields: words("avatars avatars.id avatars.name avatars.path") },
  { document: "001", route: "GET /api/tts_engines", fields: words("engines engines.id engines.name engines.voices") },
  { document: "001", route: "GET /api/llm_status", fields: words("status model fallback") },
  { document: "001", route: "POST /api/clear_history", fields: words("status") },
  {
    document: "001",
    route: "GET /api/queue_status",
    fields: words(
      `queue_length processing_count max_concurrent processing processing.request_id processing.sid
       processing.started_at queue`,
    ),
  },
  { document: "001", route: "POST /api/cancel", fields: words("status") },
  { document: "001", route: "socket progress", fields: words("progress message") },
  { document: "001", route: "socket generation_complete", fields: words("video_url elapsed") },
  { document: "001", route: "socket error", fields: words("error") },
  { document: "001", route: "socket queue_position", fields: words("position estimated_wait") },
  { document: "002", route: "GET /api/health", fields: words("status models_loaded device") },
  {
    document: "002",
    route: "POST /api/stream_chunks",
    fields: words("chunks chunks.index chunks.text chunks.video_url chunks.audio_url chunks.duration error"),
  },
  { document: "002", route: "POST /api/cleanup", fields: words("message") },
  { document: "003", route: "GET /health", fields: words("status model_loaded device voices_available") },
  { document: "003", route: "GET /voices", fields: words("name description") },
  {
    document: "003",
    route: "POST /generate",
    fields: words(
      `audio_base64 text sampling_rate duration usage usage.prompt_tokens usage.completion_tokens usage.total_tokens
       detail`,
    ),
  },
  { document: "003", route: "POST /generate/voice-clone", fields: words("audio_base64 detail") },
  { document: "003", route: "POST /generate/multi-speaker", fields: words("audio_base64 detail") },
  {
    document: "004",
    route: "POST *",
    fields: words(
      `status device available_models gpu_available models count success output_audio filename size model_used
       parameters parameters.pitch_adjust parameters.index_rate parameters.filter_radius parameters.rms_mix_rate
       parameters.protect parameters.f0_method parameters.pitch_change_all parameters.reverb_rm_size
       parameters.reverb_wet parameters.reverb_dry parameters.reverb_damping parameters.main_gain
       parameters.backup_gain parameters.inst_gain parameters.output_format error`,
    ),
  },
];
