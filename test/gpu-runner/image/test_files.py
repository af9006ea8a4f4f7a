"""Adapters of image models as files: diffusers loads them and draws the same pictures."""

import json
from pathlib import Path

import pytest
import torch
from device import DEVICE
from image.random_pipelines import PIPELINES
from safetensors.torch import load, save

from prefloop.adapters.adapted_linear import assigned
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.image.files import WEIGHTS, read_lora, write_lora
from prefloop.image.model import ImageModel

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]


@pytest.fixture(scope="module", params=PIPELINES)
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


def changed(model: ImageModel, targets: str | list[str] = ATTENTION) -> Adapter:
    adapter = new_adapter(model.layers, 4, 6, 0, targets)
    with torch.no_grad():
        noise = torch.randn(adapter.flat.shape, generator=torch.Generator().manual_seed(1)).to(DEVICE)
        adapter.flat.add_(0.3 * noise)
    return adapter


def draw(pipeline, **more) -> torch.Tensor:
    pipeline.set_progress_bar_config(disable=True)
    drawn = pipeline(
        ["a red creature"], num_inference_steps=2, output_type="pt", height=16, width=16,
        generator=torch.Generator().manual_seed(3), guidance_scale=3.0, **more
    )  # fmt: skip
    return drawn.images.float()


def test_diffusers_draws_the_same_pictures_with_it(model, tmp_path: Path):
    adapter = changed(model)
    # fp32, so that what is compared is the arithmetic and not the rounding
    for name, content in write_lora(adapter, model, torch.float32).items():
        (tmp_path / name).write_bytes(content)
    plain = PIPELINES[model.name]().to(DEVICE)
    base = draw(plain)
    plain.load_lora_weights(tmp_path)
    with assigned([(1, adapter)]):
        ours = draw(model.pipeline)
    torch.testing.assert_close(ours, draw(plain), atol=1e-4, rtol=1e-4)
    assert (ours - base).abs().max() > 1e-2


def test_round_trip(model):
    adapter = changed(model)
    back = read_lora(write_lora(adapter, model, torch.float32), model)
    assert (back.r, back.alpha, list(back.pairs)) == (4, 6, list(adapter.pairs))
    assert torch.equal(back.flat, adapter.flat)
    assert write_lora(adapter, model) == write_lora(read_lora(write_lora(adapter, model), model), model)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (None, "must say (unet|transformer).r, a positive number"),
        ("{", "is not JSON"),
        ('{"unet.r": 4, "transformer.r": 4}', "lora_alpha, a positive number"),
        ('{"unet.r": true, "transformer.r": -1}', "r, a positive number"),
    ],
)
def test_a_header_that_does_not_say_what_it_must_is_refused(model, said, message):
    tensors = load(write_lora(changed(model), model)[WEIGHTS])
    metadata = {"format": "pt"} | ({} if said is None else {"lora_adapter_metadata": said})
    with pytest.raises(ValueError, match=message):
        read_lora({WEIGHTS: save(tensors, metadata)}, model)


def test_files_that_do_not_fit_are_refused_by_name(model):
    content = write_lora(changed(model), model)[WEIGHTS]
    tensors = load(content)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    name = next(iter(tensors))
    cases = {
        "holds no LoRA weights": {},
        "is no LoRA weight": {"alpha": torch.ones(1)},
        "belongs to a layer": {f"{model.part}.nowhere.lora_A.weight": tensors[name]},
        "has shape": {name: torch.ones(3, 3)},
        "not finite": {name: tensors[name] * float("nan")},
        "only": {name: tensors[name]},
    }
    for message, wrong in cases.items():
        with pytest.raises(ValueError, match=message):
            read_lora({WEIGHTS: save(wrong, header)}, model)
    with pytest.raises(ValueError, match="is not a safetensors file"):
        read_lora({WEIGHTS: content[:-10]}, model)
    with pytest.raises(ValueError, match="the adapter has no"):
        read_lora({}, model)
