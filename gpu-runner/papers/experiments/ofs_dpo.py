"""OFS-DPO against DPO on a stream of votes, each seen once."""

from collections.abc import Mapping

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.stream import best_in_hindsight, play
from papers.tiny import ask, best_against_worst, recipe_of

PERSONA = "formal"


def run(method: str, context: Context, setting: Mapping[str, float]) -> Figures:
    votes = best_against_worst(ask(context, PERSONA, context.size(200, 16), 2))
    common = {"microBatch": 4, "seed": context.seed, "beta": 0.3}
    recipe = recipe_of(method=method, **common, **setting)
    stream = play(context, recipe, votes, context.size(16, 8))
    hindsight = best_in_hindsight(context, votes, context.size(3, 1))
    return stream.figures(hindsight)


RATES = (5e-4, 1e-3, 2e-3)
EXPERIMENT = Experiment(
    name="ofs-dpo",
    title="OFS-DPO (arXiv 2406.05534)",
    arms={
        "dpo": Arm(
            lambda context, setting: run("dpo", context, setting), [{"learningRate": rate} for rate in RATES]
        ),
        "ofs-dpo": Arm(
            lambda context, setting: run("ofs-dpo", context, setting),
            [{"learningRate": rate} for rate in RATES],
        ),
    },
    score="accuracy",
    claims=[
        Claim(
            "it learns faster than DPO from a stream seen once",
            "better in-domain than DPO (the abstract; no number was readable)",
            minus("ofs-dpo", "dpo", "accuracy"),
            "of accuracy on votes before they are learned from",
        ),
        Claim(
            "its gradient does not vanish",
            "the gap of fast and slow keeps the gradient up (the abstract)",
            minus("ofs-dpo", "dpo", "lateGradient"),
            "of the gradient's norm in the last quarter, relative to the first",
        ),
        Claim(
            "its regret against the best in hindsight grows more slowly",
            "a tighter regret bound than DPO's (the abstract)",
            minus("dpo", "ofs-dpo", "lateRegret"),
            "nats per vote in the second half",
        ),
    ],
    settings=(
        "200 prompts, two answers of the base to each, votes of the persona `formal` in batches of 16, each vote trained on "
        "once, β 0.3; accuracy and loss are those of the adapter before it learns from the batch"
    ),
    notes=(
        "Best in hindsight: one adapter trained on all votes of the stream three times; regret is the difference in loss.",
    ),
)
