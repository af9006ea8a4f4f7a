"""What an experiment is: arms that are trained and measured alike, and claims about how they compare.

An arm is one way of training; it is run once for every seed and gives figures. A claim turns the figures of all arms of
one seed into one number that is positive when the claim holds there; its mean over the seeds, with a paired 95 %
interval, is the verdict.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from papers.context import Context

Figures = dict[str, float]
# {arm: its figures under one seed}
BySeed = Mapping[str, Figures]


@dataclass(frozen=True)
class Claim:
    """text: in one line. authors: their number, and where it is from. evidence: positive = in the claimed direction.

    unit: of the evidence. untestable: why nothing here can decide it (then `evidence` is not asked).
    """

    text: str
    authors: str
    evidence: Callable[[BySeed], float] = lambda _: 0.0
    unit: str = ""
    untestable: str | None = None


@dataclass(frozen=True)
class Arm:
    """run: trains and measures under the context's seed. tuned: settings that were tried for it, on a seed that counts
    for nothing else; the best by `score` is what every seed then runs."""

    run: Callable[[Context, Mapping[str, float]], Figures]
    grid: Sequence[Mapping[str, float]] = ({},)


@dataclass(frozen=True)
class Experiment:
    """name: as in `npm run papers -- NAME`. score: the figure by which settings are chosen, more is better.

    settings: what was the same for all arms, for the reader. notes: what a reader must know to judge the verdicts.
    data: a file of the folder of real data, for an experiment that cannot do without. first_seed: of the measured ones.
    """

    name: str
    title: str
    arms: Mapping[str, Arm]
    claims: Sequence[Claim]
    settings: str
    score: str = "winRate"
    seeds: int = 5
    first_seed: int = 0
    notes: Sequence[str] = field(default_factory=tuple)
    data: str | None = None


def minus(one: str, other: str, figure: str, scale: float = 1.0) -> Callable[[BySeed], float]:
    """Evidence: by how much `figure` of one arm is above the other's."""
    return lambda arms: scale * (arms[one][figure] - arms[other][figure])


def above(arm: str, figure: str, bound: float) -> Callable[[BySeed], float]:
    """Evidence: by how much `figure` of an arm is above a bound."""
    return lambda arms: arms[arm][figure] - bound
