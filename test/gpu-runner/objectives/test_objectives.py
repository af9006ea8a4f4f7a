"""The oracles of the pairwise objectives: values and gradients that are known without running a model."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from prefloop.objectives.dpo import dpo
from prefloop.objectives.hinge import hinge
from prefloop.objectives.ipo import ipo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.ofs_dpo import ofs_dpo
from prefloop.objectives.robust import robust
from prefloop.objectives.sft import sft

PAIRWISE = {"dpo": dpo, "ipo": ipo, "hinge": hinge, "robust": robust}


def at_margin(h: torch.Tensor) -> PairLogps:
    """Log-probabilities whose log-ratio margin is `h`, spread over all four of them."""
    zero = torch.zeros_like(h)
    return PairLogps(h - 30.0, zero - 20.0, zero - 29.0, zero - 19.0)


def logps_like(count: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(count, generator=generator, dtype=torch.float64) for _ in range(4)]


def test_dpo_at_the_reference_is_ln_2_with_slope_minus_a_half():
    h = torch.zeros(3, requires_grad=True)
    losses = dpo(at_margin(h), beta=1.0).losses_B
    losses.sum().backward()
    assert torch.allclose(losses, torch.full((3,), math.log(2)))
    assert torch.allclose(h.grad, torch.full((3,), -0.5))


def test_dpo_of_a_swapped_pair_costs_exactly_the_margin_more():
    h = torch.tensor([-3.0, 0.7, 40.0])
    difference = dpo(at_margin(-h), 0.5).losses_B - dpo(at_margin(h), 0.5).losses_B
    assert torch.allclose(difference, 0.5 * h, atol=1e-5)


def test_dpo_stays_finite_where_a_sigmoid_would_underflow():
    losses = dpo(at_margin(torch.tensor([-5000.0, 5000.0])), 1.0).losses_B
    assert torch.isfinite(losses).all()
    assert losses[0] == pytest.approx(5000)


def test_smoothing_is_a_soft_label():
    h = torch.linspace(-4, 4, 9)
    smoothed = dpo(at_margin(h), 0.3, label_smoothing=0.1).losses_B
    assert torch.allclose(smoothed, dpo(at_margin(h), 0.3, p_B=torch.full((9,), 0.9)).losses_B)


def test_a_tie_is_best_at_margin_zero():
    h = torch.zeros(1, requires_grad=True)
    dpo(at_margin(h), 1.0, p_B=torch.tensor([0.5])).losses_B.sum().backward()
    assert h.grad.abs().item() < 1e-7


@pytest.mark.parametrize("name", PAIRWISE)
def test_weights_scale_each_pair_alone(name):
    logps = at_margin(torch.tensor([0.3, -1.2]))
    plain = PAIRWISE[name](logps, 0.4).losses_B
    scaled = PAIRWISE[name](logps, 0.4, weight_B=torch.tensor([2.0, 0.0])).losses_B
    assert torch.allclose(scaled, plain * torch.tensor([2.0, 0.0]))


@pytest.mark.parametrize("name", PAIRWISE)
def test_rewards_are_detached_and_carry_beta(name):
    chosen = torch.tensor([-4.0], requires_grad=True)
    zero = torch.zeros(1)
    result = PAIRWISE[name](PairLogps(chosen, zero, zero - 1, zero), 0.5)
    assert result.chosen_rewards_B.item() == pytest.approx(-1.5)
    assert not result.chosen_rewards_B.requires_grad


def test_ipo_is_zero_at_one_over_two_beta():
    h = torch.tensor([1 / (2 * 0.1)], requires_grad=True)
    losses = ipo(at_margin(h), beta=0.1).losses_B
    losses.sum().backward()
    assert losses.item() == pytest.approx(0, abs=1e-9)
    assert h.grad.item() == pytest.approx(0, abs=1e-5)


def test_hinge_is_one_at_the_reference_and_flat_beyond_the_margin():
    assert hinge(at_margin(torch.zeros(1)), 0.7).losses_B.item() == pytest.approx(1)
    h = torch.tensor([2.0], requires_grad=True)
    hinge(at_margin(h), 1.0).losses_B.sum().backward()
    assert h.grad.item() == 0


def test_the_robust_loss_of_votes_turned_around_as_often_as_it_says_is_that_of_the_true_ones():
    h = torch.linspace(-4, 4, 9)
    seen = 0.8 * robust(at_margin(h), 0.5, 0.2).losses_B + 0.2 * robust(at_margin(-h), 0.5, 0.2).losses_B
    assert torch.allclose(seen, dpo(at_margin(h), 0.5).losses_B, atol=1e-6)
    # the conservative form keeps a bias
    seen = 0.8 * dpo(at_margin(h), 0.5, 0.2).losses_B + 0.2 * dpo(at_margin(-h), 0.5, 0.2).losses_B
    assert not torch.allclose(seen, dpo(at_margin(h), 0.5).losses_B, atol=0.1)
    with pytest.raises(ValueError, match="label_smoothing"):
        robust(at_margin(h), 0.5, 0.5)


def test_ofs_gradients_at_equal_margins_gain_half_alpha():
    for m in (-2.0, 0.0, 1.5):
        fast = torch.tensor([m], requires_grad=True)
        slow = torch.tensor([m], requires_grad=True)
        losses = ofs_dpo(at_margin(fast), at_margin(slow), beta=1.0, alpha=0.4)
        (losses.fast.losses_B + losses.slow.losses_B).sum().backward()
        expected = -1 / (1 + math.exp(m)) - 0.4 / 2
        assert fast.grad.item() == pytest.approx(expected, abs=1e-6)
        assert slow.grad.item() == pytest.approx(expected, abs=1e-6)


def test_ofs_pull_vanishes_for_a_fast_side_far_ahead_and_is_alpha_when_the_slow_side_overtakes():
    for gap, pull in ((-8.0, 0.4), (8.0, 0.0)):
        fast = torch.tensor([30.0 + gap], requires_grad=True)
        slow = torch.tensor([30.0], requires_grad=True)
        losses = ofs_dpo(at_margin(fast), at_margin(slow), beta=1.0, alpha=0.4)
        (losses.fast.losses_B + losses.slow.losses_B).sum().backward()
        assert fast.grad.item() == pytest.approx(-pull, abs=1e-3)
        assert slow.grad.item() == pytest.approx(-pull, abs=1e-3)


def test_ofs_without_chase_is_dpo_twice():
    fast, slow = at_margin(torch.tensor([0.4])), at_margin(torch.tensor([-0.9]))
    losses = ofs_dpo(fast, slow, beta=0.2, alpha=0.0)
    assert torch.equal(losses.fast.losses_B, dpo(fast, 0.2).losses_B)
    assert torch.equal(losses.slow.losses_B, dpo(slow, 0.2).losses_B)
    assert torch.equal(losses.base_slow_B, dpo(slow, 0.2).losses_B)


def test_ofs_tie_pulls_neither_side_at_margin_zero():
    fast, slow = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = ofs_dpo(at_margin(fast), at_margin(slow), 1.0, 0.5, p_B=torch.tensor([0.5]))
    (losses.fast.losses_B + losses.slow.losses_B).sum().backward()
    assert fast.grad.abs().item() < 1e-7
    assert slow.grad.abs().item() < 1e-7


@pytest.mark.parametrize("name", PAIRWISE)
def test_gradients_agree_with_finite_differences(name):
    inputs = [x.requires_grad_() for x in logps_like(5, seed=1)]
    p, weight = torch.rand(5, dtype=torch.float64), torch.rand(5, dtype=torch.float64)
    run = lambda *four: PAIRWISE[name](PairLogps(*four), 0.7, 0.1, p, weight).losses_B
    assert gradcheck(run, inputs)


def test_ofs_gradients_agree_with_finite_differences_of_the_side_that_is_not_constant():
    fixed = PairLogps(*logps_like(5, seed=2))
    inputs = [x.requires_grad_() for x in logps_like(5, seed=3)]
    assert gradcheck(lambda *four: ofs_dpo(PairLogps(*four), fixed, 0.7, 0.3).fast.losses_B, inputs)
    assert gradcheck(lambda *four: ofs_dpo(fixed, PairLogps(*four), 0.7, 0.3).slow.losses_B, inputs)


@pytest.mark.parametrize("name", PAIRWISE)
def test_bf16_log_probabilities_are_compared_in_fp32(name):
    logps = PairLogps(*(torch.tensor([x], dtype=torch.bfloat16) for x in (-100.0, -101.0, -100.5, -100.0)))
    assert PAIRWISE[name](logps, 0.1).losses_B.dtype == torch.float32


@pytest.mark.parametrize("name", PAIRWISE)
def test_senseless_options_are_refused(name):
    logps = at_margin(torch.zeros(1))
    with pytest.raises(ValueError, match="beta"):
        PAIRWISE[name](logps, -0.1)
    with pytest.raises(ValueError, match="label_smoothing"):
        PAIRWISE[name](logps, 0.1, label_smoothing=0.6)
    with pytest.raises(ValueError, match="alpha"):
        ofs_dpo(logps, logps, 0.1, alpha=-1.0)


def test_the_sft_term_is_the_winners_log_probability_and_knows_no_reference():
    chosen, rejected, *reference = logps_like(5, 11)
    logps = PairLogps(chosen, rejected, *reference)
    assert torch.equal(sft(logps), -chosen)
    assert torch.equal(sft(logps, torch.ones(5)), -chosen) and torch.equal(
        sft(logps, torch.zeros(5)), -rejected
    )
    tied = sft(logps, torch.full((5,), 0.5), torch.full((5,), 3.0))
    assert torch.allclose(tied, -1.5 * (chosen + rejected))
