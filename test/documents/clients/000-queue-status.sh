# 000 §6. 대기열/GPU 상태 > GET /api/queue_status
curl http://localhost:5000/api/queue_status
