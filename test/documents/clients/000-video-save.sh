# 000 §3. 비디오 영구 저장 > POST /api/video/save
curl -X POST http://localhost:5000/api/video/save \
  -H "Content-Type: application/json" \
  -d '{"video_url": "/video/output_xxx.mp4"}'
