# 001 §2. 채팅 API > POST /api/chat
curl -X POST http://localhost:5000/api/chat \
  -H "Content-Type: application/json" \
  -d '{
    "message": "자기소개를 해주세요",
    "org_type": "일반기업",
    "company_name": "삼성전자",
    "job_name": "개발엔지니어링"
  }'
