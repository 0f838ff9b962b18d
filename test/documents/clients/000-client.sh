# 000 §클라이언트 코드 예시 > cURL (Bash)
#!/bin/bash

# 실시간 대화 모드 (임시)
generate_conversation() {
    local text="$1"
    curl -s -X POST "http://localhost:5000/api/v2/lipsync" \
        -H "Content-Type: application/json" \
        -d "{\"text\": \"$text\", \"resolution\": \"720p\", \"persist\": false}"
}

# 녹화 모드 (영구 저장)
generate_recording() {
    local text="$1"
    curl -s -X POST "http://localhost:5000/api/v2/lipsync" \
        -H "Content-Type: application/json" \
        -d "{\"text\": \"$text\", \"resolution\": \"720p\", \"persist\": true}"
}

# 비디오 다운로드
download_video() {
    local url="$1"
    local output="$2"
    curl -o "$output" "http://localhost:5000$url"
}

# 사용 예시
result=$(generate_recording "안녕하세요")
video_url=$(echo $result | jq -r '.video_url')
download_video "$video_url" "output.mp4"
