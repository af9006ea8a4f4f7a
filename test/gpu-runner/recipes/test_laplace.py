"""The posterior of a user projection: what ridge regression says of votes of one kind, whatever batches they come in."""

import pytest
import torch
from device import DEVICE
from image.random_pipelines import PIPELINES

from prefloop.image.model import ImageModel
from prefloop.image.personalize import UserProjection, personalize
from prefloop.image.step import Told
from prefloop.recipes.laplace import LaplacePolicy, new_laplace_policy

WIDTH, PRECISION = 2, 3.0


@pytest.fixture(scope="module")
def model() -> ImageModel:
    return ImageModel(PIPELINES["sd15"]().to(DEVICE), "sd15")


@pytest.fixture
def policy(model: ImageModel) -> LaplacePolicy:
    return new_laplace_policy(personalize(model, WIDTH), PRECISION)


def votes(projection: UserProjection, count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(users [R, 1, U], each ±1 along one of two axes; what each vote would have users say [R, 1, D])."""
    generator = torch.Generator().manual_seed(seed)
    axis = torch.randint(0, WIDTH, (count,), generator=generator)
    sign = torch.randint(0, 2, (count, 1), generator=generator) * 2.0 - 1
    users = torch.nn.functional.one_hot(axis, WIDTH) * sign
    wished = torch.randn((count, len(projection.matrix_DU)), generator=generator)
    return users[:, None].to(DEVICE), wished[:, None].to(DEVICE)


def learn(policy: LaplacePolicy, users: torch.Tensor, wished: torch.Tensor) -> bool:
    """Log-odds that are linear in what users say."""
    told = Told(users, policy.adapter.tokens(users).detach().requires_grad_())
    loss = torch.nn.functional.softplus(-(told.tokens_RTD * wished).sum((1, 2))).mean()
    return policy.learn(loss, told)[1]


def test_one_batch_is_newtons_step_from_the_prior(policy: LaplacePolicy):
    users, wished = votes(policy.adapter, 200)
    assert learn(policy, users, wished)
    gradient_RD = -0.5 * wished[:, 0]
    evidence_DU = -gradient_RD.T @ users[:, 0]
    # half of the votes say something of each axis
    information_U = users[:, 0].square().mean(0)
    for axis in range(WIDTH):
        curvature_DD = gradient_RD.T @ gradient_RD * information_U[axis]
        best_D = torch.linalg.solve(
            curvature_DD + PRECISION * torch.eye(len(curvature_DD), device=DEVICE), evidence_DU[:, axis]
        )
        torch.testing.assert_close(policy.adapter.matrix_DU[:, axis].detach(), best_D, atol=1e-4, rtol=1e-3)


def test_in_many_batches_it_comes_to_the_same_taste(policy: LaplacePolicy, model: ImageModel):
    users, wished = votes(policy.adapter, 4000)
    taste_UD = torch.randn((WIDTH, wished.shape[2]), generator=torch.Generator().manual_seed(7)).to(DEVICE)
    liked_R = (users @ taste_UD * wished).sum((1, 2)) > 0
    wished = torch.where(liked_R[:, None, None], wished, -wished)
    backwards = new_laplace_policy(personalize(model, WIDTH), PRECISION)
    for start in range(0, 4000, 50):
        learn(policy, users[start : start + 50], wished[start : start + 50])
        learn(backwards, users.flip(0)[start : start + 50], wished.flip(0)[start : start + 50])
    along = lambda one, other: torch.cosine_similarity(one.flatten(), other.flatten(), 0).item()
    found, other = policy.adapter.matrix_DU.detach(), backwards.adapter.matrix_DU.detach()
    assert along(found, taste_UD.T) > 0.9
    assert along(found, other) > 0.95


def test_what_is_not_finite_changes_nothing(policy: LaplacePolicy):
    users, wished = votes(policy.adapter, 8)
    learn(policy, users, wished)
    before = {name: value.clone() for name, value in policy.tensors("policy").items()}
    wished[3, 0, 0] = torch.inf
    assert not learn(policy, users, wished)
    assert all(torch.equal(policy.tensors("policy")[name], value) for name, value in before.items())


def test_another_projections_state_is_refused(policy: LaplacePolicy, model: ImageModel):
    other = new_laplace_policy(personalize(model, WIDTH + 1), PRECISION)
    with pytest.raises(ValueError, match=r"the state has no policy\.weights of \d+ numbers"):
        policy.restore("policy", other.tensors("policy"))
