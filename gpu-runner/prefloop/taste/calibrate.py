"""How far a preference goes as a mixture weight: tried on replies, kept where people like them best and nothing breaks.

A preference weight says how a person votes, a mixture weight how the model is bent; the first is right up to a factor at
best, and a model bent too far writes nonsense. Both limits come from what is measured on generated replies.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from prefloop.taste.posterior import Numbers


@dataclass(frozen=True)
class Measured:
    """Of replies through mixtures against the base's: how often they win (ties half), the share that is sound, their mean
    length over the base's."""

    win_rate: float
    sound: float
    length_ratio: float


@dataclass(frozen=True)
class Calibration:
    """strength: mixture weight of one unit of preference weight. most: largest sum of absolute mixture weights."""

    strength: float
    most: float


@dataclass(frozen=True)
class Bounds:
    """min_sound: the least share of sound replies. max_length_ratio: and no shorter than its inverse."""

    min_sound: float
    max_length_ratio: float = 2.0

    def hold(self, measured: Measured) -> bool:
        ratio = self.max_length_ratio
        return measured.sound >= self.min_sound and 1 / ratio <= measured.length_ratio <= ratio


def mixture_weights(mean_K: Numbers, calibration: Calibration) -> list[float]:
    """Of the weights that a taste gives preferences, as the edge computes them."""
    weights_K = calibration.strength * mean_K
    total = np.abs(weights_K).sum()
    return (weights_K * min(1.0, calibration.most / total) if total > 0 else weights_K).tolist()


def calibrate(
    measure: Callable[[Calibration], Measured],
    strengths: Sequence[float],
    most: Sequence[float],
    bounds: Bounds,
) -> tuple[Calibration, dict[Calibration, Measured]]:
    """(the one that wins most often of those within the bounds, what each measured). The first one wins a tie.

    Raises ValueError where none of them keeps the bounds: the basis is not to be mixed.
    """
    tried = {
        calibration: measure(calibration)
        for calibration in (Calibration(strength, limit) for strength, limit in product(strengths, most))
    }
    return best_of(tried, bounds), tried


def best_of(tried: Mapping[Calibration, Measured], bounds: Bounds) -> Calibration:
    """As `calibrate` chooses, of what was measured already."""
    kept = [calibration for calibration, measured in tried.items() if bounds.hold(measured)]
    if not kept:
        soundest = max(tried.values(), key=lambda measured: measured.sound)
        raise ValueError(
            f"nothing that was tried keeps {bounds.min_sound:g} of the replies sound and within bounds of length: at best "
            f"{soundest.sound:.3f} are, at {soundest.length_ratio:.2f} times the base's length"
        )
    return max(kept, key=lambda calibration: tried[calibration].win_rate)
