# 004 §사용 예제 > Python 클라이언트 예제
import requests
import base64
import json

# 보컬과 악기 오디오 파일을 base64로 인코딩
with open("voice.wav", "rb") as f:
    voice_base64 = base64.b64encode(f.read()).decode('utf-8')

with open("instrument.wav", "rb") as f:
    instrument_base64 = base64.b64encode(f.read()).decode('utf-8')

# API 요청
payload = {
    "operation": "generate_cover_from_separate_audio",
    "params": {
        "voice_audio": voice_base64,
        "instrument_audio": instrument_base64,
        "voice_model": "your_model_name",
        "pitch_adjust": 0,
        "index_rate": 0.5,
        "f0_method": "rmvpe",
        "output_format": "mp3"
    }
}

# RunPod API 호출
response = requests.post("YOUR_RUNPOD_ENDPOINT", json=payload)
result = response.json()

if result.get("success"):
    # 출력 오디오 저장
    audio_data = base64.b64decode(result["output_audio"])
    with open(result["filename"], "wb") as f:
        f.write(audio_data)
    print("Cover generated successfully!")
else:
    print(f"Error: {result.get('error')}")
