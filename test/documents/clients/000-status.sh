# 000 §1. 서버 상태 확인 > GET /api/v2/status
curl http://localhost:5000/api/v2/status
