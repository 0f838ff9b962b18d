// 001 §2. 채팅 API > POST /api/chat/stream (스트리밍)
const response = await fetch('/api/chat/stream', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
        message: '자기소개를 해주세요',
        history: conversationHistory,
        org_type: '일반기업',
        company_name: '삼성전자',
        job_name: '개발엔지니어링'
    })
});

const reader = response.body.getReader();
const decoder = new TextDecoder();
let fullResponse = '';

while (true) {
    const { done, value } = await reader.read();
    if (done) break;

    const chunk = decoder.decode(value);
    const lines = chunk.split('\n');

    for (const line of lines) {
        if (line.startsWith('data: ')) {
            const data = JSON.parse(line.slice(6));

            if (data.type === 'token') {
                // 실시간으로 UI 업데이트
                fullResponse += data.content;
                updateUI(fullResponse);
            } else if (data.type === 'done') {
                // 스트리밍 완료
                console.log('LLM Source:', data.llm_source);
                console.log('LLM Params:', data.llm_params);
            } else if (data.type === 'error') {
                console.error('Error:', data.message);
            }
        }
    }
}
