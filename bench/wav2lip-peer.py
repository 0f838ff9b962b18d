"""The other side of bench/wav2lip.ts: the reference implementation with the same weights.

    python bench/wav2lip-peer.py REPOSITORY convert FOLDER     weights of FOLDER as the reference wants them
    python bench/wav2lip-peer.py REPOSITORY infer FOLDER       for each line B on stdin, milliseconds of a batch of B
    python bench/wav2lip-peer.py REPOSITORY film FOLDER PHOTO SOUND OUT    its own inference.py, from photo to video
"""

import json
import os
import pathlib
import shutil
import sys
import time

began = time.time()
repository = pathlib.Path(sys.argv[1]).resolve()
what, folder = sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
sys.path.insert(0, str(repository))

import torch  # noqa: E402

torch.set_num_threads(os.cpu_count())


def convert():
    from safetensors.torch import load_file

    def counted(state):
        return {**state, **{k.replace("running_mean", "num_batches_tracked"): torch.tensor(0) for k in state if k.endswith("running_mean")}}

    state = counted(load_file(folder / "wav2lip" / "wav2lip.safetensors"))
    torch.save({"state_dict": state}, folder / "reference.pth")
    torch.save(load_file(folder / "wav2lip" / "s3fd.safetensors"), folder / "reference-s3fd.pth")


def infer():
    from models import Wav2Lip

    model = Wav2Lip()
    model.load_state_dict(torch.load(folder / "reference.pth")["state_dict"])
    model.eval()
    for line in sys.stdin:
        batch = int(line)
        mel, face = torch.rand(batch, 1, 80, 16), torch.rand(batch, 6, 96, 96)
        start = time.perf_counter()
        with torch.no_grad():
            model(mel, face)
        print(json.dumps({"ms": 1000 * (time.perf_counter() - start)}), flush=True)


def film():
    photo, sound, out = (str(pathlib.Path(p).resolve()) for p in sys.argv[4:7])
    shutil.copyfile(folder / "reference-s3fd.pth", repository / "face_detection/detection/sfd/s3fd.pth")
    os.makedirs(repository / "temp", exist_ok=True)
    os.chdir(repository)
    import cv2
    import librosa

    # It pins librosa 0.7, whose filters took their first arguments by place.
    mel = librosa.filters.mel
    librosa.filters.mel = lambda sr, n_fft, **k: mel(sr=sr, n_fft=n_fft, **k)
    writer, first = cv2.VideoWriter, []

    class Writer:
        def __init__(self, *args):
            self.inner, self.frames = writer(*args), 0

        def write(self, frame):
            if not first:
                first.append(time.time())
            self.frames += 1
            Writer.written = self.frames
            self.inner.write(frame)

        def release(self):
            self.inner.release()

    cv2.VideoWriter = Writer
    sys.argv = ["inference.py", "--checkpoint_path", str(folder / "reference.pth"), "--face", photo, "--audio", sound, "--outfile", out]
    import inference

    inference.main()
    print(json.dumps({"first_ms": 1000 * (first[0] - began), "frames": Writer.written}), flush=True)


{"convert": convert, "infer": infer, "film": film}[what]()
