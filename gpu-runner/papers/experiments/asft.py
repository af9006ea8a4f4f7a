"""ASFT against DPO, ORPO and SFT, and where their gradients go."""

import math
from collections.abc import Mapping

import torch

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.tiny import ask, best_against_worst, fit, held_out_replies, mean, recipe_of, reply_figures
from prefloop.evaluation.overlap import bleu, rouge_l
from prefloop.objectives.asft import asft
from prefloop.objectives.dpo import dpo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.orpo import orpo

PERSONA = "formal"


def run(method: str, context: Context, setting: Mapping[str, float]) -> Figures:
    votes = best_against_worst(ask(context, PERSONA, context.size(140, 8), 2))
    recipe = recipe_of(method=method, epochs=context.size(2, 1), microBatch=6, seed=context.seed, **setting)
    replies = held_out_replies(context, fit(context, recipe, votes).adapter, context.size(160, 8))
    liked = [
        max(one.texts, key=dict(zip(one.texts, one.scores, strict=True)).__getitem__)
        for one in ask(context, PERSONA, 0, 4, list(replies.prompts))
    ]
    overlap = {
        "bleu4": bleu(replies.ours, liked),
        "rougeL": mean([rouge_l(*pair) for pair in zip(replies.ours, liked, strict=True)]),
    }
    return reply_figures(PERSONA, replies) | overlap | stall(method)


def stall(method: str) -> Figures:
    """|d loss / d log-probability per token of the rejected answer| once the pair is told apart and both are likely: how
    much each method still pushes it down. Of the formula alone, at 20 tokens each, 0.9 against 0.5 per token."""
    rejected = torch.tensor([20 * math.log(0.5)], dtype=torch.float64, requires_grad=True)
    chosen = torch.tensor([20 * math.log(0.9)], dtype=torch.float64)
    length = torch.tensor([20.0], dtype=torch.float64)
    reference = torch.tensor([20 * math.log(0.7)], dtype=torch.float64)
    pair = PairLogps(chosen, rejected, reference, reference, length, length)
    losses = {"dpo": lambda: dpo(pair, 1.0), "orpo": lambda: orpo(pair, 1.0), "asft": lambda: asft(pair, 1.0)}
    if method not in losses:
        return {"pushLeft": 0.0}
    losses[method]().losses_B.sum().backward()
    assert rejected.grad is not None
    return {"pushLeft": 20 * rejected.grad.abs().item()}


def arm(method: str, name: str, values: tuple[float, ...], rates: tuple[float, ...] = (1e-3, 2e-3)) -> Arm:
    """Four settings for each."""
    grid = [{"learningRate": rate} | {name: value} for rate in rates for value in values] if values else []
    settings = grid or [{"learningRate": rate} for rate in rates]
    return Arm(lambda context, setting: run(method, context, setting), settings)


EXPERIMENT = Experiment(
    name="asft",
    title="ASFT (arXiv 2409.10571)",
    arms={
        "dpo": arm("dpo", "beta", (0.1, 0.3)),
        "orpo": arm("orpo", "lambda", (0.5, 2.0)),
        "asft": arm("asft", "lambda", (0.5, 2.0)),
        "sft": arm("sft", "", (), (5e-4, 1e-3, 2e-3, 4e-3)),
    },
    claims=[
        Claim(
            "ASFT wins more often than DPO",
            "consistently better (the abstract); 16.4 against 23.4 in a replication (arXiv 2502.01237)",
            minus("asft", "dpo", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "ASFT wins more often than ORPO",
            "consistently better (the abstract); 16.4 against 24.1 in the same replication",
            minus("asft", "orpo", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "ASFT wins more often than SFT",
            "16.4 against 6.7 (AlpacaEval 2 LC, the replication)",
            minus("asft", "sft", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "its answers are closer to liked ones than DPO's, by BLEU-4",
            "higher BLEU-4 and ROUGE-L (the abstract's claim; its tables were not readable)",
            minus("asft", "dpo", "bleu4"),
        ),
        Claim(
            "it still pushes a rejected answer down where DPO and ORPO have stalled",
            "the gradient analysis of the paper",
            lambda arms: arms["asft"]["pushLeft"] - max(arms["dpo"]["pushLeft"], arms["orpo"]["pushLeft"]),
            "of |d loss / d log-probability per token|",
        ),
    ],
    settings=(
        "140 prompts, two answers of the base to each, votes of the persona `formal`, two epochs; 160 held-out prompts; "
        "BLEU-4 and ROUGE-L against the best liked of four answers of the base"
    ),
    notes=(
        "Time and memory: `npm run bench -- recipes`. `pushLeft` is of the formulae at β = λ = 1 and has no spread.",
    ),
)
