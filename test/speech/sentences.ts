/** Sentences of the documents that Talkbox answers to, and others of their kind, per language. */

/** A sentence and the language it is in (ISO 639-1). */
export type ExampleSentence = { readonly language: "ko" | "ru" | "kk" | "en"; readonly text: string };

/** At least three per language. */
export const SENTENCES: readonly ExampleSentence[] = [
  { language: "ko", text: "네, 반갑습니다. 먼저 간단히 자기소개를 해주시겠어요?" },
  { language: "ko", text: "네, 제가 지원한 이유는 반도체 기술에 관심이 많기 때문입니다." },
  { language: "ko", text: "안녕하세요, 이것은 음성으로 변환할 샘플 텍스트입니다." },
  { language: "ko", text: "네, 좋습니다. 먼저 간단히 자기소개를 해주시겠어요?" },
  { language: "ru", text: "Система готова к интеграции с любыми внешними сервисами!" },
  { language: "ru", text: "Здравствуйте, расскажите, пожалуйста, немного о себе." },
  { language: "ru", text: "Почему вы хотите работать именно в нашей компании?" },
  { language: "kk", text: "Сәлеметсіз бе, өзіңіз туралы айтып беріңізші." },
  { language: "kk", text: "Бұл жүйе мәтінді дауысқа айналдырады." },
  { language: "kk", text: "Қазақстанның астанасы қай қала?" },
  { language: "en", text: "Hello, please tell me about yourself." },
  { language: "en", text: "What is your greatest strength, and how have you used it at work?" },
  { language: "en", text: "The quick brown fox jumps over one of the lazy dogs." },
];
