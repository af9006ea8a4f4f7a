"""A step on pictures: it starts at ln 2, moves towards the chosen picture, and changes nothing when numbers are not finite."""

import math
from dataclasses import replace

import pytest
import torch
from device import DEVICE, to_the_bit
from image.random_pipelines import PIPELINES

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.adapters.update import adamw, update
from prefloop.image.model import ImageModel
from prefloop.image.step import Learn, PictureBatch, PictureOutcome, check_start, picture_step
from prefloop.objectives.diffusion_dpo import PairErrors, diffusion_dpo

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]


@pytest.fixture(scope="module", params=PIPELINES)
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


def pairs(model: ImageModel) -> PictureBatch:
    """Two prompts, two pictures each; the second picture of the second prompt is the better one."""
    index = lambda *numbers: torch.tensor(numbers, device=DEVICE)
    groups_N = index(0, 0, 1, 1)
    pictures = torch.rand(4, 3, model.size, model.size, generator=torch.Generator().manual_seed(2)) * 2 - 1
    condition = model.condition(["a small red creature", "a creature, on snow"]).at(groups_N)
    ones = torch.ones(2, device=DEVICE)
    return PictureBatch(model.latents(pictures), condition, groups_N, index(0, 3), index(1, 2), ones, ones, 2)


def objective(batch: PictureBatch, policy_N: torch.Tensor, reference_N: torch.Tensor) -> PictureOutcome:
    w_B, l_B = batch.chosen_B, batch.rejected_B
    errors = PairErrors(policy_N[w_B], policy_N[l_B], reference_N[w_B], reference_N[l_B])
    losses = diffusion_dpo(errors, 200.0, 0.0, batch.p_B, batch.weight_B)
    return PictureOutcome(losses.losses_B, losses)


def learn(adapter: Adapter) -> Learn:
    optimizer = adamw(adapter, 1e-2)
    return lambda loss, _: update(loss, [adapter.flat], [optimizer], 1.0)


def noise(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_it_starts_at_ln_2_and_moves_towards_what_was_chosen(model):
    batch, adapter = pairs(model), new_adapter(model.layers, 4, 8, 0, ATTENTION)
    check_start(model, batch, adapter, noise())
    learned = learn(adapter)
    steps = [picture_step(model, batch, adapter, learned, objective, noise()) for _ in range(12)]
    first, last = steps[0], steps[-1]
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-7)
    assert (first["accuracy"], first["margin"], first["skipped"]) == (0.5, 0.0, 0.0)
    assert last["loss"] < first["loss"]
    assert (last["accuracy"], last["margin"] > 0) == (1.0, True)


def test_a_fresh_adapter_that_is_not_the_base_is_refused(model):
    adapter = new_adapter(model.layers, 4, 8, 0, ATTENTION)
    with torch.no_grad():
        adapter.flat.add_(0.1)
    with pytest.raises(ValueError, match="the reference is not where training starts"):
        check_start(model, pairs(model), adapter, noise())


def test_numbers_that_are_not_finite_change_nothing(model):
    batch, adapter = pairs(model), new_adapter(model.layers, 4, 8, 0, ATTENTION)
    before = adapter.flat.detach().clone()
    broken = replace(batch, latents=batch.latents.clone())
    broken.latents[1, 0, 0, 0] = math.inf
    done = picture_step(model, broken, adapter, learn(adapter), objective, noise())
    assert done["skipped"] == 1.0
    assert torch.equal(adapter.flat.detach(), before)


@to_the_bit
def test_the_same_seed_draws_the_same_step(model):
    weights = []
    for seed in (5, 5, 6):
        adapter = new_adapter(model.layers, 4, 8, 0, ATTENTION)
        picture_step(model, pairs(model), adapter, learn(adapter), objective, noise(seed))
        weights.append(adapter.flat.detach().clone())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
