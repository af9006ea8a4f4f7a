"""LN-DPO, SimPO, ASFT, ORPO and Flex-DPO: what is known of them without a model."""

import math
from collections.abc import Callable

import pytest
import torch
from pair_logps import LENGTHS, WEIGHT, P, chosen_and_rejected, gradients_hold, pairs, swapped

from prefloop.objectives.asft import asft
from prefloop.objectives.dpo import dpo
from prefloop.objectives.flex_dpo import flex_dpo
from prefloop.objectives.hinge import hinge
from prefloop.objectives.ipo import ipo
from prefloop.objectives.ln_dpo import ln_dpo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.odds import log1mexp
from prefloop.objectives.orpo import orpo
from prefloop.objectives.sft import mean_nll, sft
from prefloop.objectives.simpo import simpo

LOSSES: dict[str, Callable] = {
    "dpo": lambda logps, **more: dpo(logps, 0.3, 0.1, **more).losses_B,
    "ipo": lambda logps, **more: ipo(logps, 0.3, 0.1, **more).losses_B,
    "hinge": lambda logps, **more: hinge(logps, 0.03, 0.1, **more).losses_B,
    "sft": lambda logps, **more: sft(logps, **more),
    "ln-dpo": lambda logps, **more: ln_dpo(logps, 5.0, 0.1, **more).losses_B,
    "simpo": lambda logps, **more: simpo(logps, 2.0, 0.4, 0.1, **more).losses_B,
    "simpo hinge": lambda logps, **more: simpo(logps, 2.0, 0.4, 0.1, loss="hinge", **more).losses_B,
    "asft": lambda logps, **more: asft(logps, 0.7, 0.5, **more).losses_B,
    "orpo": lambda logps, **more: orpo(logps, 0.7, **more).losses_B,
    "flex-dpo": lambda logps, **more: flex_dpo(logps, 0.3, 0.2, 0.1, **more).losses_B,
}
EACH = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


@EACH
def test_gradients_are_those_of_finite_differences(loss: Callable):
    assert gradients_hold(lambda logps: loss(logps, p_B=P, weight_B=WEIGHT))


@EACH
def test_weights_scale_each_pair_alone(loss: Callable):
    logps = pairs(*chosen_and_rejected())
    assert torch.allclose(loss(logps, weight_B=WEIGHT), loss(logps) * WEIGHT)


@pytest.mark.parametrize("name", ["dpo", "ipo", "hinge", "sft", "ln-dpo", "asft", "orpo", "flex-dpo"])
def test_a_turned_pair_with_the_turned_label_costs_the_same(name: str):
    logps = pairs(*chosen_and_rejected())
    assert torch.allclose(LOSSES[name](logps, p_B=P), LOSSES[name](swapped(logps), p_B=1 - P))


def test_simpo_of_equal_means_is_softplus_of_the_target():
    equal = PairLogps(*(-1.3 * lengths for lengths in LENGTHS), torch.zeros(4), torch.zeros(4), *LENGTHS)
    losses = simpo(equal, 2.5, 0.55).losses_B
    assert losses.tolist() == pytest.approx([1.6004] * 4, abs=1e-4)


def test_ln_dpo_of_equal_lengths_is_dpo():
    n = torch.full((4,), 6.0, dtype=torch.float64)
    chosen, rejected = chosen_and_rejected()
    logps = PairLogps(chosen, rejected, -6 * torch.ones(4), -7 * torch.ones(4), n, n)
    assert torch.allclose(ln_dpo(logps, 6 * 0.3).losses_B, dpo(logps, 0.3).losses_B)


def test_flex_dpo_of_equal_strengths_is_dpo_to_the_bit():
    logps = pairs(*chosen_and_rejected())
    ours, plain = flex_dpo(logps, 0.3, 0.3, 0.1, P, WEIGHT), dpo(logps, 0.3, 0.1, P, WEIGHT)
    assert torch.equal(ours.losses_B, plain.losses_B)
    assert torch.equal(ours.rejected_rewards_B, plain.rejected_rewards_B)


def test_flex_dpo_pushes_the_rejected_answer_down_more_gently():
    chosen, rejected = chosen_and_rejected()
    flex_dpo(pairs(chosen, rejected), 0.3, 0.1).losses_B.sum().backward()
    assert torch.allclose(rejected.grad, -chosen.grad / 3)


def test_dpo_s_gradients_by_probability_stand_in_the_ratio_of_the_probabilities():
    """(dl/dp_l) / (dl/dp_w) = -p_w / p_l (3D-Properties, Corollary 1)."""
    probability = torch.tensor([[0.6, 0.02], [0.1, 0.3]], dtype=torch.float64, requires_grad=True)
    zero = torch.zeros(2, dtype=torch.float64)
    dpo(
        PairLogps(probability[:, 0].log(), probability[:, 1].log(), zero, zero), 0.1
    ).losses_B.sum().backward()
    ratio = probability.grad[:, 1] / probability.grad[:, 0]
    assert torch.allclose(ratio, -(probability[:, 0] / probability[:, 1]).detach())


def test_asft_s_identities():
    logps = pairs(*chosen_and_rejected())
    p_w, p_l = logps.per_token.chosen_B.exp(), logps.per_token.rejected_B.exp()
    align = asft(logps, 1.0).losses_B + p_w.log()
    assert torch.allclose(align, -p_w.log() - (1 - p_l).log())
    difference = 0.7 * (p_w * (1 - p_l) + p_l * (1 - p_w)).log()
    assert torch.allclose(orpo(logps, 0.7).losses_B, asft(logps, 0.7).losses_B + difference)
    assert (orpo(logps, 0.7).losses_B <= asft(logps, 0.7).losses_B).all()


@pytest.mark.parametrize("loss", [asft, orpo])
def test_answers_that_are_certain_or_hopeless_stay_finite(loss: Callable):
    chosen = torch.tensor([0.0, -1e-9, -5e4], requires_grad=True)
    rejected = torch.tensor([0.0, -5e4, -1e-9], requires_grad=True)
    lengths = torch.tensor([3.0, 4.0, 5.0])
    losses = loss(PairLogps(chosen, rejected, lengths * 0, lengths * 0, lengths, lengths), 1.0).losses_B
    losses.sum().backward()
    assert all(torch.isfinite(x).all() for x in (losses, chosen.grad, rejected.grad))


def test_log1mexp_is_exact_near_zero_and_far_from_it():
    x = torch.tensor([-1e-12, -1e-3, -math.log(2), -1.0, -800.0], dtype=torch.float64)
    expected = [math.log(-math.expm1(v)) if v > -700 else -0.0 for v in x.tolist()]
    assert log1mexp(x).tolist() == pytest.approx(expected, rel=1e-12)


def test_mean_nll_is_per_token():
    assert mean_nll(torch.tensor([-6.0, -8.0]), torch.tensor([3.0, 2.0])).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda logps: ln_dpo(logps, 0.0),
        lambda logps: simpo(logps, -1.0, 0.1),
        lambda logps: simpo(logps, 1.0, -0.1),
        lambda logps: asft(logps, -1.0),
        lambda logps: asft(logps, 1.0, 0.0),
        lambda logps: orpo(logps, -1.0),
        lambda logps: flex_dpo(logps, 0.1, 0.0),
        lambda logps: flex_dpo(logps, 0.1, 0.1, 0.6),
    ],
)
def test_values_that_turn_a_loss_around_are_refused(wrong: Callable):
    with pytest.raises(ValueError):
        wrong(pairs(*chosen_and_rejected()))
