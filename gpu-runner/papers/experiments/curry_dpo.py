"""Curry-DPO against the same pairs shuffled, single-pair DPO, and the curriculum under one reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.tiny import Asked, ask, best_against_worst, example, fit, persona_figures, recipe_of
from prefloop.contracts import Example

PERSONA = "formal"
RATES = (5e-4, 1e-3)


@dataclass(frozen=True)
class Way:
    """votes: from ranked answers to examples. fields: of the recipe. passes: so that all ways take as many steps."""

    votes: Callable[[list[Asked]], list[Example]]
    fields: Mapping[str, object]
    passes: int = 1


def ranked(asked: list[Asked]) -> list[Example]:
    return [example(one.prompt, one.texts, one.scores) for one in asked if _spread(one)]


def best_against_each(asked: list[Asked]) -> list[Example]:
    """The curriculum's pairs, each as a vote of its own."""
    pairs = []
    for one in filter(_spread, asked):
        best = one.scores.index(max(one.scores))
        worse = [i for i, value in enumerate(one.scores) if value < one.scores[best]]
        pairs += [example(one.prompt, (one.texts[best], one.texts[i])) for i in worse]
    return pairs


def best_against_worst_of(asked: list[Asked]) -> list[Example]:
    return best_against_worst(list(filter(_spread, asked)))


def _spread(one: Asked) -> bool:
    return len(one.texts) == 4 and len(set(one.scores)) == 4


def run(way: Way, context: Context, setting: Mapping[str, float]) -> Figures:
    votes = way.votes(ask(context, PERSONA, context.size(110, 12), 4))
    recipe = recipe_of(**way.fields, epochs=way.passes, beta=0.1, microBatch=6, seed=context.seed, **setting)
    return persona_figures(context, PERSONA, fit(context, recipe, votes).adapter, context.size(200, 8))


def arm(way: Way) -> Arm:
    return Arm(
        lambda context, setting: run(way, context, setting), [{"learningRate": rate} for rate in RATES]
    )


CURRY = {"method": "curry-dpo"}
EXPERIMENT = Experiment(
    name="curry-dpo",
    title="Curry-DPO (arXiv 2403.07230)",
    arms={
        "curriculum": arm(Way(ranked, CURRY)),
        "shuffled": arm(Way(best_against_each, {"method": "dpo"})),
        "single pair": arm(Way(best_against_worst_of, {"method": "dpo"}, passes=3)),
        "one reference": arm(Way(ranked, CURRY | {"renewReference": False})),
    },
    claims=[
        Claim(
            "the curriculum beats single-pair DPO",
            "up to 7.5 points of win rate (the abstract)",
            minus("curriculum", "single pair", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "it beats the same pairs shuffled",
            "better on MT-Bench and in win rate (no number was readable)",
            minus("curriculum", "shuffled", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "renewing the reference at every stage is better than keeping it",
            "keeping it is inferior (no number was readable)",
            minus("curriculum", "one reference", "winRate"),
            "of win rate over the base",
        ),
    ],
    settings=(
        "110 prompts, four answers of the base to each, rated by the persona `formal`; lists of four different ratings; "
        "three pairs of each list (single pair: three passes over one); 200 held-out prompts"
    ),
)
