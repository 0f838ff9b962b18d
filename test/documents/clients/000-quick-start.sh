# 000 §빠른 시작
# 1. 서버 상태 확인
curl http://localhost:5000/api/v2/status

# 2. 실시간 대화 모드 (최고품질, 임시 저장)
curl -X POST http://localhost:5000/api/v2/lipsync/stream \
  -H "Content-Type: application/json" \
  -d '{"text": "안녕하세요", "quality": "high", "persist": false}'

# 3. 녹화 모드 (최고품질, 영구 저장)
curl -X POST http://localhost:5000/api/v2/lipsync/stream \
  -H "Content-Type: application/json" \
  -d '{"text": "안녕하세요", "quality": "high", "persist": true}'

# 4. 빠른 미리보기 (저품질)
curl -X POST http://localhost:5000/api/v2/lipsync/stream \
  -H "Content-Type: application/json" \
  -d '{"text": "안녕하세요", "quality": "low"}'

# 5. 생성된 비디오 다운로드
curl -O http://localhost:5000/video/{filename}.mp4
