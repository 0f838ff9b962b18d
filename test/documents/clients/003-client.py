# 003 §사용 예제 > Python 클라이언트 예제
import requests
import base64

# 기본 TTS
response = requests.post('http://localhost:8000/generate', json={
    'text': '안녕, 세상아!',
    'temperature': 0.7
})
result = response.json()

# 오디오 저장
with open('output.wav', 'wb') as f:
    f.write(base64.b64decode(result['audio_base64']))

# 음성 복제
response = requests.post('http://localhost:8000/generate/voice-clone', json={
    'text': '이것은 복제된 음성이 말하고 있습니다.',
    'reference_voice': 'belinda'
})
