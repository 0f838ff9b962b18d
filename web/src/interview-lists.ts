/** The fields, jobs and companies of the interview routes, as their document lists them. */
export const FIELDS = {
  일반기업: [
    "개발엔지니어링",
    "마케팅영업",
    "고객서비스CS",
    "인사HR",
    "운영관리",
    "기획전략",
    "재무회계",
    "품질관리QA",
    "글로벌마케팅",
    "법무컴플라이언스",
    "해외영업",
  ],
  병원: ["간호사", "국제의료관광코디네이터"],
} as const;

/** Companies and hospitals that the document names; any other may be typed. */
export const COMPANIES: Readonly<Record<InterviewField, readonly string[]>> = {
  일반기업: [
    "삼성전자",
    "SK하이닉스",
    "현대자동차",
    "LG에너지솔루션",
    "삼성바이오로직스",
    "기아",
    "LG전자",
    "포스코홀딩스",
    "네이버",
    "현대모비스",
  ],
  병원: [
    "서울아산병원",
    "삼성서울병원",
    "서울대병원",
    "세브란스병원",
    "분당서울대병원",
    "강남세브란스병원",
    "아주대병원",
    "서울성모병원",
    "인하대병원",
    "경희대병원",
  ],
};

export type InterviewField = keyof typeof FIELDS;
