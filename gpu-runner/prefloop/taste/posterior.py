"""A person's taste from a handful of votes, mirrored from shared/math/taste-posterior.ts: the Bradley-Terry posterior over K
weights, Laplace's approximation at the mode, in fp64.

Shapes: V votes · K weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]

MAX_STEPS = 100
# length of a Newton step, in standard deviations, below which the mode is found
CLOSE = 1e-10


@dataclass(frozen=True)
class Taste:
    """A normal distribution over K weights: mean (K,), and precision (K, K), the inverse of its covariance."""

    mean_K: Numbers
    precision_KK: Numbers

    @property
    def covariance_KK(self) -> Numbers:
        return np.linalg.inv(self.precision_KK).astype(np.float64)

    @property
    def uncertainty_K(self) -> Numbers:
        """Standard deviation of each weight."""
        return np.sqrt(np.diag(self.covariance_KK))


@dataclass(frozen=True)
class Contrasts:
    """Votes: features of the chosen less those of the other (V, K); that the first is better, 0..1; how much each counts."""

    difference_VK: Numbers
    probability_V: Numbers
    weight_V: Numbers

    def first(self, count: int) -> "Contrasts":
        return Contrasts(self.difference_VK[:count], self.probability_V[:count], self.weight_V[:count])


def contrasts(
    difference: ArrayLike, size: int, probability: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Contrasts:
    """size: K. Certain votes of weight 1 unless told. Raises ValueError for features of another number or not finite, a
    probability outside 0..1, a weight that is negative."""
    difference_VK = np.asarray(difference, dtype=np.float64).reshape(-1, size)
    count = len(difference_VK)
    probability_V, weight_V = (
        np.ones(count) if given is None else np.asarray(given, dtype=np.float64)
        for given in (probability, weight)
    )
    if not np.isfinite(difference_VK).all():
        raise ValueError("features must be finite")
    if not ((probability_V >= 0) & (probability_V <= 1)).all():
        raise ValueError("a vote's probability lies from 0 to 1")
    if not ((weight_V >= 0) & np.isfinite(weight_V)).all():
        raise ValueError("a vote's weight is at least 0 and finite")
    return Contrasts(difference_VK, probability_V, weight_V)


def taste_posterior(votes: Contrasts, prior: Taste) -> Taste:
    """The prior updated by the votes; their order does not matter. Raises ValueError for a prior whose precision is not
    positive definite, and for votes of another number of features."""
    size = len(prior.mean_K)
    if prior.precision_KK.shape != (size, size) or votes.difference_VK.shape[1] != size:
        raise ValueError(
            f"a prior over {size} weights has a precision of {size} × {size}, its votes as many features"
        )
    if not _is_positive(prior.precision_KK):
        raise ValueError("the prior's precision must be finite and positive definite")
    mean_K = prior.mean_K.copy()
    value = _log_posterior(mean_K, votes, prior)
    gradient_K, precision_KK = _curvature(mean_K, votes, prior)
    for _ in range(MAX_STEPS):
        step_K = np.linalg.solve(precision_KK, gradient_K)
        if np.sqrt(max(0.0, step_K @ gradient_K)) < CLOSE:
            break
        length = 1.0
        while True:
            # the log posterior is concave: halving a step that overshoots always finds a better place
            reached = _log_posterior(mean_K + length * step_K, votes, prior)
            if reached >= value or length < 1e-6:
                mean_K, value = mean_K + length * step_K, reached
                break
            length /= 2
        gradient_K, precision_KK = _curvature(mean_K, votes, prior)
    return Taste(mean_K, precision_KK)


def predict_preference(taste: Taste, difference_K: Numbers) -> float:
    """The probability that the first of two candidates is preferred, averaged over the posterior (MacKay 1992)."""
    variance = difference_K @ np.linalg.solve(taste.precision_KK, difference_K)
    return float(_sigmoid(taste.mean_K @ difference_K / np.sqrt(1 + np.pi * variance / 8)))


def _log_posterior(mean_K: Numbers, votes: Contrasts, prior: Taste) -> float:
    from_K = mean_K - prior.mean_K
    margin_V = votes.difference_VK @ mean_K
    p_V = votes.probability_V
    loss_V = p_V * np.logaddexp(0, -margin_V) + (1 - p_V) * np.logaddexp(0, margin_V)
    return float(-from_K @ prior.precision_KK @ from_K / 2 - votes.weight_V @ loss_V)


def _curvature(mean_K: Numbers, votes: Contrasts, prior: Taste) -> tuple[Numbers, Numbers]:
    """Of the log posterior: its gradient, and minus its second derivative."""
    expected_V = _sigmoid(votes.difference_VK @ mean_K)
    pull_V = votes.weight_V * (votes.probability_V - expected_V)
    spread_V = votes.weight_V * expected_V * (1 - expected_V)
    gradient_K = prior.precision_KK @ (prior.mean_K - mean_K) + pull_V @ votes.difference_VK
    return gradient_K, prior.precision_KK + (votes.difference_VK.T * spread_V) @ votes.difference_VK


def _sigmoid(x: Numbers) -> Numbers:
    return np.exp(-np.logaddexp(0, -x))


def _is_positive(precision_KK: Numbers) -> bool:
    try:
        return bool(np.isfinite(np.linalg.cholesky(precision_KK)).all())
    except np.linalg.LinAlgError:
        return False
