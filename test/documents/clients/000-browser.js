// 000 §클라이언트 코드 예시 > JavaScript (브라우저)
// 실시간 대화 모드 (임시)
async function generateLipsyncConversation(text) {
    const response = await fetch('/api/v2/lipsync/stream', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
            text,
            resolution: '720p',
            persist: false  // 10분 후 자동 삭제
        })
    });
    return processSSE(response);
}

// 녹화 모드 (영구 저장)
async function generateLipsyncRecording(text) {
    const response = await fetch('/api/v2/lipsync/stream', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
            text,
            resolution: '720p',
            persist: true  // 영구 보관
        })
    });
    return processSSE(response);
}

// SSE 응답 처리
async function processSSE(response) {
    const reader = response.body.getReader();
    const decoder = new TextDecoder();

    while (true) {
        const { done, value } = await reader.read();
        if (done) break;

        const chunk = decoder.decode(value);
        for (const line of chunk.split('\n')) {
            if (line.startsWith('data: ')) {
                const data = JSON.parse(line.slice(6));

                if (data.type === 'status') {
                    console.log(`[${data.stage}] ${data.message}`);
                } else if (data.type === 'done') {
                    console.log('완료:', data.video_url, '영구저장:', data.persistent);
                    return data;
                } else if (data.type === 'error') {
                    throw new Error(data.message);
                }
            }
        }
    }
}

// 사용 예시
const videoUrl = await generateLipsyncConversation('안녕하세요');
document.querySelector('video').src = videoUrl.video_url;
