# 001 §3. TTS 생성 API > POST /api/v2/tts
curl -X POST http://localhost:5000/api/v2/tts \
  -H "Content-Type: application/json" \
  -d '{
    "text": "안녕하세요, 반갑습니다.",
    "engine": "elevenlabs",
    "voice": "Custom"
  }'
