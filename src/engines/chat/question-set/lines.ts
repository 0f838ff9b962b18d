/**
 * What the interviewer says to requests that are no answers. The questions and the polite frame around them are data
 * (`models/questions`); these lines belong to the rules that say them.
 */

/** To somebody who asks for the question again; the question follows. */
export const REPEAT_LINES = ["네, 다시 말씀드리겠습니다.", "네, 질문을 다시 드리겠습니다."] as const;

/** To somebody who wants time. */
export const WAIT_LINES = [
  "네, 괜찮습니다. 천천히 생각하신 뒤에 말씀해 주세요.",
  "네, 편하게 정리하신 다음 말씀해 주세요.",
] as const;

/** To an answer of a word or two: there is more to say. */
export const PATIENCE_LINES = [
  "조금 더 자세히 들려주시겠어요? 기억나는 일 하나를 예로 드셔도 좋습니다.",
  "네, 거기서 조금만 더 이어서 말씀해 주시겠어요?",
  "짧아도 괜찮으니, 실제로 있었던 일을 들어 말씀해 주시겠어요?",
] as const;

/** To somebody who does not know; another question follows. */
export const UNSURE_LINES = [
  "괜찮습니다. 바로 떠오르지 않을 수 있지요. 다른 이야기를 나눠 보겠습니다.",
  "네, 솔직하게 말씀해 주셔서 고맙습니다. 그럼 다른 질문을 드리겠습니다.",
  "괜찮습니다. 긴장하지 마시고, 다음 질문으로 넘어가 보겠습니다.",
] as const;

/** To a question of the candidate's in the middle of the interview; a question follows. */
export const LATER_LINES = [
  "그 부분은 면접 마지막에 여쭤보실 시간을 드리겠습니다. 먼저 하나 더 듣고 싶습니다.",
  "좋은 질문입니다. 끝나기 전에 다시 말씀 나누기로 하고, 먼저 이것을 여쭙겠습니다.",
] as const;

/** To a question at the end; the farewell follows. */
export const ANSWER_LATER_LINE =
  "질문해 주셔서 고맙습니다. 그 부분은 전형이 끝난 뒤 담당자가 자세히 안내해 드리겠습니다.";

/** To last words; the farewell follows. */
export const THANKS_LINE = "네, 말씀 감사합니다.";

/** To a greeting, and to somebody who tells the interviewer what to do. */
export const GREETING_LINE = "네, 반갑습니다.";
export const INSTRUCTION_LINE = "네, 좋습니다.";

/** After the farewell. */
export const ENDED_LINE = "오늘 면접은 모두 마쳤습니다. 처음부터 다시 해 보고 싶으시면 새 면접을 시작해 주세요.";

/** Greetings for an interview whose company or job nobody named. */
export const PLAIN_OPENINGS = [
  "안녕하세요. 면접에 오신 것을 환영합니다.",
  "안녕하세요. 오늘 면접에 와 주셔서 고맙습니다.",
] as const;

/** Said where every question has been asked. */
export const PLAIN_CLOSING = "준비한 질문은 여기까지입니다. 마지막으로 하고 싶은 말씀이나 궁금한 점이 있으신가요?";

/** Lines after which the interview is where it was. */
export const TURN_FREE_LINES: readonly string[] = [...REPEAT_LINES, ...WAIT_LINES];
