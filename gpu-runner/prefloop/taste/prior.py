"""What people have in common: the prior over their weights, fitted to their votes (empirical Bayes).

Shapes: P people · K weights.
"""

from collections.abc import Sequence

import numpy as np

from prefloop.taste.posterior import Contrasts, Numbers, Taste, taste_posterior

ROUNDS = 100
# change of a standardised mean or of a log standard deviation in one round, below which the prior is found
CLOSE = 1e-3
# people that the first guess counts as: a covariance of a few people is not to collapse
GUESSED_PEOPLE = 4.0


def fit_prior(people: Sequence[Contrasts], size: int, rounds: int = ROUNDS) -> Taste:
    """Expectation maximisation with Laplace's posteriors, from a standard normal that counts as a few people: features
    should have about one unit of spread (`feature_scale`). Raises ValueError without people who voted."""
    voters = [votes for votes in people if len(votes.weight_V)]
    if not voters:
        raise ValueError("a prior needs votes: nobody has any")
    prior = Taste(np.zeros(size), np.eye(size))
    for _ in range(rounds):
        known = [taste_posterior(votes, prior) for votes in voters]
        mean_PK = np.stack([taste.mean_K for taste in known])
        mean_K = mean_PK.sum(0) / (len(voters) + GUESSED_PEOPLE)
        from_PK = mean_PK - mean_K
        spread_KK = sum((taste.covariance_KK for taste in known), from_PK.T @ from_PK)
        covariance_KK = (spread_KK + GUESSED_PEOPLE * np.eye(size)) / (len(voters) + GUESSED_PEOPLE)
        moved = _distance(prior, mean_K, covariance_KK)
        precision_KK = np.linalg.inv(covariance_KK)
        # the edge takes a precision that is symmetric to the bit
        prior = Taste(mean_K, (precision_KK + precision_KK.T) / 2)
        if moved < CLOSE:
            break
    return prior


def feature_scale(people: Sequence[Contrasts]) -> float:
    """What a difference of features is multiplied by: 1 / its root mean square over all votes.

    Raises ValueError where no vote tells any difference."""
    square = np.concatenate([votes.difference_VK.ravel() for votes in people] or [np.zeros(0)])
    spread = float(np.sqrt(np.mean(np.square(square)))) if len(square) else 0.0
    if not spread > 0:
        raise ValueError("the votes compare what the basis sees no difference in")
    return 1 / spread


def _distance(prior: Taste, mean_K: Numbers, covariance_KK: Numbers) -> float:
    before_K, after_K = np.sqrt(np.diag(prior.covariance_KK)), np.sqrt(np.diag(covariance_KK))
    return float(
        max(np.abs((mean_K - prior.mean_K) / after_K).max(), np.abs(np.log(after_K / before_K)).max())
    )
