# 001 §9. Python 예제 코드 > Stateless 모드 (권장) - 클라이언트가 대화 기록 관리
import requests

BASE_URL = "http://localhost:5000"

# 대화 기록을 클라이언트에서 관리
conversation_history = []

def chat(message, org_type="일반기업", company_name="", job_name=""):
    """면접관과 대화 (Stateless 모드)"""
    response = requests.post(
        f"{BASE_URL}/api/chat",
        json={
            "message": message,
            "history": conversation_history,  # 이전 대화 기록 전송
            "org_type": org_type,
            "company_name": company_name,
            "job_name": job_name
        }
    ).json()

    if "response" in response:
        # 대화 기록에 추가 (클라이언트에서 관리)
        conversation_history.append({"role": "user", "content": message})
        conversation_history.append({"role": "assistant", "content": response["response"]})
        return response["response"]
    else:
        return None

# 1. 서버 상태 확인
status = requests.get(f"{BASE_URL}/api/v2/status").json()
print(f"모델 로드 상태: {status['models_loaded']}")

# 2. 면접 시작
response1 = chat(
    "면접을 시작합니다.",
    org_type="일반기업",
    company_name="삼성전자",
    job_name="개발엔지니어링"
)
print(f"면접관: {response1}")

# 3. 자기소개
response2 = chat("안녕하세요. 저는 컴퓨터공학을 전공한 홍길동입니다.")
print(f"면접관: {response2}")

# 4. 추가 질문에 답변 (이전 대화 컨텍스트 유지됨)
response3 = chat("네, 제가 지원한 이유는 반도체 기술에 관심이 많기 때문입니다.")
print(f"면접관: {response3}")

# 대화 기록 확인
print(f"\n총 대화 턴 수: {len(conversation_history) // 2}")

# 새 면접 시작 시 기록 초기화
conversation_history.clear()
