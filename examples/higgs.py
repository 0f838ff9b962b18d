"""Higgs Audio API (document 003): speech, a cloned voice and a dialogue, saved as WAV.

    pip install requests
    python examples/higgs.py out/
"""

import base64
import os
import pathlib
import sys

import requests

SERVER = os.environ.get("TALKBOX_URL", "http://localhost:8000")
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")


def save(name, route, **body):
    response = requests.post(f"{SERVER}{route}", json=body, timeout=300)
    answer = response.json()
    if not response.ok:
        raise SystemExit(f"{route}: {answer['detail']}")
    path = FOLDER / f"{name}.wav"
    path.write_bytes(base64.b64decode(answer["audio_base64"]))
    print(f"{path}  {answer['duration']:.1f} s")
    return answer["audio_base64"]


FOLDER.mkdir(parents=True, exist_ok=True)
speech = save("speech", "/generate", text="안녕하세요. 제 목소리를 들어 보세요.", seed=42)
save("clone", "/generate/voice-clone", text="이것은 복제된 음성입니다.", reference_audio=speech)
save(
    "dialogue",
    "/generate/multi-speaker",
    text="[SPEAKER0] 오늘 어떻게 지내세요?\n[SPEAKER1] 잘 지내고 있어요, 고마워요!",
    reference_voices=["belinda", "chadwick"],
)
