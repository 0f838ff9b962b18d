# 000 §4. TTS 엔진 목록 > GET /api/tts_engines
curl http://localhost:5000/api/tts_engines
