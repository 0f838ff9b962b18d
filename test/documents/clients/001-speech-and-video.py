# 001 §9. Python 예제 코드 > 립싱크 비디오 생성 예제
# TTS 생성
tts_response = requests.post(
    f"{BASE_URL}/api/v2/tts",
    json={
        "text": "안녕하세요, 면접에 오신 것을 환영합니다.",
        "engine": "elevenlabs"
    }
).json()
print(f"오디오 URL: {tts_response['audio_url']}")

# 립싱크 비디오 생성
lipsync_response = requests.post(
    f"{BASE_URL}/api/v2/lipsync",
    json={
        "text": "안녕하세요, 면접에 오신 것을 환영합니다.",
        "avatar": "talk_long",
        "resolution": "720p"
    }
).json()
print(f"비디오 URL: {lipsync_response['video_url']}")
