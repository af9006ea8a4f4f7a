"""User cross-attention: nobody in particular changes nothing, a user does, and what is learned is what the formula says."""

import math
from dataclasses import replace

import pytest
import torch
from device import DEVICE
from image.random_pipelines import PIPELINES
from safetensors.torch import load

from prefloop.adapters.tensor_file import tensor_file
from prefloop.image.errors import add_noise, denoising_errors
from prefloop.image.files import read_user_attention, write_user_attention
from prefloop.image.model import ImageModel
from prefloop.image.openness import Openness, heading
from prefloop.image.personalize import (
    Loudness,
    UserProjection,
    Users,
    _for_users,
    as_asked,
    personalize,
    seen_by,
)
from prefloop.image.step import PictureBatch, PictureOutcome, check_start, picture_step
from prefloop.objectives.diffusion_dpo import PairErrors, diffusion_dpo
from prefloop.recipes.laplace import new_laplace_policy

WIDTH, TOKENS = 6, 3


@pytest.fixture(scope="module", params=["sd15", "sdxl"])
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


def users(seed: int = 0, count: int = 4) -> torch.Tensor:
    return torch.randn(count, TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def batch_of(model: ImageModel, seen: torch.Tensor | None = None) -> PictureBatch:
    index = lambda *numbers: torch.tensor(numbers, device=DEVICE)
    groups_N = index(0, 0, 1, 1)
    pictures = torch.rand(4, 3, model.size, model.size, generator=torch.Generator().manual_seed(2)) * 2 - 1
    condition = model.condition(["a small red creature", "a creature, on snow"]).at(groups_N)
    ones = torch.ones(2, device=DEVICE)
    latents = model.latents(pictures)
    return PictureBatch(latents, condition, groups_N, index(0, 3), index(1, 2), ones, ones, 2, seen)


def errors(
    model: ImageModel, attention: Users | None, seen: torch.Tensor | None, time: int | None = None
) -> torch.Tensor:
    """time: of the schedule; None: drawn from those at which a picture takes shape."""
    batch = batch_of(model)
    generator = torch.Generator().manual_seed(3)
    noisy = add_noise(model, batch.latents, batch.condition, batch.groups_N, generator, shaping=time is None)
    if time is not None:
        noisy = replace(noisy, times_N=torch.full_like(noisy.times_N, time))
    with torch.no_grad():
        if attention is None or seen is None:
            return denoising_errors(model, noisy, [None])[0]
        with seen_by(attention, seen):
            return denoising_errors(model, noisy, [None])[0]


def learned(model: ImageModel) -> UserProjection:
    attention = personalize(model, WIDTH)
    with torch.no_grad():
        noise = torch.randn(attention.flat.shape, generator=torch.Generator().manual_seed(1)).to(DEVICE)
        attention.flat.add_(0.3 * noise)
    return attention


def test_the_bases_own_attention_is_as_diffusers_has_it():
    plain = ImageModel(PIPELINES["sd15"]().to(DEVICE), "sd15")
    before = errors(plain, None, None)
    personalize(plain, WIDTH)
    torch.testing.assert_close(errors(plain, None, None), before, atol=1e-6, rtol=1e-6)


def test_a_fresh_attention_and_a_user_of_zeros_change_nothing_at_all(model):
    fresh = personalize(model, WIDTH)
    base = errors(model, None, None)
    assert torch.equal(errors(model, fresh, users()), base)
    assert torch.equal(errors(model, learned(model), torch.zeros_like(users())), base)


def test_a_user_is_listened_to_only_while_a_picture_takes_shape(model):
    shaping_T = model.noising.shaping_T
    first = int(shaping_T.nonzero()[0])
    assert 0 < first < model.noising.times and bool(shaping_T[first:].all())
    attention = learned(model)
    assert torch.equal(errors(model, attention, users(), first - 1), errors(model, None, None, first - 1))
    assert not torch.equal(errors(model, attention, users(), first), errors(model, None, None, first))
    # a sampler's own times lie between those of the schedule
    told = model.noising.told_T[[first - 1, first]].float() + torch.tensor([0.4, -0.4])
    assert model.noising.is_shaping(told.to(DEVICE)).tolist() == [False, True]


def test_each_picture_is_drawn_for_its_own_user_and_the_order_of_tokens_does_not_matter(model):
    attention = learned(model)
    ours = errors(model, attention, users())
    assert (ours - errors(model, None, None)).abs().min() > 1e-6
    other = users().clone()
    other[2] = users(9)[2]
    moved = errors(model, attention, other)
    assert torch.equal(moved[[0, 1, 3]], ours[[0, 1, 3]])
    assert moved[2] != ours[2]
    torch.testing.assert_close(errors(model, attention, users().flip(1)), ours, atol=1e-6, rtol=1e-5)


def test_what_is_published_says_what_was_trained(model):
    projection = learned(model)
    files = write_user_attention(projection.unfolded())
    assert files == write_user_attention(projection.unfolded())
    published = read_user_attention(files, model)
    assert published.width == WIDTH
    torch.testing.assert_close(
        errors(model, published, users()), errors(model, projection, users()), atol=1e-6, rtol=1e-5
    )


def test_users_are_louder_but_never_louder_than_the_most():
    loudness = Loudness(strength=3.0, max_loudness=2.0)
    # root mean squares of 0.5 and 1.5, and somebody who says nothing
    said = torch.stack([0.5 * torch.ones(2, 3), -1.5 * torch.ones(2, 3), torch.zeros(2, 3)])
    torch.testing.assert_close(loudness.of(said)[:, 0, 0], torch.tensor([1.5, -2.0, 0.0]))
    assert torch.equal(Loudness().of(said), said)


def test_how_loud_users_are_goes_with_what_is_published(model):
    projection = learned(model)
    assert read_user_attention(write_user_attention(projection.unfolded()), model).loudness == Loudness()
    projection.loudness = Loudness(2.5, 1.25)
    published = read_user_attention(write_user_attention(projection.unfolded()), model)
    assert published.loudness == projection.loudness


def shut_at(heading_D: torch.Tensor) -> Openness:
    """Captions that head there have decided what users' first numbers say; those at right angles leave it open."""
    first_E1 = torch.eye(TOKENS * WIDTH, device=heading_D.device)[:, :1]
    into_DH = (heading_D / heading_D.square().sum())[:, None]
    return Openness(
        torch.zeros_like(heading_D),
        into_DH,
        first_E1,
        first_E1.T.contiguous(),
        -torch.ones_like(into_DH[:1, :, None]),
    )


def test_a_caption_silences_what_it_has_decided(model):
    batch = batch_of(model, users(count=2))
    tokens_BTD = batch.condition_of_each(users(count=2)).tokens_BTD
    projection = learned(model)
    projection.openness = shut_at(heading(tokens_BTD)[0])
    silenced = users(count=2)
    silenced[0, 0, 0] = 0
    heard = as_asked(projection, users(count=2), batch.condition_of_each(users(count=2)))
    torch.testing.assert_close(heard[0], silenced[0])
    assert (heard[1, 0, 0] - silenced[1, 0, 0]).abs() < silenced[1, 0, 0].abs()
    told = step_told(model, batch, projection)
    torch.testing.assert_close(told, heard)
    projection.openness = None
    assert torch.equal(step_told(model, batch, projection), users(count=2))


def step_told(model: ImageModel, batch: PictureBatch, projection: UserProjection) -> torch.Tensor:
    told = []

    def learn(loss, what):
        told.append(what.users_RTU)
        return torch.zeros(1), True

    plain = lambda batch, policy_N, reference_N: PictureOutcome(policy_N, None)
    picture_step(model, batch, projection, learn, plain, torch.Generator().manual_seed(0))
    return told[0]


def test_what_captions_leave_open_goes_with_what_is_published(model):
    projection = learned(model)
    condition = model.condition(["a creature"] * 4)
    projection.openness = shut_at(heading(condition.tokens_BTD)[0])
    published = read_user_attention(write_user_attention(projection.unfolded()), model)
    assert published.openness is not None
    torch.testing.assert_close(
        as_asked(published, users(), condition), as_asked(projection, users(), condition)
    )
    projection.openness = shut_at(torch.ones(7))
    with pytest.raises(ValueError, match="openness.center is of captions of 7 numbers a token"):
        read_user_attention(write_user_attention(projection.unfolded()), model)
    projection.openness = replace(projection.openness, center_D=torch.full((7,), torch.nan))
    with pytest.raises(ValueError, match=r"openness\.center has values that are not finite"):
        read_user_attention(write_user_attention(projection.unfolded()), model)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "loud"])
def test_a_loudness_that_is_no_positive_number_is_named(model, text: str):
    whole = write_user_attention(learned(model).unfolded())["user_attention.safetensors"]
    broken = tensor_file(load(whole), {"format": "pt", "max_loudness": text})
    with pytest.raises(ValueError, match="its header must say max_loudness, a positive number"):
        read_user_attention({"user_attention.safetensors": broken}, model)


def test_a_broken_user_attention_is_named(model):
    attention = learned(model).unfolded()
    path = next(iter(attention.pairs))
    with pytest.raises(ValueError, match="the adapter has no user_attention.safetensors"):
        read_user_attention({}, model)
    short = learned(model).unfolded()
    del short.pairs[path]
    with pytest.raises(ValueError, match=rf"{path}.key is missing"):
        read_user_attention(write_user_attention(short), model)
    whole = write_user_attention(attention)
    with pytest.raises(ValueError, match="is not a safetensors file"):
        read_user_attention({name: content[:-4] for name, content in whole.items()}, model)
    with torch.no_grad():
        attention.pairs[path][1][0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"\.value has values that are not finite"):
        read_user_attention(write_user_attention(attention), model)


def test_the_share_of_a_user_is_attention_over_their_tokens():
    generator = torch.Generator().manual_seed(4)
    query = torch.randn(2, 2, 5, 3, generator=generator)
    key, value = torch.randn(6, WIDTH, generator=generator), torch.randn(6, WIDTH, generator=generator)
    e = torch.randn(2, TOKENS, WIDTH, generator=generator)
    split = lambda x: x.unflatten(-1, (2, -1)).transpose(1, 2)
    scores = (query @ split(e @ key.T).transpose(-1, -2)) / math.sqrt(3)
    torch.testing.assert_close(
        _for_users(query, key, value, e, split), scores.softmax(-1) @ split(e @ value.T)
    )
    # A pipeline with guidance runs all pictures without their captions first, then all with them.
    twice = _for_users(torch.cat([query, query]), key, value, e, split)
    torch.testing.assert_close(twice, _for_users(query, key, value, e, split).repeat(2, 1, 1, 1))
    with pytest.raises(ValueError, match="3 pictures cannot be shared among 2 users"):
        _for_users(query[[0, 1, 0]], key, value, e, split)


def test_it_learns_that_two_users_want_the_opposite(model):
    """The same two pictures of each prompt, chosen the other way round: no adapter for everyone could please both."""
    seen = users(count=2)
    batch = batch_of(model, seen)
    same = batch.latents[[0, 1, 0, 1]]
    condition = batch.condition.at(torch.tensor([0, 0, 0, 0], device=DEVICE))
    batch = PictureBatch(
        same, condition, batch.groups_N, batch.chosen_B, batch.rejected_B, batch.p_B, batch.weight_B, 2, seen
    )

    def objective(batch, policy_N, reference_N):
        w_B, l_B = batch.chosen_B, batch.rejected_B
        pairs = PairErrors(policy_N[w_B], policy_N[l_B], reference_N[w_B], reference_N[l_B])
        losses = diffusion_dpo(pairs, 500.0)
        return PictureOutcome(losses.losses_B, losses)

    attention = personalize(model, WIDTH)
    noise = lambda: torch.Generator().manual_seed(5)
    check_start(model, batch, attention, noise())
    learn = new_laplace_policy(attention, 1.0).learn
    steps = [picture_step(model, batch, attention, learn, objective, noise()) for _ in range(40)]
    assert steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert steps[0]["gradNorm"] > 0
    assert steps[-1]["accuracy"] == 1.0
    assert steps[-1]["loss"] < 0.9 * steps[0]["loss"]
    assert all(parameter.grad is None for parameter in model.denoiser.parameters())


def test_what_cannot_be_personalised_is_refused(model):
    transformer = ImageModel(PIPELINES["sd3"]().to(DEVICE), "sd3")
    with pytest.raises(ValueError, match="has no cross-attention of its own"):
        personalize(transformer, WIDTH)
    attention = personalize(model, WIDTH)
    with pytest.raises(ValueError, match="needs the users of the batch"):
        picture_step(
            model, batch_of(model), attention, new_laplace_policy(attention, 1.0).learn, lambda *_: None,
            torch.Generator().manual_seed(0),
        )  # fmt: skip
