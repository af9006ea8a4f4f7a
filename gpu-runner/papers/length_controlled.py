"""A win rate with the part that length explains taken out, in the manner of AlpacaEval 2 (arXiv 2404.04475)."""

import numpy as np

from papers.tiny import Replies
from prefloop.tiny.personas import score


def length_controlled(persona: str, replies: Replies) -> float:
    """Predicted win rate over the base where both answers are equally long."""
    wins, gaps = [], []
    for prompt, ours, theirs in zip(replies.prompts, replies.ours, replies.theirs, strict=True):
        gain = score(persona, prompt, ours) - score(persona, prompt, theirs)
        wins.append(0.5 + 0.5 * np.sign(gain))
        gaps.append(len(ours.split()) - len(theirs.split()))
    return predicted_at_equal_length(np.array(wins), np.array(gaps, float))


def predicted_at_equal_length(wins_N: np.ndarray, gaps_N: np.ndarray) -> float:
    """Logistic regression of the wins on an intercept and tanh(gap / its deviation); a small ridge keeps it finite."""
    spread = gaps_N.std()
    features_N2 = np.stack([np.ones_like(gaps_N), np.tanh(gaps_N / spread) if spread else 0 * gaps_N], 1)
    weights_2 = np.zeros(2)
    ridge_22 = 1e-3 * np.eye(2)
    for _ in range(50):
        means_N = 1 / (1 + np.exp(-features_N2 @ weights_2))
        slope_2 = features_N2.T @ (wins_N - means_N) - ridge_22 @ weights_2
        curvature_22 = (features_N2 * (means_N * (1 - means_N))[:, None]).T @ features_N2 + ridge_22
        weights_2 = weights_2 + np.linalg.solve(curvature_22, slope_2)
    return float(1 / (1 + np.exp(-weights_2[0])))
