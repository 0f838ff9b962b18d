# 001 §5. 채팅 + 립싱크 통합 API > POST /api/v2/chat_and_lipsync
curl -X POST http://localhost:5000/api/v2/chat_and_lipsync \
  -H "Content-Type: application/json" \
  -d '{
    "message": "자기소개를 해주세요",
    "avatar": "talk_long",
    "resolution": "720p",
    "frame_skip": 1,
    "tts_engine": "elevenlabs",
    "tts_voice": "Custom"
  }'
