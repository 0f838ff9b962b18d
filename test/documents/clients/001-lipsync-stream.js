// 001 §4. 립싱크 비디오 생성 API ⭐ 권장 > POST /api/v2/lipsync/stream (스트리밍 - 권장)
// 1. 클라이언트에서 LLM 호출 (예: OpenAI)
const llmResponse = await fetch('https://api.openai.com/v1/chat/completions', {
    method: 'POST',
    headers: {
        'Authorization': `Bearer ${OPENAI_API_KEY}`,
        'Content-Type': 'application/json'
    },
    body: JSON.stringify({
        model: 'gpt-4o-mini',
        messages: conversationHistory
    })
});
const llmData = await llmResponse.json();
const aiText = llmData.choices[0].message.content;

// 2. 립싱크 서버로 텍스트 전송 (스트리밍)
const response = await fetch('/api/v2/lipsync/stream', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
        text: aiText,
        avatar: 'talk_long',
        resolution: '720p'
    })
});

const reader = response.body.getReader();
const decoder = new TextDecoder();

while (true) {
    const { done, value } = await reader.read();
    if (done) break;

    const chunk = decoder.decode(value);
    const lines = chunk.split('\n');

    for (const line of lines) {
        if (line.startsWith('data: ')) {
            const data = JSON.parse(line.slice(6));

            switch (data.type) {
                case 'status':
                    updateProgressUI(data.stage, data.message);
                    if (data.stage === 'tts_done') {
                        // TTS 완료 시 오디오 미리 로드 가능
                        preloadAudio(data.audio_url);
                    }
                    break;

                case 'done':
                    // 립싱크 비디오 재생
                    playVideo(data.video_url);
                    console.log('소요 시간:', data.elapsed.total, '초');
                    break;

                case 'error':
                    console.error('오류:', data.message);
                    break;
            }
        }
    }
}
