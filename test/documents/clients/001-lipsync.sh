# 001 §4. 립싱크 비디오 생성 API ⭐ 권장 > POST /api/v2/lipsync (동기)
curl -X POST http://localhost:5000/api/v2/lipsync \
  -H "Content-Type: application/json" \
  -d '{
    "text": "안녕하세요, 면접에 오신 것을 환영합니다.",
    "avatar": "talk_long",
    "resolution": "720p",
    "frame_skip": 1,
    "tts_engine": "elevenlabs",
    "tts_voice": "Custom"
  }'
