import { AppError } from "../errors.ts";

/** A message of the floors below, which speak English, and what a document's clients read in its stead. */
type Translation = readonly [said: RegExp, ko: (...parts: string[]) => string, ru: (...parts: string[]) => string];

const KINDS_KO: Readonly<Record<string, string>> = { speech: "TTS", lipsync: "립싱크", chat: "LLM" };
const KINDS_RU: Readonly<Record<string, string>> = { speech: "речи", lipsync: "видео", chat: "языковой модели" };

/** In the order in which they are tried. */
const TRANSLATIONS: readonly Translation[] = [
  [
    /^There is no avatar "(.*)"\. (?:Did you mean .*\? )?Known: (.*)\.$/s,
    (name = "", known = "") => `아바타 "${name}"을(를) 찾을 수 없습니다. 사용 가능한 아바타: ${known}`,
    (name = "", known = "") => `Аватар «${name}» не найден. Доступны: ${known}`,
  ],
  [
    /^There is no voice "(.*)"\. (?:Did you mean .*\? )?(?:Known|The voices are): (.*)\.$/s,
    (name = "", known = "") => `음성 "${name}"을(를) 찾을 수 없습니다. 사용 가능한 음성: ${known}`,
    (name = "", known = "") => `Голос «${name}» не найден. Доступны: ${known}`,
  ],
  [
    /^There is no (\w+) engine "(.*)"\. (?:Did you mean .*\? )?Known: (.*)\.$/s,
    (kind = "", name = "", known = "") =>
      `${KINDS_KO[kind] ?? kind} 엔진 "${name}"은(는) 없습니다. 사용 가능한 엔진: ${known}`,
    (kind = "", name = "", known = "") => `Движка ${KINDS_RU[kind] ?? kind} «${name}» нет. Доступны: ${known}`,
  ],
  [
    /^The (\w+) engine "(.*)" is not available: (\w+) is not set\./s,
    (kind = "", name = "", variable = "") =>
      `${KINDS_KO[kind] ?? kind} 엔진 "${name}"을(를) 사용할 수 없습니다. 환경 변수 ${variable}을(를) 설정하세요`,
    (kind = "", name = "", variable = "") =>
      `Движок ${KINDS_RU[kind] ?? kind} «${name}» недоступен. Задайте переменную окружения ${variable}`,
  ],
  [
    /^The body is not valid JSON/,
    () => "요청 본문이 올바른 JSON이 아닙니다. 따옴표, 쉼표, 괄호를 확인하세요",
    () => "Тело запроса — не JSON. Проверьте кавычки, запятые и скобки",
  ],
  [
    /^Send JSON, with the header Content-Type/,
    () => "Content-Type: application/json 헤더와 함께 JSON으로 보내세요",
    () => "Отправьте JSON с заголовком Content-Type: application/json или форму",
  ],
  [
    /^The body is larger than the (\d+) bytes/,
    (bytes = "") => `요청 본문이 너무 큽니다 (최대 ${bytes}바이트)`,
    (bytes = "") => `Тело запроса слишком велико: не больше ${bytes} байт`,
  ],
  [/^The body broke off/, () => "요청 본문이 끝까지 오지 않았습니다", () => "Тело запроса пришло не целиком"],
  [
    /^The text has (?:\d+ characters; one request may have|more than the) (\d+)/,
    (most = "") => `텍스트가 너무 깁니다 (최대 ${most}자)`,
    (most = "") => `Текст слишком длинный: не больше ${most} символов`,
  ],
  [
    /so there is nothing to say\. Send at least one word\.$/,
    () => "읽을 글자가 없습니다. 단어를 하나 이상 보내세요",
    () => "В тексте нечего произносить. Отправьте хотя бы одно слово",
  ],
  [
    /^The dialogue has nothing to say/,
    () => "대화에 읽을 내용이 없습니다. 예: [SPEAKER0] 안녕하세요. [SPEAKER1] 반갑습니다.",
    () => "В диалоге нечего произносить",
  ],
  [/^Invalid base64 audio data/, () => "reference_audio가 올바른 base64가 아닙니다", () => "Звук передан не в base64"],
  [
    /^The key is missing or wrong/,
    () => "API 키가 없거나 올바르지 않습니다. Authorization: Bearer KEY 헤더를 보내세요",
    () => "Ключа нет, или он неверен. Отправьте заголовок Authorization: Bearer KEY",
  ],
  [
    /^(\d+) jobs are waiting already/,
    (waiting = "") => `대기열이 가득 찼습니다 (${waiting}개 대기 중). 잠시 후 다시 시도하세요`,
    (waiting = "") => `Очередь заполнена: ждут ${waiting} заданий. Повторите позже`,
  ],
  [
    /^More than (\d+) requests a minute/,
    (most = "") => `요청이 너무 많습니다 (1분에 최대 ${most}회). 잠시 후 다시 시도하세요`,
    (most = "") => `Слишком много запросов: не больше ${most} в минуту. Повторите позже`,
  ],
  [
    /^The request took longer than the (\d+) s/,
    (seconds = "") =>
      `요청 시간이 초과되었습니다 (최대 ${seconds}초). 더 짧은 텍스트로 나누어 보내거나 나중에 다시 시도하세요`,
    (seconds = "") => `Запрос шёл дольше ${seconds} с. Отправьте меньше за раз или повторите позже`,
  ],
  [
    /^There is no such job, or it has expired/,
    () => "작업을 찾을 수 없거나 만료되었습니다",
    () => "Задание не найдено, или его срок истёк",
  ],
  [
    /^The request cannot be read/,
    () => "요청을 읽을 수 없습니다. URL, 헤더, 본문을 확인하세요",
    () => "Запрос не удалось прочитать. Проверьте адрес, заголовки и тело",
  ],
  [/^The job was cancelled/, () => "생성이 취소되었습니다", () => "Задание отменено"],
  [
    /^The server is shutting down/,
    () => "서버가 종료되는 중입니다. 잠시 후 다시 시도하세요",
    () => "Сервер завершает работу. Повторите чуть позже",
  ],
  [/^Something unexpected went wrong/, () => "서버 내부 오류가 발생했습니다", () => "Внутренняя ошибка сервера"],
];

/** An error in a document's language, where there are words for it; as it is where there are none. */
export function translated(error: AppError, language: "ko" | "ru"): AppError {
  for (const [said, ko, ru] of TRANSLATIONS) {
    const found = said.exec(error.message);
    if (!found) continue;
    const message = (language === "ko" ? ko : ru)(...found.slice(1));
    const { code, cause, violations } = error;
    return new AppError(code, message, { cause: cause ?? error, ...(violations ? { violations } : {}) });
  }
  return error;
}
