# 004 §사용 예제 > cURL 예제
# Health check
curl -X POST "YOUR_RUNPOD_ENDPOINT" \
  -H "Content-Type: application/json" \
  -d '{"operation": "health_check"}'

# Generate cover from separate audio
curl -X POST "YOUR_RUNPOD_ENDPOINT" \
  -H "Content-Type: application/json" \
  -d '{
    "operation": "generate_cover_from_separate_audio",
    "params": {
      "voice_audio": "base64_encoded_voice_audio",
      "instrument_audio": "base64_encoded_instrument_audio",
      "voice_model": "model_name",
      "pitch_adjust": 0,
      "index_rate": 0.5,
      "output_format": "mp3"
    }
  }'
