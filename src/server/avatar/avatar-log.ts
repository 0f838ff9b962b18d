import type { RouteParts } from "../route-parts.ts";

/**
 * The lines that document 000 shows of its server's log, as messages of structured events. The names of files begin with
 * the first letters of a text: with TALKBOX_LOG_NAMES=0 the lines go without them.
 */
export class AvatarLog {
  readonly #log: RouteParts["log"];
  readonly #names: boolean;

  constructor({ log, config }: Pick<RouteParts, "log" | "config">) {
    this.#log = log;
    this.#names = config.logNames;
  }

  baseUrl(url: string): void {
    this.#log.info({ event: "setting", name: "LIPSYNC_BASE_URL" }, `[설정] LIPSYNC_BASE_URL = '${url}'`);
  }

  cleanupStarted(ttlSeconds: number, intervalSeconds: number): void {
    const line = `[자동 정리] 백그라운드 스레드 시작 (TTL: ${ttlSeconds}초, 주기: ${intervalSeconds}초)`;
    this.#log.info({ event: "cleanup_started", ttl_seconds: ttlSeconds, interval_seconds: intervalSeconds }, line);
  }

  cleanedUp(count: number): void {
    this.#log.info({ event: "cleanup", count }, `[자동 정리] ${count}개 파일 삭제`);
  }

  listening(url: string): void {
    this.#log.info({ event: "listening", url }, `URL: ${url}`);
  }

  answered(job: string, videoUrl: string): void {
    // A signature would open the file to whoever reads the log.
    const shown = this.#shown(decoded(videoUrl.replace(/\?.*$/, "")));
    this.#log.info({ event: "answered", job_id: job }, `[API 응답] video_url = ${shown}`);
  }

  videoAsked(name: string): void {
    this.#log.info({ event: "video_asked" }, `[비디오 요청] filename = ${this.#shown(name)}`);
  }

  videoServed(path: string, persistent: boolean): void {
    const line = `[비디오 서빙] ${this.#shown(path)} (${persistent ? "영구" : "임시"})`;
    this.#log.info({ event: "video_served", persistent }, line);
  }

  #shown(path: string): string {
    return this.#names ? path.replace(/[\p{Cc}\p{Cf}]/gu, "") : path.replace(/[^/]*$/, "…");
  }
}

function decoded(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}
