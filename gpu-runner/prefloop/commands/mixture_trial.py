"""Answers through people's mixtures beside those of the base, judged.

Shapes: one group of answers for every prompt, in their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture, mix
from prefloop.base import Base
from prefloop.commands.evaluate import Asked, Settings
from prefloop.judges.liking import Liking
from prefloop.recipes.draw import Drawn, draw_answers
from prefloop.taste.calibrate import Calibration, Measured, mixture_weights
from prefloop.taste.posterior import Numbers


@dataclass(frozen=True)
class Judged:
    """liked: None of an answer that is not sound."""

    text: str
    liked: float | None


Groups = Sequence[Sequence[Judged]]


@dataclass(frozen=True)
class Trial:
    """What stays the same while strengths are tried. tastes: of each person, weights of preferences."""

    base: Base
    basis: Sequence[Adapter]
    asked: Sequence[Asked]
    tastes: Mapping[str, Numbers]
    likes: Liking
    settings: Settings
    seed: int


def answers_of_base(trial: Trial, each: int) -> dict[str, Groups]:
    """By person: the same answers, as each of them likes them. Raises ValueError where a prompt leaves no room for any."""
    ids = [one.ids for one in trial.asked]
    drawn = draw_answers(trial.base, ids, None, each, trial.settings, f"{trial.seed} theirs")
    if not all(drawn):
        raise ValueError("a prompt fills the model's context: it leaves no room for an answer")
    return {user: judged(trial, user, drawn) for user in trial.tastes}


def measure(trial: Trial, calibration: Calibration, theirs: Mapping[str, Groups]) -> Measured:
    """One answer to each person and prompt. `length_ratio` is 0 where none of them is sound."""
    mixed = [mixture_of(trial, taste_K, calibration) for taste_K in trial.tastes.values()]
    ids = [one.ids for one in trial.asked]
    adapters = [one for one in mixed for _ in ids]
    drawn = draw_answers(trial.base, ids * len(mixed), adapters, 1, trial.settings, f"{trial.seed} ours")
    ours = {
        user: judged(trial, user, drawn[at * len(ids) : (at + 1) * len(ids)])
        for at, user in enumerate(trial.tastes)
    }
    wins = [
        share_of_win(mine.liked, other.liked)
        for user in trial.tastes
        for group, others in zip(ours[user], theirs[user], strict=True)
        for mine in group
        for other in others
    ]
    return Measured(fmean(wins), share_sound(ours), mean_length(ours) / mean_length(theirs))


def mixture_of(trial: Trial, taste_K: Numbers, calibration: Calibration) -> Mixture | None:
    weights = mixture_weights(taste_K, calibration)
    return mix(trial.basis, weights) if np.any(weights) else None


def judged(trial: Trial, user: str, drawn: Sequence[Sequence[Drawn]]) -> Groups:
    """An answer that was cut is not sound, whatever the judge says of it."""
    prompts = [one.instruction for one, group in zip(trial.asked, drawn, strict=True) for _ in group]
    liked = iter(trial.likes.of(user, prompts, [one.text for group in drawn for one in group]))
    return [
        [Judged(one.text, like if one.ended else None) for one, like in zip(group, liked, strict=False)]
        for group in drawn
    ]


def share_of_win(mine: float | None, other: float | None) -> float:
    if mine is None or other is None:
        return 0.5 + 0.5 * ((mine is not None) - (other is not None))
    return 0.5 + 0.5 * ((mine > other) - (mine < other))


def share_sound(by_person: Mapping[str, Groups]) -> float:
    return fmean(one.liked is not None for one in each(by_person))


def mean_length(by_person: Mapping[str, Groups]) -> float:
    """Characters of the sound ones; 0 without any."""
    return fmean([len(one.text) for one in each(by_person) if one.liked is not None] or [0])


def each(by_person: Mapping[str, Groups]) -> list[Judged]:
    return [one for groups in by_person.values() for group in groups for one in group]
