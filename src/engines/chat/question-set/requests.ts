/** What a candidate's message is, besides an answer. */
export type Request =
  | "greeting"
  | "end"
  | "repeat"
  | "wait"
  | "unsure"
  | "question"
  | "instruction"
  | "short"
  | "answer";

/** Longest message, in characters, that is taken for a request; in a longer one the words belong to an answer. */
const LONGEST_REQUEST = 60;

/** Least syllables of an answer that there is something to ask about. */
const SHORTEST_ANSWER = 12;

/** In this order: the first that fits. */
const FORMS: readonly (readonly [request: Request, form: RegExp, longest?: number])[] = [
  [
    "end",
    /(?:면접|인터뷰|연습|오늘은|여기서|여기까지|이만|이제).{0,12}(?:종료|끝내|끝낼|끝났|끝나|마치|마칠|마무리|그만|중단|여기까지)|(?:여기서|여기까지|이만|그만) ?(?:할게요|하겠습니다)|^\s*(?:종료|끝|그만|중단)|그만(?:하|할)/u,
    40,
  ],
  [
    "repeat",
    // Not: 환자분께 다시 설명드리겠습니다.
    /^(?!.*(?:라고|다고|고객|환자|보호자|상대)).*(?:(?:질문|말씀).{0,6}(?:다시|한 ?번 ?더).{0,8}(?:주|부탁|듣|해|말씀)|다시 (?:한 ?번 )?(?:말씀|질문|설명|여쭤).{0,6}(?:주|부탁)|못 ?들었|잘 (?:안|못) ?들|무슨 (?:뜻|말씀|의미|질문)|(?:질문|말씀).{0,12}이해(?:하지|를|가)? ?(?:못|안))/u,
  ],
  // Not: 환자분께 잠시만 기다려 주시라고 하겠습니다.
  ["wait", /^(?!.*(?:라고|다고)).*(?:잠시|잠깐|조금|생각할|정리할).{0,10}(?:시간|생각|기다|만요|만 주)/u, 40],
  [
    "unsure",
    /모르겠(?!다[고는])|잘 모르(?!는)|생각(?:이|나지)? ?(?:나지|안 ?나|않)|떠오르지 ?않|경험(?:은|이)? ?(?:아직 )?(?:없습니다|없어요|없는)|답(?:변)?(?:하|드리)기 ?(?:가 )?(?:어렵|힘들)/u,
  ],
  ["greeting", /^(?:네|예)?[,.!\s]*(?:안녕하|반갑|처음 뵙|잘 부탁|감사합니다[.!\s]*(?:잘|$))/u, 40],
  [
    "instruction",
    /(?:해|말씀해|질문해|알려|소개해|시작해|부탁드|여쭤봐)\s?(?:주세요|주십시오|주시겠(?:어요|습니까)|줘|립니다)[.?!\s]*$/u,
    40,
  ],
  [
    "question",
    /\?\s*$|(?:(?<!니|않을|아닐)까요|나요|는지요|습니까|ㄴ가요|은가요|인가요)[.?\s]*$|궁금(?:합니다|해요|한)/u,
    120,
  ],
];

/** Reads what a message is. */
export function readRequest(message: string): Request {
  const text = message.normalize("NFC").trim();
  for (const [request, form, longest = LONGEST_REQUEST] of FORMS) {
    if (text.length <= longest && form.test(text)) return request;
  }
  return (text.match(/[가-힣a-z0-9]/giu)?.length ?? 0) < SHORTEST_ANSWER ? "short" : "answer";
}

/** Whether a message introduces its author at some length. */
export function introducesItself(message: string): boolean {
  return message.length >= 40 && /저는|제 이름|이라고 합니다|지원한|전공/u.test(message);
}

/** Whether a message asks something, anywhere in it. */
export function asksSomething(message: string): boolean {
  return /\?|궁금|여쭤|여쭙|질문(?:이|을) 드리|알고 싶/u.test(message);
}
