# 000 §2. 립싱크 비디오 생성 > POST /api/v2/lipsync/stream (스트리밍 - 권장)
# quality 프리셋 사용 (권장)
curl -X POST http://localhost:5000/api/v2/lipsync/stream \
  -H "Content-Type: application/json" \
  -d '{
    "text": "안녕하세요, 면접에 오신 것을 환영합니다.",
    "avatar": "auto",
    "quality": "high",
    "persist": false
  }'

# 또는 개별 파라미터 지정
curl -X POST http://localhost:5000/api/v2/lipsync/stream \
  -H "Content-Type: application/json" \
  -d '{
    "text": "안녕하세요, 면접에 오신 것을 환영합니다.",
    "avatar": "auto",
    "resolution": "720p",
    "frame_skip": 1,
    "persist": false
  }'
