# 003 §사용 예제 > cURL 예제
# 기본 TTS
curl -X POST "http://localhost:8000/generate" \
     -H "Content-Type: application/json" \
     -d '{"text": "안녕, 세상아!", "temperature": 0.7}'

# 상태 확인
curl -X GET "http://localhost:8000/health"

# 사용 가능한 음성 조회
curl -X GET "http://localhost:8000/voices"
