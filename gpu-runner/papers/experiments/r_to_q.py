"""From r to Q*: credit of tokens, search by likelihood, and which way chosen answers go."""

import random
from collections.abc import Mapping, Sequence

import torch

from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures
from papers.tiny import (
    Fitted,
    Replies,
    ask,
    best_against_worst,
    example,
    fit,
    fit_from,
    mean,
    prompt_ids,
    recipe_of,
    reply_figures,
    rows_of,
    texts_of,
)
from prefloop.adapters.lora import Adapter
from prefloop.contracts import Example
from prefloop.text.beam import beam_search
from prefloop.text.credit import token_credit
from prefloop.text.step import completion_logps, pair_batch
from prefloop.tiny.world import Prompt, sample_prompts, sums

PERSONA = "formal"
BEAMS = (1, 2, 5, 10)


def searched(context: Context, adapter: Adapter, prompts: Sequence[Prompt], beams: int) -> list[str]:
    base = context.base
    found = []
    for prompt in prompts:
        longest = context.size(160, 24)
        best = beam_search(
            base.trunk, prompt_ids(context, prompt), adapter, beams, longest, base.encoder.end_ids
        )
        found.append(base.encoder.decode(best[0].token_ids))
    return found


def search(context: Context, setting: Mapping[str, float]) -> Figures:
    votes = best_against_worst(ask(context, PERSONA, context.size(120, 8), 2))
    recipe = recipe_of(
        method="dpo", beta=0.1, epochs=context.size(2, 1), microBatch=6, seed=context.seed, **setting
    )
    adapter = fit(context, recipe, votes).adapter
    prompts = sample_prompts("replies", context.size(60, 3), context.seed, "held_out")
    theirs = [group[0] for group in texts_of(context, prompts, None, name="theirs")]
    figures: Figures = {}
    for beams in BEAMS:
        found = reply_figures(PERSONA, Replies(prompts, searched(context, adapter, prompts, beams), theirs))
        figures |= {f"winRate{beams}": found["winRate"], f"words{beams}": found["words"]}
    return figures | {"winRate": figures["winRate1"]}


def credit(context: Context, setting: Mapping[str, float]) -> Figures:
    """A policy that prefers right sums to wrong ones; then one number of a right answer is changed: does the lowest
    credit of its step fall on the result?"""
    rng = random.Random(context.seed)
    votes = []
    for prompt in sample_prompts("sums", context.size(160, 12), context.seed, "train"):
        right, wrong = (sums.sample_answer(rng, prompt, flawed) for flawed in (False, True))
        votes.append(example(prompt, (right, wrong)))
    recipe = recipe_of(
        method="dpo", beta=0.1, epochs=context.size(2, 1), microBatch=6, seed=context.seed, **setting
    )
    adapter = fit(context, recipe, votes).adapter
    encoder, trunk = context.base.encoder, context.base.trunk
    rank: list[float] = []
    hits: list[float] = []
    for prompt in sample_prompts("sums", context.size(100, 8), context.seed, "held_out"):
        answer = sums.sample_answer(rng, prompt, flawed=False)
        line, changed = _wrong_line(rng, answer)
        before = "\n".join(answer.splitlines()[:line]) + ("\n" if line else "")
        ids, stem = (
            encoder.step_ids(before + changed),
            encoder.step_ids(before + changed[: changed.rindex(" ") + 1]),
        )
        common = next((i for i, (a, b) in enumerate(zip(ids, stem, strict=False)) if a != b), len(stem))
        start = len(encoder.step_ids(before))
        credits = token_credit(trunk, adapter, [(prompt_ids(context, prompt), ids)])[0].credits
        inside = credits[start:]
        wrong_at = set(range(common - start, len(inside) - 1))
        lowest = min(range(len(inside)), key=inside.__getitem__)
        hits.append(float(lowest in wrong_at))
        rank.append(len(wrong_at) / len(inside))
    return {"pointsAtWrong": mean(hits), "byChance": mean(rank)}


def _wrong_line(rng: random.Random, answer: str) -> tuple[int, str]:
    """(its number, a step with another result)."""
    lines = answer.splitlines()[:-1]
    number = rng.randrange(len(lines))
    stem, result = lines[number].rstrip(".").rsplit(" ", 1)
    return number, f"{stem} {int(result) + rng.choice((-10, -2, -1, 1, 2, 10))}."


@torch.no_grad()
def chosen_change(context: Context, fitted: Fitted, parent: Fitted | None, votes: Sequence[Example]) -> float:
    """Mean change of log π(chosen) by the last training, nats."""
    batch = pair_batch(rows_of(context, votes, recipe_of(method="dpo"))[:64])
    after, before = completion_logps(
        context.base.trunk, batch.packed, [fitted.adapter, parent.adapter if parent else None]
    )
    return (after - before)[batch.chosen_B].mean().item()


def drift(context: Context, setting: Mapping[str, float]) -> Figures:
    """DPO from the base, and from the base after SFT on the chosen answers: there they can only fall."""
    votes = best_against_worst(ask(context, PERSONA, context.size(80, 8), 2))
    dpo = recipe_of(method="dpo", beta=0.1, epochs=2, microBatch=6, seed=context.seed, **setting)
    sft = recipe_of(
        method="sft", epochs=context.size(6, 1), microBatch=6, learningRate=2e-3, seed=context.seed
    )
    taught = fit(context, sft, votes)
    from_base = fit(context, dpo, votes)
    from_sft = fit_from(context, dpo, votes, taught)
    return {
        "fromBase": chosen_change(context, from_base, None, votes),
        "fromSft": chosen_change(context, from_sft, taught, votes),
    }


def later_falls(arms: BySeed) -> float:
    figures = arms["search"]
    return max(figures["winRate2"], figures["winRate5"]) - figures["winRate10"]


EXPERIMENT = Experiment(
    name="r-to-q",
    title="From r to Q* (arXiv 2404.12358)",
    arms={
        "search": Arm(search, [{"learningRate": rate} for rate in (1e-3, 2e-3)]),
        "credit": Arm(lambda context, setting: credit(context, {"learningRate": 1e-3})),
        "drift": Arm(lambda context, setting: drift(context, {"learningRate": 1e-3})),
    },
    claims=[
        Claim(
            "five beams win more often than one",
            "10 to 15 points of win rate (TL;DR, three β)",
            lambda arms: arms["search"]["winRate5"] - arms["search"]["winRate1"],
            "of win rate over the base",
        ),
        Claim(
            "with many beams the win rate falls again",
            "over-optimisation beyond five beams",
            later_falls,
            "of win rate: two or five beams over ten",
        ),
        Claim(
            "and answers get longer",
            "length explodes with more beams",
            lambda arms: arms["search"]["words10"] - arms["search"]["words1"],
            "words: ten beams over one",
        ),
        Claim(
            "the lowest credit points at an injected wrong number",
            "qualitative (Figure 1)",
            lambda arms: arms["credit"]["pointsAtWrong"] - arms["credit"]["byChance"],
            "share of steps, above chance",
        ),
        Claim(
            "after SFT on them the likelihood of chosen answers falls in DPO",
            "must fall: minus a KL (Eq. 16); both fall after SFT",
            lambda arms: -arms["drift"]["fromSft"],
            "nats per answer",
        ),
        Claim(
            "from the base it falls less, or rises",
            "without SFT chosen rewards stay above zero",
            lambda arms: arms["drift"]["fromBase"] - arms["drift"]["fromSft"],
            "nats per answer",
        ),
    ],
    settings=(
        "search: DPO on 120 prompts' votes of `formal`, beams 1, 2, 5, 10 on 60 held-out prompts; credit: DPO on 160 right "
        "against wrong sums, one result changed in 100 held-out ones; drift: votes on 80 prompts, six epochs of SFT before"
    ),
    notes=(
        "That beam search equals exact search on a tree small enough to enumerate is a test, not an experiment.",
    ),
)
