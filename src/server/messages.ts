/** What the documents say to people, word for word, each in its document's language. */
export const MESSAGES = {
  /** Documents 000 and 001. */
  avatar: {
    ttsStarted: "TTS 음성 생성 중...",
    ttsDone: "TTS 완료",
    /** Under the profile of document 001. @param seconds of sound */
    ttsDoneIn: (seconds: number): string => `TTS 완료 (${seconds.toFixed(1)}초)`,
    lipsyncStarted: "립싱크 비디오 생성 중...",
    engineNotLoaded: "립싱크 엔진이 로드되지 않았습니다",
    saved: "파일이 영구 저장되었습니다",
    textNeeded: "텍스트가 필요합니다",
    /** @param most code points */
    textTooLong: (most: number): string => `텍스트가 너무 깁니다 (최대 ${most}자)`,
    avatarNeeded: "avatar 또는 avatar_path가 필요합니다",
    videoUrlNeeded: "video_url이 필요합니다",
    fileNotFound: "파일을 찾을 수 없습니다",
    sidNeeded: "sid가 필요합니다",
    sidNotFound: "취소할 작업을 찾을 수 없습니다",
    cancelled: "생성이 취소되었습니다",
    done: "완료",
    /** @param most jobs of one client */
    tooManyJobs: (most: number): string => `동시에 ${most}개까지만 생성할 수 있습니다`,
    processing: "프레임 처리 중...",
    /** @param position in the queue, from 1 */
    queued: (position: number): string => `대기 중... (${position}번째)`,
  },
  /** Document 002. */
  chunks: {
    textNeeded: "Не указан текст",
    formBroken: "Форму не удалось прочитать. Отправьте JSON или форму целиком",
    notFound: "Файл не найден или срок его хранения истёк",
    /** @param count of files that were removed */
    cleaned: (count: number): string => `Очистка завершена: удалено файлов — ${count}`,
  },
  /** Document 003. */
  higgs: {
    textNeeded: "text가 필요합니다",
    referenceNeeded: "reference_voice 또는 reference_audio가 필요합니다",
    fileNeeded: "file이 필요합니다",
    formNeeded: "multipart/form-data로 보내세요",
    notAudio: "지원하지 않는 오디오 형식입니다. WAV, MP3, FLAC 파일을 보내세요",
    badName: "음성 이름에는 경로 문자를 사용할 수 없습니다",
    nameNeeded: "name이 필요합니다",
    /** @param known names, as Python would print them */
    voiceNotFound: (voice: string, known: readonly string[]): string =>
      `참조 음성 '${voice}'를 찾을 수 없습니다. 사용 가능한 음성: [${known.map((name) => `'${name}'`).join(", ")}]`,
    voiceTaken: (voice: string): string =>
      `음성 '${voice}'가 이미 있습니다. 다른 이름을 사용하거나 overwrite를 true로 보내세요`,
    tooLarge: (megabytes: number): string => `파일이 너무 큽니다. 최대 ${megabytes}MB까지 업로드할 수 있습니다`,
  },
  /** The chat routes of document 001. */
  chat: {
    llmStarted: "LLM 응답 생성 중...",
    messageNeeded: "메시지가 필요합니다",
  },
} as const;
