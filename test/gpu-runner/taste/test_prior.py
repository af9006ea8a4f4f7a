"""The posterior's rules about its input, and what people have in common as their votes show it."""

import numpy as np
import pytest

from prefloop.taste.posterior import Contrasts, Taste, contrasts, taste_posterior
from prefloop.taste.prior import feature_scale, fit_prior

MEAN, SPREAD = np.array([1.0, 0.0, -0.5]), np.array([0.5, 1.5, 1.0])


def voters(count: int, votes: int, seed: int = 0) -> tuple[np.ndarray, list[Contrasts]]:
    """(tastes, votes) of people drawn from a population with mean MEAN and deviations SPREAD."""
    rng = np.random.default_rng(seed)
    tastes_PK = MEAN + SPREAD * rng.normal(size=(count, 3))
    people = []
    for taste_K in tastes_PK:
        difference_VK = rng.normal(size=(votes, 3))
        agrees_V = rng.random(votes) < 1 / (1 + np.exp(-difference_VK @ taste_K))
        people.append(contrasts(np.where(agrees_V[:, None], difference_VK, -difference_VK), 3))
    return tastes_PK, people


def test_the_prior_is_that_of_the_population():
    _, people = voters(300, 20)
    prior = fit_prior(people, 3)
    np.testing.assert_allclose(prior.mean_K, MEAN, atol=0.25)
    np.testing.assert_allclose(np.sqrt(np.diag(prior.covariance_KK)), SPREAD, rtol=0.3)
    assert (prior.precision_KK == prior.precision_KK.T).all()


def test_a_fitted_prior_makes_few_votes_worth_more():
    prior = fit_prior(voters(300, 12)[1], 3)
    tastes_PK, people = voters(200, 4, seed=1)

    def error(under: Taste) -> float:
        found = np.stack([taste_posterior(votes, under).mean_K for votes in people])
        return float(np.square(found - tastes_PK).sum(1).mean())

    assert error(prior) < 0.8 * error(Taste(np.zeros(3), np.eye(3)))


def test_one_voter_makes_a_prior_that_is_still_wide():
    prior = fit_prior(voters(1, 3)[1], 3)
    assert (np.sqrt(np.diag(prior.covariance_KK)) > 0.5).all()


def test_the_scale_brings_differences_to_one():
    people = [contrasts([[0.01, -0.02]], 2), contrasts([[0.03, 0.0], [0.02, 0.01]], 2)]
    scale = feature_scale(people)
    scaled = np.concatenate([votes.difference_VK for votes in people]) * scale
    assert np.mean(np.square(scaled)) == pytest.approx(1.0)


def test_votes_that_say_nothing_are_refused():
    with pytest.raises(ValueError, match="sees no difference"):
        feature_scale([contrasts([[0.0, 0.0]], 2)])
    with pytest.raises(ValueError, match="nobody has any"):
        fit_prior([contrasts([], 2)], 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"difference": [[float("nan"), 0.0]]}, "finite"),
        ({"difference": [[1.0, 0.0]], "probability": [1.1]}, "from 0 to 1"),
        ({"difference": [[1.0, 0.0]], "weight": [-1.0]}, "at least 0"),
        ({"difference": [[1.0, 0.0]], "weight": [float("inf")]}, "at least 0"),
    ],
)
def test_a_vote_that_is_none_is_refused(given: dict, said: str):
    with pytest.raises(ValueError, match=said):
        contrasts(size=2, **given)


@pytest.mark.parametrize("precision", [np.zeros((2, 2)), np.array([[1.0, 2.0], [2.0, 1.0]]), np.eye(3)])
def test_a_prior_that_is_none_is_refused(precision: np.ndarray):
    with pytest.raises(ValueError, match="precision"):
        taste_posterior(contrasts([[1.0, 0.0]], 2), Taste(np.zeros(2), precision))
