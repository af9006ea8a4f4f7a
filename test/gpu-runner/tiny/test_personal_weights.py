"""The ready-made personal weights fit together, and say something of people."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from papers.personal_pictures import LOUDNESS
from prefloop.adapters.manifest import manifest_sha
from prefloop.base import load_base
from prefloop.contracts import MixtureInput, SetEncoderInput
from prefloop.image.files import read_user_attention
from prefloop.image.model import load_image_model
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.set_encoder import read_set_encoder
from prefloop.tiny.personal import IMAGES, PERSONAL
from prefloop.tiny.styles import AXES


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_user_encoder_is_what_its_record_says():
    folder = IMAGES / "encoder"
    said = SetEncoderInput.model_validate(json.loads((folder / "encoder.json").read_text()))
    found = {name: value for name, value in hashes(folder).items() if name != "encoder.json"}
    assert {file.name: file.sha256 for file in said.files} == found
    assert said.sha == manifest_sha(found)
    assert said.space == load_feature_encoder("tiny").space
    encoder = read_set_encoder((folder / "encoder.safetensors").read_bytes())
    assert (encoder.tokens, encoder.width, encoder.feature_size) == (
        said.tokens,
        said.width,
        said.feature_size,
    )
    torch.testing.assert_close(encoder.prior.flatten(), torch.tensor(said.prior))


def test_the_user_attention_reads_that_encoder():
    files = {path.name: path.read_bytes() for path in (IMAGES / "adapter").iterdir()}
    attention = read_user_attention(files, load_image_model("tiny-diffusion"))
    encoder = read_set_encoder((IMAGES / "encoder" / "encoder.safetensors").read_bytes())
    assert attention.width == encoder.width and attention.loudness == LOUDNESS
    assert attention.openness is not None
    assert len(attention.openness.basis_EK) == encoder.tokens * encoder.width
    assert all(value.abs().max() > 0 for _, value in attention.pairs.values())


@pytest.mark.parametrize("axis", AXES)
def test_the_mixture_is_over_the_adapters_beside_it(axis: str):
    folder = PERSONAL / "replies"
    said = MixtureInput.model_validate(json.loads((folder / "encoder" / "encoder.json").read_text()))
    assert {one.name: one.adapter for one in said.basis}[axis] == manifest_sha(hashes(folder / axis))
    config = json.loads((folder / axis / "adapter_config.json").read_text())
    layers = load_base("tiny", "fp32", "cpu").trunk.layers
    assert {path.rsplit(".", 1)[-1] for path in layers} == set(config["target_modules"])
