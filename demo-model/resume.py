"""The shipped GGUF -> a checkpoint to train on from, without the optimizers' memory.

Checkpoints are too large to commit; the weights as shipped are close enough to go on with.
"""

import json
import pathlib
import shutil

import gguf
import torch

from export import tensors
from model import Model, Shape

HERE = pathlib.Path(__file__).resolve().parent


def weights(path):
    """GGUF name -> f32 tensor in PyTorch's order of dimensions."""
    decoded = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(path).tensors}
    return {name: torch.from_numpy(value.copy()) for name, value in decoded.items()}


def state_of(path):
    """The model's state, with every tensor of the file in its place."""
    shipped = weights(path)
    model = Model(Shape(n_vocab=shipped["token_embd.weight"].shape[0]))
    state = model.state_dict()
    for name, place, _ in tensors(state, model.s):  # views into the state, also of the joined gate and up
        place.copy_(shipped[name].reshape(place.shape))
    return state


def run(build, path):
    build = pathlib.Path(build)
    build.mkdir(parents=True, exist_ok=True)
    if (build / "checkpoint.pt").exists():
        raise SystemExit(f"{build} already holds a checkpoint; train goes on from it")
    shutil.copy(HERE / "tokenizer.json", build / "tokenizer.json")
    counted = json.loads((HERE / "shipped.json").read_text())
    # The clock starts anew, so that `--minutes` means minutes from now.
    torch.save({"model": state_of(path), **counted, "seconds": 0.0}, build / "checkpoint.pt")
    print("made", build / "checkpoint.pt", "from", path)
