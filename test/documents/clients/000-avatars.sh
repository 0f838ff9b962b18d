# 000 §5. 아바타 목록 > GET /api/avatars
curl http://localhost:5000/api/avatars
