// 001 §7. WebSocket 이벤트 > 연결
const socket = io('http://localhost:5000');
