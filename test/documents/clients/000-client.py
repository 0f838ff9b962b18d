# 000 §클라이언트 코드 예시 > Python
import requests
import json

def generate_lipsync(
    text: str,
    persist: bool = False,
    base_url: str = "http://localhost:5000"
):
    """
    립싱크 비디오 생성 (스트리밍)

    Args:
        text: 음성으로 변환할 텍스트
        persist: True면 영구 저장 (녹화 모드), False면 임시 저장 (대화 모드)
        base_url: API 서버 주소
    """
    response = requests.post(
        f"{base_url}/api/v2/lipsync/stream",
        json={
            "text": text,
            "resolution": "720p",
            "persist": persist
        },
        stream=True
    )

    for line in response.iter_lines():
        if line:
            line_str = line.decode('utf-8')
            if line_str.startswith('data: '):
                data = json.loads(line_str[6:])

                if data['type'] == 'status':
                    print(f"[{data.get('stage', '')}] {data['message']}")
                elif data['type'] == 'done':
                    print(f"완료: {data['video_url']} (영구저장: {data.get('persistent', False)})")
                    return data
                elif data['type'] == 'error':
                    raise Exception(data['message'])

# 사용 예시
if __name__ == "__main__":
    # 실시간 대화 모드 (임시)
    result = generate_lipsync("안녕하세요", persist=False)
    print(f"비디오 URL: {result['video_url']}")

    # 녹화 모드 (영구 저장)
    result = generate_lipsync("면접 영상입니다.", persist=True)
    print(f"비디오 URL: {result['video_url']} (영구 저장됨)")
