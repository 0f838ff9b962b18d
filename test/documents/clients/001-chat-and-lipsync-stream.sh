# 001 §5. 채팅 + 립싱크 통합 API > POST /api/v2/chat_and_lipsync/stream (스트리밍)
curl -X POST http://localhost:5000/api/v2/chat_and_lipsync/stream \
  -H "Content-Type: application/json" \
  -d '{
    "message": "자기소개를 해주세요",
    "history": [],
    "org_type": "일반기업",
    "company_name": "삼성전자",
    "job_name": "개발엔지니어링",
    "avatar": "talk_long",
    "resolution": "720p",
    "tts_engine": "elevenlabs"
  }'
