"""Image recipes on tiny random models: what is fresh is the reference, training fits the votes, and goes on bit for bit."""

import io

import numpy as np
import pytest
import torch
from device import DEVICE
from image.random_pipelines import PIPELINES
from PIL import Image
from pydantic import TypeAdapter

from prefloop.contracts import Example, Recipe, SupportVote
from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserAttention
from prefloop.image.rows import PictureReader, PictureRow, picture_sha
from prefloop.recipes.image_methods import image_recipe, train_image_method
from prefloop.recipes.pictures import PictureStart
from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape

METHODS = ["diffusion-dpo", "rank-dpo", "sft", "ppd"]
ENCODER_SHAPE = SetEncoderShape(feature_size=5, tokens=2, width=4, hidden=8, rounds=1)


def recipe_of(method: str, **fields):
    made = {"method": method, "microBatch": 2, "rank": 4, "loraAlpha": 8, "learningRate": 3e-3, **fields}
    return image_recipe(TypeAdapter(Recipe).validate_python(made))


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


@pytest.fixture(scope="module")
def unet() -> ImageModel:
    return ImageModel(PIPELINES["sd15"]().to(DEVICE), "sd15")


@pytest.fixture(scope="module")
def encoder() -> SetEncoder:
    torch.manual_seed(1)
    made = SetEncoder(ENCODER_SHAPE)
    with torch.no_grad():
        for layer in made.moves:
            assert isinstance(layer, torch.nn.Linear)
            layer.weight.normal_()
    return made.eval().requires_grad_(False)


PICTURES: dict[str, bytes] = {}


def picture(seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    sha = picture_sha(file.getvalue())
    PICTURES[sha] = file.getvalue()
    return sha


def support_of(preference: str) -> list[SupportVote]:
    generator = torch.Generator().manual_seed(int(preference[-2:], 16))
    vectors = torch.randn((2, 5), generator=generator).tolist()
    return [SupportVote(preference=preference, chosen=vectors[0], rejected=vectors[1], weight=1.0)]


def votes(model: ImageModel, count: int = 4) -> tuple[PictureReader, list[PictureRow]]:
    reader = PictureReader(model, PICTURES.__getitem__)
    rows = []
    for n in range(count):
        images = [picture(10 * n + i) for i in range(2 + n % 2)]
        pairs = [
            {"chosen": 0, "rejected": i, "p": 1.0, "weight": 1 / (len(images) - 1)}
            for i in range(1, len(images))
        ]
        example = Example.model_validate(
            {
                "preference": f"h{n:040x}",
                "prompt": {"text": f"a creature, on {['snow', 'sand'][n % 2]}"},
                "completions": [],
                "images": images,
                "pairs": pairs,
                "userKey": f"{n:032x}",
                "support": [f"h{n + 64:040x}", f"h{n + 96:040x}"],
            }
        )
        rows.append(reader.read(example, support_of))
    return reader, rows


def train(model, method, encoder, start=None, rows=None, **fields):
    reader, known = votes(model)
    recipe = recipe_of(method, **fields)
    return train_image_method(model, reader, start, rows or known, recipe, lambda: None, encoder)


GENTLE = {"rank-dpo": {"beta": 30}, "diffusion-dpo": {"beta": 100}, "sft": {}}


@pytest.mark.parametrize("method", sorted(GENTLE))
def test_it_learns_what_was_preferred(unet: ImageModel, method: str):
    seen = train(unet, method, None, epochs=16, **GENTLE[method])
    assert len(seen.losses) == 32
    assert np.mean(seen.losses[-10:]) < np.mean(seen.losses[:10])
    assert seen.metrics["skippedSteps"] == 0


def test_every_shape_starts_from_the_reference(model: ImageModel):
    seen = train(model, "diffusion-dpo", None)
    assert seen.losses[0] == pytest.approx(np.log(2), abs=1e-6)
    assert len(seen.losses) == 2


def test_ppd_learns_and_leaves_the_base_alone(unet: ImageModel, encoder: SetEncoder):
    before = {name: value.clone() for name, value in unet.denoiser.state_dict().items()}
    seen = train(unet, "ppd", encoder, epochs=16, learningRate=1e-2, beta=100)
    assert isinstance(seen.trained, UserAttention)
    assert np.mean(seen.losses[-10:]) < np.mean(seen.losses[:10])
    assert all(torch.equal(value, before[name]) for name, value in unet.denoiser.state_dict().items())


@pytest.mark.parametrize("method", METHODS)
def test_it_goes_on_bit_for_bit_from_its_state(unet: ImageModel, encoder: SetEncoder, method: str):
    _, rows = votes(unet)
    first = train(unet, method, encoder, rows=rows[:2])
    again = train(unet, method, encoder, rows=rows[:2])
    assert torch.equal(first.trained.flat, again.trained.flat)
    kept = {name: value.clone() for name, value in first.tensors.items()}

    def second(trained):
        for parameter in (trained.flat, *(p for pair in trained.pairs.values() for p in pair)):
            parameter.requires_grad_(True)
            parameter.grad = torch.zeros_like(parameter)
        return train(unet, method, encoder, PictureStart(trained, kept), rows=rows[2:])

    one, other = second(first.trained), second(again.trained)
    assert torch.equal(one.trained.flat, other.trained.flat)
    assert one.tensors["policy.steps"].item() == 2


def test_what_cannot_be_trained_is_refused(unet: ImageModel, encoder: SetEncoder):
    with pytest.raises(ValueError, match="ppd needs a user encoder"):
        train(unet, "ppd", None)
    with pytest.raises(ValueError, match="dpo trains on texts"):
        recipe_of("dpo")
    narrow = SetEncoder(SetEncoderShape(feature_size=4, tokens=2, width=4, hidden=8, rounds=1))
    with pytest.raises(ValueError, match="has 5 features, and the user encoder reads 4"):
        train(unet, "ppd", narrow, epochs=3)
