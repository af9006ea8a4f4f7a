"""Generators as they are named on the command line: a base, its adapter, how it samples; and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from image.random_pipelines import PIPELINES

from prefloop.adapters.lora import new_adapter
from prefloop.base import ImageBase
from prefloop.image.files import write_lora
from prefloop.image.model import ImageModel
from prefloop.image.sample import GUIDANCE, STEPS, sample_pictures
from prefloop.syn_pic.generator import GeneratorName, load_generators, parse_generator


@pytest.mark.parametrize(
    ("text", "source", "adapter", "steps", "guidance"),
    [
        ("tiny-diffusion", "tiny-diffusion", None, STEPS, GUIDANCE),
        ("stabilityai/sdxl@steps=4", "stabilityai/sdxl", None, 4, GUIDANCE),
        ("a/b@guidance=1.5,steps=7", "a/b", None, 7, 1.5),
        ("base+drawer@steps=2", "base", "drawer", 2, GUIDANCE),
    ],
)
def test_a_name_says_what_draws_and_how(text: str, source: str, adapter: str | None, steps: int, guidance):
    folder = Path(adapter) if adapter else None
    assert parse_generator(text) == GeneratorName(text, source, folder, steps, guidance)


def test_a_folder_may_have_a_plus_and_an_at_in_its_name(tmp_path: Path):
    folder = tmp_path / "c++@home"
    folder.mkdir()
    assert parse_generator(str(folder)).source == str(folder)
    assert parse_generator(f"{folder}@steps=3").source == str(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base@step=3", "only steps=N and guidance=G are known"),
        ("base@steps=", "only steps=N and guidance=G are known"),
        ("base@steps=3,steps=4", "says steps twice"),
        ("base@steps=0", "steps is a whole number from 1 to 1000"),
        ("base@steps=2.5", "steps is a whole number from 1 to 1000"),
        ("base@guidance=51", "guidance is at most 50"),
    ],
)
def test_what_cannot_be_drawn_with_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        parse_generator(text)


def test_generators_of_one_source_share_its_base_and_each_has_its_own_adapter(tmp_path: Path):
    loaded: list[str] = []

    def load(source: str) -> ImageBase:
        loaded.append(source)
        return ImageBase(source, ImageModel(PIPELINES["sd15"](), source), "f" * 64)

    model = load("elsewhere").model
    adapter = new_adapter(model.layers, 2, 2, 1)
    with torch.no_grad():
        adapter.flat.add_(0.3 * torch.randn(adapter.flat.shape, generator=torch.Generator().manual_seed(1)))
    for name, content in write_lora(adapter, model).items():
        (tmp_path / name).write_bytes(content)
    names = [parse_generator(text) for text in ("base@steps=2", f"base+{tmp_path}@steps=2")]
    plain, adapted = load_generators(names, load)
    assert loaded == ["elsewhere", "base"]
    assert plain.identity == "f" * 64 != adapted.identity
    expected = sample_pictures(plain.base.model, ["a creature"], [3], 2)
    assert np.array_equal(plain.draw(["a creature"], [3]), expected)
    assert not np.array_equal(adapted.draw(["a creature"], [3]), expected)


def test_a_folder_without_a_usable_adapter_is_named(tmp_path: Path):
    def load(source: str) -> ImageBase:
        return ImageBase(source, ImageModel(PIPELINES["sd15"](), source), "f" * 64)

    name = parse_generator(f"base+{tmp_path}")
    with pytest.raises(ValueError, match=r"has no pytorch_lora_weights\.safetensors"):
        load_generators([name], load)
    (tmp_path / "pytorch_lora_weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=rf"^generator base\+{tmp_path}: pytorch_lora_weights"):
        load_generators([name], load)
