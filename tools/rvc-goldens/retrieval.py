"""Writes test/rvc/fixtures/retrieval: what faiss finds among 20,000 vectors, and what RVC makes of it. The vectors come
from test/rvc/index-vectors.ts, which must say the same.

    python3 -m venv VENV && VENV/bin/pip install numpy faiss-cpu
    VENV/bin/python tools/rvc-goldens/retrieval.py
"""

import hashlib
import json
import pathlib
import tempfile

import faiss
import numpy as np
from uniform import uniform

OUT = pathlib.Path(__file__).resolve().parents[2] / "test/rvc/fixtures"
COUNT, WIDTH, LISTS, QUERIES, GROUPS, RATE = 20_000, 256, 512, 240, 300, 0.75


def noise(key, rows):
    return (uniform(key, rows * WIDTH) - 0.5).reshape(rows, WIDTH)


groups = noise("groups", GROUPS)
vectors = (groups[np.arange(COUNT) % GROUPS] + 0.9 * noise("vectors", COUNT)).astype(np.float32)
# The last list but one stays empty; three vectors are by themselves in the last one.
vectors[-3:] += np.float32(8)
centroids = (groups[np.arange(LISTS) % GROUPS] + 0.5 * noise("centroids", LISTS)).astype(np.float32)
centroids[-2] -= np.float32(8)
centroids[-1] += np.float32(8)
queries = (vectors[(np.arange(QUERIES) * 83) % COUNT] + 0.6 * noise("queries", QUERIES)).astype(np.float32)
queries[0] = vectors[0]
queries[1] = vectors[-1] + np.float32(0.25)
queries[2] = centroids[-2]

quantizer = faiss.IndexFlatL2(WIDTH)
quantizer.add(centroids)
index = faiss.IndexIVFFlat(quantizer, WIDTH, LISTS)
index.is_trained = True
index.add(vectors)
lists = quantizer.search(vectors, 1)[1].ravel()
flat = faiss.IndexFlatL2(WIDTH)
flat.add(vectors)


def digest(of):
    with tempfile.NamedTemporaryFile() as file:
        faiss.write_index(of, file.name)
        return hashlib.sha256(pathlib.Path(file.name).read_bytes()).hexdigest()


arrays, files = {"lists": lists.astype("<u2")}, {}
for name, of, probes in [("ivf", index, 1), ("probes", index, 3), ("flat", flat, None)]:
    if probes:
        of.nprobe = probes
    files[name] = digest(of)
    distances, ids = of.search(queries, 8)
    arrays[f"{name}.ids"] = ids.astype("<i4")
    arrays[f"{name}.distances"] = distances.astype("<f4")
    print(name, ids[:4], distances[:4])
    if name == "ivf":
        # As RVC mixes (vc_infer_pipeline.py), where faiss found something and nothing is met exactly.
        score = distances.astype(np.float32)
        with np.errstate(all="ignore"):
            weight = np.square(1 / score)
            weight /= weight.sum(axis=1, keepdims=True)
        found = np.sum(vectors[ids] * np.expand_dims(weight, axis=2), axis=1)
        arrays["mixed"] = (found * RATE + (1 - RATE) * queries)[3::16].astype("<f4")

about = {"arrays": {}, "files": files}
at = 0
for name, array in arrays.items():
    about["arrays"][name] = [at, int(array.size)]
    at += array.nbytes
OUT.mkdir(parents=True, exist_ok=True)
(OUT / "retrieval.bin").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
(OUT / "retrieval.json").write_text(json.dumps(about, separators=(",", ":")) + "\n")
print(at, "bytes; empty lists:", int((np.bincount(lists, minlength=LISTS) == 0).sum()), "in the last:", int((lists == LISTS - 1).sum()))
