"""Personal weights that were never trained, in the layout that the demo publishes: `python made_personal.py FOLDER`.

Each person gets something of their own, but nothing that they would like better.
"""

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import nn

from prefloop.adapters.files import write_peft
from prefloop.adapters.lora import new_adapter
from prefloop.adapters.manifest import manifest_sha
from prefloop.base import load_base, load_image_base
from prefloop.commands.fit_encoder import write_encoder
from prefloop.commands.fit_mixture import describe
from prefloop.image.files import write_user_attention
from prefloop.image.personalize import personalize
from prefloop.taste.calibrate import Calibration
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.posterior import Taste
from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape

BASIS = ("warmth", "length")


def main(folder: Path) -> None:
    torch.manual_seed(0)
    make_images(folder / "images")
    make_replies(folder / "replies")


def make_images(folder: Path) -> None:
    seen = load_feature_encoder("tiny")
    encoder = SetEncoder(SetEncoderShape(seen.size, tokens=2, width=8, hidden=16))
    for layer in encoder.moves:
        # fresh ones say the same of everybody
        assert isinstance(layer, nn.Linear)
        nn.init.normal_(layer.weight, std=0.5)
    write_encoder(folder / "encoder", encoder, "pictures", seen.space, [], {})
    projection = personalize(load_image_base("tiny-diffusion", "fp32", "cpu").model, encoder.width)
    nn.init.normal_(projection.flat, std=0.5)
    write(folder / "adapter", write_user_attention(projection.unfolded()))


def make_replies(folder: Path) -> None:
    layers = load_base("tiny", "fp32", "cpu").trunk.layers
    basis = []
    for seed, name in enumerate(BASIS):
        adapter = new_adapter(layers, 2, 4.0, seed)
        nn.init.normal_(adapter.flat, std=0.1)
        files = write_peft(adapter, layers, "tiny")
        write(folder / name, files)
        basis.append({"name": name, "adapter": manifest_sha(files_sha(files))})
    # so strong that every vote takes somebody to the largest weights
    size = len(BASIS)
    prior = Taste(np.zeros(size), np.eye(size))
    said = describe("replies", basis, prior, 10.0, Calibration(1000.0, 2.0), {})
    write(folder / "encoder", {"encoder.json": said.model_dump_json(by_alias=True).encode()})


def files_sha(files: dict[str, bytes]) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
