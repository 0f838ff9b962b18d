# 001 §2. 채팅 API > POST /api/chat
curl -X POST http://localhost:5000/api/chat \
  -H "Content-Type: application/json" \
  -d '{
    "message": "지원 동기를 말씀해주세요",
    "history": [
      {"role": "user", "content": "면접을 시작합니다."},
      {"role": "assistant", "content": "안녕하세요. 삼성전자 개발엔지니어링 직무 면접에 오신 것을 환영합니다."},
      {"role": "user", "content": "안녕하세요, 반갑습니다."},
      {"role": "assistant", "content": "네, 반갑습니다. 먼저 간단히 자기소개를 해주시겠어요?"}
    ],
    "org_type": "일반기업",
    "company_name": "삼성전자",
    "job_name": "개발엔지니어링"
  }'
