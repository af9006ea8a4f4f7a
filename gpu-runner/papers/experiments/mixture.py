"""Personal mixtures: from a handful of votes to weights over basis adapters, against what could be known at best."""

import math
from collections.abc import Mapping
from typing import Any

from papers import personal, personal_world
from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, above
from papers.personal import pooled_votes, read_files, styles_through, train_files, win_rate
from papers.personal_world import FEW, VOTES, PersonalWorld
from papers.tiny import mean
from prefloop.adapters.mixture import Mixture, mix
from prefloop.taste import calibrate as calibrating
from prefloop.taste import posterior, prior
from prefloop.taste.calibrate import Bounds, Calibration, Measured, calibrate, mixture_weights
from prefloop.taste.posterior import Numbers
from prefloop.tiny import styles
from prefloop.tiny.styles import words_of
from prefloop.tiny.world import sample_prompts

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (personal, personal_world, calibrating, posterior, prior, styles)
STRENGTHS, MOST = (0.25, 0.5, 1.0, 2.0, 4.0), (1.5, 2.0, 2.5)
# Of the base's sound replies, how many a mixture may lose.
LOST = 0.05
# Replies of the other side to each prompt: one is a matter of luck.
OTHERS = 8


def mixture_of(world: PersonalWorld, estimate_K: Numbers, found: Calibration) -> Mixture:
    return mix(world.basis, mixture_weights(estimate_K, found))


def calibration(world: PersonalWorld, way: str) -> Calibration:
    """On people who were learned from, each known by another number of votes, and prompts of training."""
    context = world.context
    prompts = sample_prompts("replies", context.size(4, 2), context.seed + 2000, "train")
    people = [(person, VOTES[1 + person % (len(VOTES) - 1)]) for person in range(context.size(20, 2))]

    def make() -> list[float]:
        (theirs,) = styles_through(context, prompts, [None], context.size(OTHERS, 2), "calibrating, base")
        base = [style for group in theirs for style in group]
        estimates = [world.estimate(way, world.known, person, count) for person, count in people]

        def measure(tried: Calibration) -> Measured:
            mixed = [mixture_of(world, estimate_K, tried) for estimate_K in estimates]
            ours = styles_through(context, prompts, mixed, 1, f"calibrating {way}")
            wins = [
                win_rate(world.known.taste_PA[person], replies, theirs)
                for (person, _), replies in zip(people, ours, strict=True)
            ]
            mine = [style for replies in ours for group in replies for style in group]
            return Measured(mean(wins), sound(mine), length(mine) / length(base))

        # with --quick replies are cut short, and none is sound
        bounds = Bounds(0.0, math.inf) if context.quick else Bounds(sound(base) - LOST)
        grid = (STRENGTHS[:1], MOST[:1]) if context.quick else (STRENGTHS, MOST)
        chosen, _ = calibrate(measure, *grid, bounds)
        return [chosen.strength, chosen.most]

    return Calibration(*context.once(f"calibration {way}", make))


def sound(found: list[Any]) -> float:
    """Share within the grammar."""
    return mean([float(style is not None) for style in found])


def length(found: list[Any]) -> float:
    """Mean words of the sound ones."""
    return mean([words_of(style) for style in found if style is not None] or [1.0])


def judged(world: PersonalWorld, way: str, counts: tuple[int, ...]) -> dict[str, Any]:
    """{pooled, base: {votes: the win rate of every person}, another: …, sound: {votes: share}}; kept for the other arms."""
    context, tested = world.context, world.tested
    people = range(len(tested))

    def make() -> dict[str, Any]:
        found = calibration(world, way)
        sides = {"pooled": pooled_model(world), "base": None}
        theirs = {
            name: styles_through(context, world.asked, [adapter], context.size(OTHERS, 2), f"theirs {name}")[
                0
            ]
            for name, adapter in sides.items()
        }
        out: dict[str, Any] = {"pooled": {}, "base": {}, "another": {}, "sound": {}}
        # everybody after every number of votes, drawn together
        asked = [(count, person) for count in counts for person in people]
        estimates = [world.estimate(way, tested, person, count) for count, person in asked]
        mixed = [mixture_of(world, estimate_K, found) for estimate_K in estimates]
        drawn = styles_through(context, world.asked, mixed, 1, f"ours {way}")
        for at, count in enumerate(counts):
            ours = drawn[at * len(people) : (at + 1) * len(people)]
            for name, others in theirs.items():
                out[name][count] = [
                    win_rate(tested.taste_PA[person], ours[person], others) for person in people
                ]
            # whose replies are somebody else's: everybody gets the next one's
            out["another"][count] = [
                win_rate(tested.taste_PA[person], ours[(person + 1) % len(people)], theirs["pooled"])
                for person in people
            ]
            out["sound"][count] = sound([style for replies in ours for group in replies for style in group])
        return {name: {str(count): value for count, value in by.items()} for name, by in out.items()}

    return context.once(f"judged {way} {counts}", make)


def pooled_model(world: PersonalWorld):
    votes = pooled_votes(world.pool, world.known)
    make = lambda: train_files(world.context, votes[: world.context.size(len(votes), 8)], epochs=1)
    return read_files(world.context, world.context.once("pooled", make))


def ours(context: Context, _: Mapping[str, float]) -> Figures:
    world = PersonalWorld(context)
    found, bayes = judged(world, "votes", VOTES), judged(world, "bayes", VOTES[1:])
    gain, best = (mean(one["pooled"][str(FEW)]) - 0.5 for one in (found, bayes))
    another = mean(found["another"][str(FEW)])
    chosen = calibration(world, "votes")
    return figures(found) | {
        "bayesShare.4": gain / best if best > 0 else 0.0,
        "ownMinusShuffled": mean(found["pooled"][str(FEW)]) - another,
        "strength": chosen.strength,
        "maxWeight": chosen.most,
    }


def ceiling(way: str, counts: tuple[int, ...], context: Context) -> Figures:
    return figures(judged(PersonalWorld(context), way, counts))


def anothers(context: Context, _: Mapping[str, float]) -> Figures:
    found = judged(PersonalWorld(context), "votes", VOTES)
    return {f"winRate.{count}": mean(rates) for count, rates in found["another"].items() if count != "0"}


def figures(found: Mapping[str, Any]) -> Figures:
    rates = {f"winRate.{count}": mean(rates) for count, rates in found["pooled"].items()}
    over = {f"overBase.{FEW}": mean(found["base"][str(FEW)])}
    return rates | over | {f"parses.{FEW}": found["sound"][str(FEW)]}


GOAL = "no paper’s: the goal set for the product"
EXPERIMENT = Experiment(
    name="mixture",
    title="Personal mixtures",
    arms={
        "mixture": Arm(ours),
        "exact Bayes, same votes": Arm(lambda context, _: ceiling("bayes", VOTES[1:], context)),
        "true taste": Arm(lambda context, _: ceiling("taste", (FEW,), context)),
        "another’s votes": Arm(anothers),
    },
    score="winRate.4",
    # The tested people of seed 0 were looked at while this was being built.
    first_seed=1,
    claims=[
        Claim(
            "four votes: people like their mixture’s reply better than the model of everybody’s votes, 7 times in 10",
            GOAL,
            above("mixture", "winRate.4", 0.7),
            "above 0.70",
        ),
        Claim(
            "and that is at least 0.8 of what the exact posterior gains from the same votes",
            GOAL,
            above("mixture", "bayesShare.4", 0.8),
            "above 0.8",
        ),
        Claim(
            "it is their own votes that do it: at least 0.10 more than with another person’s",
            GOAL,
            above("mixture", "ownMinusShuffled", 0.1),
            "of win rate above 0.10",
        ),
        Claim(
            "sixteen votes are worth more than four",
            GOAL,
            lambda arms: arms["mixture"]["winRate.16"] - arms["mixture"]["winRate.4"],
            "of win rate",
        ),
    ],
    settings=(
        "five style axes (length, warmth, formality, bullets, emoji), one DPO adapter each (256 prompts, four replies of the "
        "base to each, sft term 0.1), less of an axis is a negative weight; tastes drawn from one population: 64 people with "
        "16 votes each to fit prior and calibration on and to train the unpersonalised DPO model with, 48 others a seed to "
        "test on; a vote picks one of four replies of the base to one of 96 other prompts, 10 % of picks fall on another of "
        "them; 8 held-out prompts, drawn at temperature 0.7"
    ),
    notes=(
        (
            "`winRate.N`: after N votes, P(the person prefers the reply over one of the unpersonalised model to the same prompt), "
            "by the true taste, ties half; `overBase.4` the same over the base, after four votes"
        ),
        (
            "exact Bayes: the mean of the true posterior (how votes are cast and whom people are drawn from is known), true taste: "
            "nothing is left unknown; both become weights by least squares on the replies’ styles, with a calibration of their own; "
            "that last step is no exact one, so a share above 1 can come out"
        ),
        (
            "`bayesShare.4`: (winRate.4 − ½) over that of exact Bayes; `ownMinusShuffled`: winRate.4 less that of another person’s "
            "mixture"
        ),
    ),
)
