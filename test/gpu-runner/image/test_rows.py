"""From examples to latents and conditions: by content, and refused by a reason of the contract."""

from pathlib import Path
from typing import Any

import pytest
import torch
from device import DEVICE
from image.made_pictures import picture, vote
from image.random_pipelines import PIPELINES

from prefloop.contracts import Example
from prefloop.image.model import ImageModel
from prefloop.image.picture import decode_picture
from prefloop.image.rows import PictureReader, caption_of
from prefloop.image.tensor_cache import TensorCache
from prefloop.text.encode import Untrainable


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


class Pictures(dict[str, bytes]):
    """Counts what is fetched."""

    fetched = 0

    def fetch(self, sha256: str) -> bytes:
        self.fetched += 1
        return self[sha256]


def read(model: ImageModel, pictures: Pictures, body: dict[str, Any], cache: TensorCache | None = None):
    reader = PictureReader(model, pictures.fetch, cache)
    return reader, reader.read(Example.model_validate(body), lambda _: [])


def test_latents_are_those_of_the_decoded_pictures_in_order(model: ImageModel):
    pictures = Pictures()
    reader, row = read(model, pictures, vote(1, pictures, 3))
    expected = [
        model.latents(decode_picture(picture(10 + place, place == 0), model.size)[None].to(DEVICE))
        for place in range(3)
    ]
    assert torch.equal(reader.latents([row, row]), torch.cat(expected * 2))
    assert pictures.fetched == 3


def test_conditions_are_those_of_the_model(model: ImageModel):
    reader = PictureReader(model, Pictures().fetch)
    asked = ["a creature, on snow", None, "a creature, on sand", "a creature, on snow"]
    got = reader.conditions(asked)
    for place, caption in enumerate(asked):
        expected = model.nothing_asked(1) if caption is None else model.condition([caption])
        for mine, theirs in zip(
            vars(got.at(slice(place, place + 1))).values(), vars(expected).values(), strict=True
        ):
            assert (mine is None) == (theirs is None)
            assert mine is None or torch.equal(mine, theirs)


def test_a_restart_decodes_nothing_again(model: ImageModel, tmp_path: Path):
    pictures = Pictures()
    body = vote(1, pictures)
    reader, row = read(model, pictures, body, TensorCache("base", tmp_path))
    before = reader.latents([row])
    reader, row = read(model, pictures, body, TensorCache("base", tmp_path))
    assert torch.equal(reader.latents([row]), before) and pictures.fetched == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": None, "completions": ["one", "two"]}, "needsImages"),
        ({"images": ["f" * 64, "e" * 64]}, "unreadableImage"),
        ({"images": "equal"}, "equalTexts"),
        ({"images": "broken"}, "unreadableImage"),
    ],
)
def test_what_cannot_be_read_is_refused_by_a_reason(model: ImageModel, change: dict[str, Any], reason: str):
    pictures = Pictures({"d" * 64: b"nothing"})
    body = vote(1, pictures)
    named = {"equal": [body["images"][0]] * 2, "broken": [body["images"][0], "d" * 64]}
    images = change.get("images")
    body |= change | ({"images": named[images]} if isinstance(images, str) else {})
    body = {name: value for name, value in body.items() if value is not None}
    with pytest.raises(Untrainable) as refused:
        read(model, pictures, body)
    assert refused.value.reason == reason


def test_a_pair_of_pictures_that_are_not_there_is_named(model: ImageModel):
    pictures = Pictures()
    body = vote(1, pictures)
    body["pairs"][0]["rejected"] = 5
    with pytest.raises(ValueError, match="names a picture beyond its 2"):
        read(model, pictures, body)


def test_a_caption_is_the_prompt_or_the_last_thing_the_user_said():
    def said(prompt: dict[str, Any]) -> str:
        body = vote(1, {}) | {"prompt": prompt}
        return caption_of(Example.model_validate(body).prompt)

    assert said({"text": "a cat"}) == "a cat"
    talk = [("system", "draw"), ("user", "a dog"), ("assistant", "here"), ("user", "a red one")]
    messages = [{"role": role, "content": content} for role, content in talk]
    assert said({"messages": messages}) == "a red one"
