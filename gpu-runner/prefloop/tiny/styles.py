"""Style axes of help-desk replies, and people whose taste is a point in the space that they span.

Personas are four fixed tastes; here every person is another one. How much somebody likes a reply is the product of the taste
with the reply's style; a reply outside the grammar is liked by nobody.

Shapes: P people · A axes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prefloop.tiny.personas import UNPARSED
from prefloop.tiny.world import Prompt, replies

Numbers = NDArray[np.float64]
Attributes = Mapping[str, Any]

_MEASURES: dict[str, Callable[[Attributes], float]] = {
    "length": lambda found: found["words"],
    "warmth": lambda found: (
        (found["greeting"] == "warm") + (found["closing"] == "invitation") + (found["empathy"] == "strong")
    ),
    "formality": lambda found: (
        (found["greeting"] == "formal") + (found["closing"] == "formal") + found["formal"] - found["casual"]
    ),
    "bullets": lambda found: found["layout"] == "bullets",
    "emoji": lambda found: min(found["emoji"], 3),
}
AXES = tuple(_MEASURES)
# mean and standard deviation of each over the built-in model's own replies: an axis counts in its deviations
_MEAN_A = np.array([33.6, 0.86, 0.63, 0.45, 0.70])
_SPREAD_A = np.array([10.0, 0.79, 1.06, 0.50, 1.00])

# People like it a little shorter and warmer than it is; who likes emoji likes warmth and seldom formality.
POPULATION_MEAN_A = np.array([-0.3, 0.3, 0.0, 0.0, 0.0])
POPULATION_COVARIANCE_AA = np.array(
    [
        [1.0, 0.2, 0.1, 0.0, 0.0],
        [0.2, 1.0, -0.5, -0.2, 0.6],
        [0.1, -0.5, 1.0, 0.3, -0.6],
        [0.0, -0.2, 0.3, 1.0, -0.3],
        [0.0, 0.6, -0.6, -0.3, 1.0],
    ]
)


def style_of(prompt: Prompt, reply: str) -> Numbers | None:
    """(A,): by how many deviations a reply is longer, warmer, … than the model's are; None outside the grammar."""
    found = replies.parse(prompt, reply)
    if found is None:
        return None
    measured_A = np.array([float(measure(found)) for measure in _MEASURES.values()])
    return (measured_A - _MEAN_A) / _SPREAD_A


def draw_tastes(count: int, rng: np.random.Generator) -> Numbers:
    """(P, A)."""
    return rng.multivariate_normal(POPULATION_MEAN_A, POPULATION_COVARIANCE_AA, size=count)


def liking(taste_A: Numbers, style_A: Numbers | None) -> float:
    return UNPARSED if style_A is None else float(taste_A @ style_A)


def words_of(style_A: Numbers) -> float:
    """How many words a reply of this style has."""
    return float(_MEAN_A[0] + _SPREAD_A[0] * style_A[0])
