"""A negative control for personal taste on real votes: which argument convinces more, by workers who mostly agree."""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures
from papers.tiny import mean
from prefloop.taste import posterior, prior
from prefloop.taste.posterior import Contrasts, Numbers, Taste, contrasts, taste_posterior
from prefloop.taste.prior import fit_prior

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (posterior, prior)
FILE, TEXTS = "ukpconvarg1/votes.jsonl.gz", "ukpconvarg1/pairs.jsonl.gz"
VOTES = (0, 1, 2, 4, 8, 16)
# Votes after the most that people are known by: what is foretold is the same for every number.
ASKED = 4
REASONS = re.compile(r"\b(because|since|therefore|thus|so|if|then|hence)\b", re.IGNORECASE)
FIRST_PERSON = re.compile(r"\b(i|me|my|we|us|our)\b", re.IGNORECASE)
# Shapes: V votes of somebody · K features of an argument.
MEASURES: tuple[Callable[[str], float], ...] = (
    lambda text: np.log1p(len(text.split())),
    lambda text: np.log1p(len(re.findall(r"[.!?]+", text))),
    lambda text: len(text) / max(len(text.split()), 1),
    lambda text: np.log1p(text.count("!")),
    lambda text: np.log1p(text.count("?")),
    lambda text: np.log1p(len(REASONS.findall(text))),
    lambda text: np.log1p(len(FIRST_PERSON.findall(text))),
    lambda text: sum(letter.isupper() for letter in text) / max(len(text), 1),
)


def read_workers(folder: Path) -> dict[str, Contrasts]:
    """Votes in the order of their files, as contrasts of what is seen in the arguments; "equal" says nothing of a taste."""
    pairs = {row["pair_id"]: row for row in _rows(folder / TEXTS)}
    measured = {key: _measure(row["a1"]) - _measure(row["a2"]) for key, row in pairs.items()}
    spread_K = np.sqrt(np.mean(np.square(np.stack(list(measured.values()))), axis=0))
    votes: dict[str, list[Numbers]] = defaultdict(list)
    for row in _rows(folder / FILE):
        if row["value"] != "equal" and row["pair_id"] in measured:
            sign = 1.0 if row["value"] == "a1" else -1.0
            votes[row["annotator"]].append(sign * measured[row["pair_id"]] / spread_K)
    return {name: contrasts(np.stack(rows), len(MEASURES)) for name, rows in sorted(votes.items())}


def plant(votes: Contrasts, rng: np.random.Generator) -> Contrasts:
    """The same pairs, as somebody with a taste of their own would have voted, one vote in ten turned around."""
    taste_K = rng.normal(size=votes.difference_VK.shape[1])
    likes_V = votes.difference_VK @ taste_K > 0
    sign_V = np.where(likes_V != (rng.random(len(likes_V)) < 0.1), 1.0, -1.0)
    return contrasts(sign_V[:, None] * votes.difference_VK, len(taste_K))


def run(planted: bool, context: Context) -> Figures:
    if context.data is None:
        raise ValueError(f"{FILE} is needed: --data FOLDER")
    rng = np.random.default_rng([context.seed, 3])
    most = max(VOTES)
    people = [one for one in read_workers(context.data).values() if len(one.weight_V) >= most + ASKED]
    rng.shuffle(people)  # pyright: ignore[reportArgumentType]
    people = people[: context.size(900, 40)]
    if planted:
        people = [plant(one, rng) for one in people]
    learned, tested = people[: len(people) * 2 // 3], people[len(people) * 2 // 3 :]
    # the mean of this prior is the pooled model: everybody's votes, nobody's taste
    known = fit_prior(learned, len(MEASURES))
    right = {count: mean([accuracy(one, count, known) for one in tested]) for count in VOTES}
    gains = {f"gain.{count}": right[count] - right[0] for count in VOTES if count}
    return {f"accuracy.{count}": value for count, value in right.items()} | gains


def accuracy(votes: Contrasts, count: int, known: Taste) -> float:
    """Of somebody's votes after the sixteenth, foretold from the first `count`; a tie counts half."""
    taste = taste_posterior(votes.first(count), known)
    margin_V = votes.difference_VK[max(VOTES) :] @ taste.mean_K
    return mean((0.5 + 0.5 * np.sign(margin_V)).tolist())


def _measure(text: str) -> Numbers:
    return np.array([float(one(text)) for one in MEASURES])


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


EXPERIMENT = Experiment(
    name="real-personal",
    title="Personal taste on real votes: a negative control",
    arms={
        "workers": Arm(lambda context, _: run(False, context)),
        "planted tastes": Arm(lambda context, _: run(True, context)),
    },
    score="accuracy.4",
    data=FILE,
    claims=[
        Claim(
            "where people agree, four votes of their own gain less than 3 points over everybody’s",
            "no paper’s: what a personal posterior must not do is to find tastes where there are none",
            lambda arms: 0.03 - abs(arms["workers"]["gain.4"]),
            "0.03 less the gain in accuracy",
        ),
        Claim(
            "nor do sixteen",
            "as above",
            lambda arms: 0.03 - abs(arms["workers"]["gain.16"]),
            "0.03 less the gain in accuracy",
        ),
        Claim(
            "on the same pairs, tastes that are planted are found from four votes",
            "the positive control: at least 3 points over everybody’s",
            lambda arms: arms["planted tastes"]["gain.4"] - 0.03,
            "of accuracy above 0.03",
        ),
    ],
    settings=(
        "UKPConvArg1: real workers say which of two arguments convinces more; eight features of a text (length, sentences, length "
        "of words, exclamation and question marks, words of reason, first person, capitals); of 900 workers with at least 20 votes "
        "two thirds to fit the prior on, the others to test on; what is foretold is every vote after their sixteenth"
    ),
    notes=(
        (
            "This is a negative control: what convinces is mostly agreed on, so a personal posterior should gain almost nothing over "
            "the pooled one (`accuracy.0`)."
        ),
        (
            "Eight features of the surface, not log-ratios: the built-in model knows nothing of such text. A taste that they cannot "
            "express would not be found."
        ),
    ),
)
