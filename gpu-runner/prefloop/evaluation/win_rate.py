"""How often one side's answers are preferred, with and without what length explains."""

from collections.abc import Sequence

import numpy as np

from prefloop.gates.interval import Measured

RESAMPLES = 1000


def win_rate(wins: Sequence[float], seed: int = 0) -> Measured:
    """Mean of 1 (win), ½ (tie), 0 (loss), one per prompt; percentile bootstrap over prompts, 95 %."""
    return _bootstrap(lambda rows_N: float(wins_N[rows_N].mean()), wins_N := _checked(wins), seed)


def length_controlled(
    wins: Sequence[float], lengths: Sequence[float], other_lengths: Sequence[float], seed: int = 0
) -> Measured:
    """The win rate that is left where both answers are equally long, in the manner of AlpacaEval 2 (arXiv 2404.04475).

    A logistic regression of the wins on an intercept and tanh((length - other) / its standard deviation), read at 0. Left
    out: that paper's term for the difficulty of a prompt, which needs many models on the same prompts.
    """
    wins_N = _checked(wins)
    gaps_N = np.asarray(lengths, float) - np.asarray(other_lengths, float)
    if gaps_N.shape != wins_N.shape:
        raise ValueError("every comparison needs both lengths")
    return _bootstrap(lambda rows_N: at_equal_length(wins_N[rows_N], gaps_N[rows_N]), wins_N, seed)


def at_equal_length(wins_N: np.ndarray, gaps_N: np.ndarray) -> float:
    """Newton's method; a small ridge on the length keeps it finite where length decides everything."""
    spread = gaps_N.std()
    if not spread:
        return float(wins_N.mean())
    features_N2 = np.stack([np.ones_like(gaps_N), np.tanh(gaps_N / spread)], 1)
    ridge_22 = np.diag([1e-6, 1e-4])
    weights_2 = np.zeros(2)
    for _ in range(100):
        means_N = 1 / (1 + np.exp(-features_N2 @ weights_2))
        slope_2 = features_N2.T @ (wins_N - means_N) - ridge_22 @ weights_2
        curvature_22 = (features_N2 * (means_N * (1 - means_N))[:, None]).T @ features_N2 + ridge_22
        step_2 = np.clip(np.linalg.solve(curvature_22, slope_2), -2, 2)
        weights_2 = np.clip(weights_2 + step_2, -30, 30)
        if np.abs(step_2).max() < 1e-8:
            break
    return float(1 / (1 + np.exp(-weights_2[0])))


def _checked(wins: Sequence[float]) -> np.ndarray:
    wins_N = np.asarray(wins, float)
    if not wins_N.size or not ((wins_N >= 0) & (wins_N <= 1)).all():
        raise ValueError("a win rate needs at least one comparison, each between 0 (lost) and 1 (won)")
    return wins_N


def _bootstrap(measure, wins_N: np.ndarray, seed: int) -> Measured:
    generator = np.random.default_rng(seed)
    n = wins_N.size
    drawn = [measure(generator.integers(0, n, n)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Measured(measure(np.arange(n)), float(low), float(high), n)
