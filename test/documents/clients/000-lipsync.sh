# 000 §2. 립싱크 비디오 생성 > POST /api/v2/lipsync (동기)
# 실시간 대화 모드 (임시)
curl -X POST http://localhost:5000/api/v2/lipsync \
  -H "Content-Type: application/json" \
  -d '{
    "text": "안녕하세요",
    "resolution": "720p",
    "persist": false
  }'

# 녹화 모드 (영구 저장)
curl -X POST http://localhost:5000/api/v2/lipsync \
  -H "Content-Type: application/json" \
  -d '{
    "text": "안녕하세요",
    "resolution": "720p",
    "persist": true
  }'
