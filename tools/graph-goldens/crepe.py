"""Writes test/graphs/fixtures/crepe: what torchcrepe's networks make of weights by formula, at full width.

    git clone https://github.com/maxrmorrison/torchcrepe
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.* numpy
    VENV/bin/python tools/graph-goldens/crepe.py torchcrepe
"""

import importlib.util
import pathlib
import sys
import types

import torch
from formula import fill, shapes_of, tensor, tree, write

package = types.ModuleType("torchcrepe")
package.PITCH_BINS = 360
sys.modules["torchcrepe"] = package
spec = importlib.util.spec_from_file_location("model", pathlib.Path(sys.argv[1]) / "torchcrepe/model.py")
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
torch.set_num_threads(1)

# As `preprocess` of its core.py has it; the last frame is silence.
frames = 0.1 * tensor("frames", 5, 1024) + 0.05
frames[4] = 0
level = frames - frames.mean(dim=1, keepdim=True)
level = level / torch.clamp(level.std(dim=1, keepdim=True), min=1e-10)
arrays, trees = {}, {}
for size in ("full", "tiny"):
    network = fill(model.Crepe(size))
    with torch.no_grad():
        arrays[size] = network(level).numpy().ravel()
        print(size, "of frames that are not normalised:", network(tensor("frames", 2, 1024))[0, :3])
    trees[size] = tree(shapes_of(network))
write("crepe", arrays, {"batch": 5, "every": 1, "trees": trees})
