"""The oracles of the objectives of pictures: values and gradients that are known without running a model."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from prefloop.objectives.diffusion_dpo import PairErrors, diffusion_dpo
from prefloop.objectives.rank_dpo import pair_weights, preference_probability, rank_dpo

FOUR = torch.tensor([[1.0, 2 / 3, 1 / 3, 0.0]], dtype=torch.float64)


def errors(count: int = 4) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(count, generator=generator, dtype=torch.float64) for _ in range(4)]


def test_diffusion_dpo_at_the_reference_is_ln_2_with_slopes_of_a_quarter_beta():
    chosen, rejected, *_ = errors()
    chosen.requires_grad_(), rejected.requires_grad_()
    losses = diffusion_dpo(
        PairErrors(chosen, rejected, chosen.detach(), rejected.detach()), beta=8.0
    ).losses_B
    losses.sum().backward()
    assert torch.allclose(losses, torch.full_like(losses, math.log(2)))
    # a smaller error of the chosen picture lowers the loss
    assert torch.allclose(chosen.grad, torch.full_like(chosen, 2.0))
    assert torch.allclose(rejected.grad, torch.full_like(rejected, -2.0))


def test_diffusion_dpo_is_the_authors_arithmetic():
    w, l, ref_w, ref_l = errors()
    inside = -0.5 * 5000 * ((w - l) - (ref_w - ref_l))
    losses = diffusion_dpo(PairErrors(w, l, ref_w, ref_l), 5000)
    assert torch.allclose(losses.losses_B, -torch.nn.functional.logsigmoid(inside))
    assert torch.allclose(losses.chosen_rewards_B - losses.rejected_rewards_B, inside)
    # the mean of losses, not the loss of the mean (diffusers issue 6702)
    gentle = diffusion_dpo(PairErrors(w, l, ref_w, ref_l), 5).losses_B.mean()
    assert not torch.allclose(gentle, -torch.nn.functional.logsigmoid(inside.mean() / 1000), atol=1e-3)


def test_a_turned_pair_with_the_turned_label_costs_the_same():
    w, l, ref_w, ref_l = errors()
    p = torch.tensor([1.0, 0.5, 0.2, 0.9], dtype=torch.float64)
    one = diffusion_dpo(PairErrors(w, l, ref_w, ref_l), 3.0, 0.1, p).losses_B
    other = diffusion_dpo(PairErrors(l, w, ref_l, ref_w), 3.0, 0.1, 1 - p).losses_B
    assert torch.allclose(one, other)


def test_gradients_agree_with_finite_differences():
    inputs = [x.requires_grad_() for x in errors()]
    p, weight = torch.rand(4, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    assert gradcheck(lambda *four: diffusion_dpo(PairErrors(*four), 5.0, 0.1, p, weight).losses_B, inputs)
    scores = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    phi = torch.tensor([[1.0, 0.5, 0.5, 0.0], [0.2, 0.9, 0.4, 0.1]], dtype=torch.float64)
    assert gradcheck(lambda s: rank_dpo(s, phi, 0.7, weight[:2]), scores)


def test_pair_weights_are_those_of_four_pictures_in_order():
    weights = pair_weights(FOUR)[0]
    expected = {
        (0, 1): 0.2197,
        (0, 2): 0.5339,
        (0, 3): 0.8214,
        (1, 2): 0.0619,
        (1, 3): 0.1697,
        (2, 3): 0.0260,
    }
    for (i, j), weight in expected.items():
        assert weights[i, j].item() == pytest.approx(weight, abs=5e-5) and weights[j, i] == weights[i, j]


def test_rank_dpo_at_the_reference_is_ln_2_times_the_weights():
    scores = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    loss = rank_dpo(scores, FOUR, 0.3)
    loss.sum().backward()
    assert loss.item() == pytest.approx(math.log(2) * 1.8326, abs=1e-4)
    # gradients lower the best one's error and raise the worst one's
    assert scores.grad[0, 0] > 0 > scores.grad[0, 3]


def test_the_order_of_pictures_does_not_matter_and_equals_say_nothing_of_each_other():
    scores, phi = (
        torch.randn(1, 4, dtype=torch.float64),
        torch.tensor([[0.5, 1.0, 0.5, 0.0]], dtype=torch.float64),
    )
    order = torch.tensor([2, 0, 3, 1])
    assert torch.allclose(rank_dpo(scores, phi, 1.0), rank_dpo(scores[:, order], phi[:, order], 1.0))
    assert pair_weights(phi)[0, 0, 2] == 0
    assert rank_dpo(scores, torch.full((1, 4), 0.5, dtype=torch.float64), 1.0).item() == 0


def test_two_pictures_are_gain_weighted_dpo():
    scores, phi = (
        torch.tensor([[0.2, -0.4]], dtype=torch.float64),
        torch.tensor([[1.0, 0.0]], dtype=torch.float64),
    )
    gain = (2 - 1) * abs(1 / math.log(2) - 1 / math.log(3))
    expected = -gain * torch.nn.functional.logsigmoid(torch.tensor(-1.5 * 0.6, dtype=torch.float64))
    assert torch.allclose(rank_dpo(scores, phi, 1.5), expected[None])


def test_phi_is_the_share_of_comparisons_won():
    rewards = torch.tensor([[[3.0, 1.0], [2.0, 2.0], [1.0, 2.0]]])
    assert preference_probability(rewards).tolist() == [[0.5, 0.5, 0.25]]
    with pytest.raises(ValueError, match="one picture"):
        preference_probability(torch.zeros(1, 1, 5))


@pytest.mark.parametrize(
    ("scores", "phi", "beta", "said"),
    [
        (torch.zeros(1, 3), torch.zeros(1, 4), 1.0, "k"),
        (torch.zeros(1, 2), torch.tensor([[0.5, 1.5]]), 1.0, "phi"),
        (torch.zeros(1, 2), torch.zeros(1, 2), 0.0, "beta"),
    ],
)
def test_what_makes_no_sense_is_refused(scores, phi, beta, said):
    with pytest.raises(ValueError, match=said):
        rank_dpo(scores, phi, beta)
