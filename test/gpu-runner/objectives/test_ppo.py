"""PPO's parts and the reward model's loss."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from prefloop.objectives.ppo import gae, policy_loss, token_rewards, value_loss, whiten
from prefloop.objectives.reward_model import reward_model

MASK = torch.tensor([[True, True, True, True], [True, True, False, False]])


def drawn(seed: int, grad: bool = False) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 4, generator=generator, dtype=torch.float64).requires_grad_(grad)


def test_the_policy_that_drew_pays_minus_the_mean_advantage_which_is_zero_when_white():
    advantages = whiten(drawn(0), MASK)
    loss = policy_loss(drawn(1), drawn(1), advantages, MASK, 0.2)
    assert loss.item() == pytest.approx(-(advantages * MASK).sum().item() / 6) == pytest.approx(0, abs=1e-12)
    assert (advantages[~MASK] == 0).all()
    assert (advantages[MASK].square().mean()).item() == pytest.approx(1, abs=1e-5)


def test_a_ratio_beyond_the_clip_gives_no_gradient_where_it_would_gain():
    old = torch.zeros(1, 2, dtype=torch.float64)
    new = torch.tensor([[0.5, 0.5]], dtype=torch.float64, requires_grad=True)
    policy_loss(
        new, old, torch.tensor([[1.0, -1.0]]).double(), torch.ones(1, 2, dtype=torch.bool), 0.2
    ).backward()
    assert new.grad[0, 0] == 0 and new.grad[0, 1] > 0


def test_rewards_are_the_kl_at_every_token_and_the_score_at_the_last():
    logps, reference = torch.full((2, 4), -1.0), torch.full((2, 4), -1.5)
    rewards = token_rewards(
        torch.tensor([2.0, 3.0]), logps, reference, MASK, torch.tensor([True, False]), 0.1, -10.0
    )
    # what was cut gets -10 in the place of its score
    expected = [[-0.05, -0.05, -0.05, 1.95], [-0.05, -10.05, 0, 0]]
    assert torch.allclose(rewards, torch.tensor(expected))


def test_advantages_without_discount_are_what_is_still_to_come_less_the_value():
    rewards, values = drawn(2) * MASK, drawn(3) * MASK
    advantages, returns = gae(rewards, values, MASK, 1.0, 1.0)
    to_come = rewards.flip(1).cumsum(1).flip(1)
    assert torch.allclose(advantages, (to_come - values) * MASK)
    assert torch.allclose(returns, to_come * MASK)
    one_step, _ = gae(rewards, values, MASK, 0.9, 0.0)
    following = torch.cat((values[:, 1:], torch.zeros(2, 1)), 1)
    assert torch.allclose(one_step, (rewards + 0.9 * following - values) * MASK)


def test_gradients_are_those_of_finite_differences():
    advantages = drawn(4)
    assert gradcheck(lambda new: policy_loss(new, drawn(5), advantages, MASK, 0.2), (drawn(6, grad=True),))
    assert gradcheck(lambda values: value_loss(values, drawn(7), drawn(8), MASK, 0.2), (drawn(9, grad=True),))
    p, weight = torch.tensor([1.0, 0.3]).double(), torch.tensor([1.0, 0.5]).double()
    scores = drawn(10, grad=True)
    assert gradcheck(lambda x: reward_model(x[0, :2], x[1, :2], 0.4, p, weight), (scores,))


def test_a_value_may_not_leave_the_old_one_for_a_smaller_error():
    old, mask = torch.zeros(1, 1), torch.ones(1, 1, dtype=torch.bool)
    returns = torch.ones(1, 1)
    assert value_loss(torch.ones(1, 1), old, returns, mask, 0.2).item() == pytest.approx(0.5 * 0.8**2)


def test_the_reward_model_begins_at_ln_2_and_its_gradients_are_equal_and_bounded():
    chosen, rejected = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    losses = reward_model(chosen, rejected)
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([math.log(2)] * 2)
    assert chosen.grad.tolist() == [-0.5, -0.5] and rejected.grad.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError):
        reward_model(chosen, rejected, margin=-1.0)
