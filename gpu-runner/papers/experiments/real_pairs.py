"""The three properties of DPO on real pairs: right and wrong solutions that language models gave to GSM8K's questions."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures
from papers.experiments.three_d_properties import PROPERTIES
from papers.likelihoods import fork_figures
from papers.stream import predict
from papers.tiny import fit, mean, recipe_of, rows_of
from prefloop.contracts import Example

FILE = "gsm8k/pairs.jsonl"
# Characters of question and longer solution: what fits the built-in model's context, letter by letter if need be.
LONGEST = 450


def pairs_of(context: Context) -> tuple[list[Example], list[Example]]:
    """(to train on, held out): one pair of a question, and no question in both."""
    if context.data is None:
        raise ValueError(f"{FILE} is needed: --data FOLDER")
    by_question: dict[str, list[dict[str, Any]]] = {}
    for line in (context.data / FILE).read_text().splitlines():
        row = json.loads(line)
        if len(row["prompt"]) + max(len(row["chosen"]), len(row["rejected"])) <= LONGEST:
            by_question.setdefault(row["prompt"], []).append(row)
    rng = random.Random(context.seed)
    questions = sorted(by_question)
    rng.shuffle(questions)
    found = [vote(number, rng.choice(by_question[question])) for number, question in enumerate(questions)]
    count, held_out = context.size(90, 8), context.size(120, 6)
    return found[:count], found[count : count + held_out]


def vote(number: int, row: Mapping[str, str]) -> Example:
    body = {
        "preference": f"h{number:040x}",
        "prompt": {"messages": [{"role": "user", "content": row["prompt"]}]},
        "completions": [row["chosen"], row["rejected"]],
        "pairs": [{"chosen": 0, "rejected": 1, "p": 1.0, "weight": 1.0}],
    }
    return Example.model_validate(body)


def run(fields: Mapping[str, object], context: Context) -> Figures:
    train, held_out = pairs_of(context)
    recipe = recipe_of(
        epochs=context.size(2, 1), learningRate=1e-3, microBatch=4, seed=context.seed, **fields
    )
    adapter = fit(context, recipe, train).adapter
    right = predict(context, adapter, rows_of(context, held_out, recipe_of(method="dpo")))[1]
    return fork_figures(context, adapter, train) | {
        "heldOutAccuracy": mean(right),
        "shorterAccuracy": shorter_accuracy(held_out),
    }


def shorter_accuracy(votes: Sequence[Example]) -> float:
    """How often the shorter of two solutions is the right one; ½ where they are equally long."""
    gaps = [len(one.completions[1]) - len(one.completions[0]) for one in votes]
    return mean([0.5 + 0.5 * (float(gap > 0) - float(gap < 0)) for gap in gaps])


def arm(**fields: object) -> Arm:
    return Arm(lambda context, _: run(fields, context))


def above_length(arms: BySeed) -> float:
    """Over what length alone tells, whichever way it points."""
    by_length = arms["dpo"]["shorterAccuracy"]
    return arms["dpo"]["heldOutAccuracy"] - max(by_length, 1 - by_length)


EXPERIMENT = Experiment(
    name="real-pairs",
    title="3D-Properties (arXiv 2406.07327) on real solutions",
    arms={
        "dpo": arm(method="dpo", beta=0.1),
        "flex-dpo": arm(method="flex-dpo", betaChosen=0.1, betaRejected=0.05),
        "sft term": arm(method="dpo", beta=0.1, sftWeight=0.05),
    },
    data=FILE,
    claims=[
        *PROPERTIES,
        Claim(
            "what DPO learned tells right from wrong for questions it never saw, better than length does",
            "a policy is a reward model too (arXiv 2305.18290); no number for these pairs",
            above_length,
            "of accuracy",
        ),
    ],
    settings=(
        "90 pairs of a right and a wrong solution (grade-school-math's example_model_solutions, one pair of a question, short "
        "ones), two epochs at a rate of 1e-3; 120 pairs of other questions are held out"
    ),
    notes=(
        "The built-in model has never seen such text and knows no arithmetic in it: this is about likelihoods, not about solving.",
        "No settings are searched: the question is what one and the same setting does.",
    ),
)
