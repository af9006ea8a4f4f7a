"""Pictures are those of diffusers; each has its own seed, adapter and person, whatever the company."""

import numpy as np
import pytest
import torch
from device import DEVICE
from image.random_pipelines import PIPELINES

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.image.model import ImageModel
from prefloop.image.openness import Openness, heading
from prefloop.image.personalize import Loudness, UserProjection, personalize
from prefloop.image.sample import Audience, sample_pictures

CAPTIONS = ["a small red creature", "a creature, on snow", "a small red creature"]
SEEDS = [3, 4, 5]


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


def strong(model: ImageModel, seed: int) -> Adapter:
    adapter = new_adapter(model.layers, 4, 8, seed)
    with torch.no_grad():
        noise = torch.randn(adapter.flat.shape, generator=torch.Generator().manual_seed(seed))
        adapter.flat.add_(0.2 * noise.to(DEVICE))
    return adapter


def apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_they_are_what_diffusers_draws(model: ImageModel, guidance: float):
    ours = sample_pictures(model, CAPTIONS, SEEDS, 4, guidance)
    generators = [torch.Generator().manual_seed(seed) for seed in SEEDS]
    drawn = model.pipeline(
        CAPTIONS,
        num_inference_steps=4,
        guidance_scale=guidance,
        generator=generators,
        height=model.size,
        width=model.size,
        output_type="np",
    ).images
    assert ours.shape == (3, model.size, model.size, 3)
    assert apart(ours, (drawn * 255).round().astype(np.uint8)) <= 1


def test_a_picture_is_the_same_in_any_company(model: ImageModel):
    together = sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0)
    assert apart(sample_pictures(model, CAPTIONS[1:2], SEEDS[1:2], 3, 2.0), together[1:2]) <= 1
    assert apart(together[0], together[2]) > 1


def test_each_goes_through_its_own_adapter(model: ImageModel):
    one, other = strong(model, 1), strong(model, 2)
    mixed = sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0, [one, None, other])
    for place, adapter in enumerate([one, None, other]):
        alone = sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0, [adapter] * 3)
        assert apart(mixed[place], alone[place]) <= 1
    assert apart(mixed[0], sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0)[0]) > 1


def three_people() -> tuple[ImageModel, UserProjection, torch.Tensor]:
    """A model that listens to people, and three of them."""
    model = ImageModel(PIPELINES["sd15"]().to(DEVICE), "sd15")
    attention = personalize(model, 6)
    with torch.no_grad():
        noise = torch.randn(attention.flat.shape, generator=torch.Generator().manual_seed(1))
        attention.flat.add_(noise.to(DEVICE))
    users = torch.randn(3, 2, 6, generator=torch.Generator().manual_seed(2)).to(DEVICE)
    return model, attention, users


def test_each_is_drawn_for_its_own_person():
    model, attention, users = three_people()
    users[1] = 0
    drawn = sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0, audience=Audience(attention, users))
    plain = sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0)
    assert apart(drawn[1], plain[1]) <= 1
    assert apart(drawn[0], plain[0]) > 1
    turned = Audience(attention, users.flip(0))
    again = sample_pictures(model, CAPTIONS[::-1], SEEDS[::-1], 3, 2.0, audience=turned)
    assert apart(again[::-1], drawn) <= 1


def test_pictures_are_drawn_as_loud_as_the_attention_has_it():
    model, attention, users = three_people()
    draw = lambda users: sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0, audience=Audience(attention, users))
    softly, loudly = draw(users), draw(3 * users)
    attention.loudness = Loudness(strength=3.0)
    assert apart(draw(users), loudly) <= 1
    assert apart(softly, loudly) > 1


def test_a_picture_says_of_its_person_what_its_caption_leaves_open():
    model, attention, users = three_people()
    draw = lambda users: sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0, audience=Audience(attention, users))
    before = draw(users)
    # shut for the first caption, and as far as it goes into the same direction for the others
    heading_BD = heading(model.condition(CAPTIONS).tokens_BTD)
    into_DH = (heading_BD[0] / heading_BD[0].square().sum())[:, None]
    all_E = torch.eye(12, device=DEVICE)
    shut = Openness(torch.zeros_like(heading_BD[0]), into_DH, all_E, all_E, -all_E[None])
    silenced = draw(shut.of(users, heading_BD))
    attention.openness = shut
    assert apart(draw(users), silenced) <= 1
    assert apart(silenced[0], sample_pictures(model, CAPTIONS, SEEDS, 3, 2.0)[0]) <= 1
    assert apart(silenced, before) > 1


def test_counts_must_agree(model: ImageModel):
    with pytest.raises(ValueError, match="3 captions need as many seeds, not 2"):
        sample_pictures(model, CAPTIONS, [1, 2])
    with pytest.raises(ValueError, match="3 captions need as many adapters, not 1"):
        sample_pictures(model, CAPTIONS, SEEDS, adapters=[None])
    assert sample_pictures(model, [], []).shape == (0, model.size, model.size, 3)
