"""COFS-DPO against sequential DPO and replay, over topics whose people want different things."""

from collections.abc import Mapping, Sequence

from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures
from papers.stream import predict
from papers.tiny import Fitted, ask, best_against_worst, fit, recipe_of, rows_of, with_prompt
from prefloop.contracts import Example
from prefloop.tiny.world import Prompt, sample_prompts
from prefloop.tiny.world.helpdesk import PRODUCTS

# Whose products, and who votes on them: opposite tastes, so that one topic pulls against the next.
TOPICS = {"powered": "formal", "clothes": "brief", "furniture": "warm"}


def topic_prompts(context: Context, topic: str, count: int, split: str) -> list[Prompt]:
    found = [
        prompt
        for prompt in sample_prompts("replies", count * 10, context.seed, split)  # pyright: ignore[reportArgumentType]
        if prompt.facts.get("product") in PRODUCTS[topic]
    ]
    return found[:count]


def votes_of(context: Context, topic: str, count: int, split: str) -> list[Example]:
    asked = ask(context, TOPICS[topic], count, 2, topic_prompts(context, topic, count, split))
    return [with_prompt(vote, topic=topic) for vote in best_against_worst(asked)]


def run(way: str, context: Context, setting: Mapping[str, float]) -> Figures:
    train = {topic: votes_of(context, topic, context.size(40, 6), "train") for topic in TOPICS}
    held_out = {topic: votes_of(context, topic, context.size(60, 6), "held_out") for topic in TOPICS}
    method = "cofs-dpo" if way == "cofs-dpo" else "dpo"
    extra = {"memory": 16, "fitSteps": context.size(16, 3)} if way == "cofs-dpo" else {}
    recipe = recipe_of(
        method=method,
        beta=0.3,
        epochs=context.size(3, 1),
        microBatch=6,
        seed=context.seed,
        **extra,
        **setting,
    )
    fitted: Fitted | None = None
    memory: list[Example] = []
    learned: dict[str, float] = {}
    for topic, votes in train.items():
        fitted = fit(context, recipe, [*votes, *memory], fitted)
        memory += votes[:16] if way == "replay" else []
        learned[topic] = accuracy(context, fitted, held_out[topic])
    assert fitted is not None
    at_the_end = {topic: accuracy(context, fitted, held_out[topic]) for topic in TOPICS}
    earlier = list(TOPICS)[:-1]
    forgotten = [learned[topic] - at_the_end[topic] for topic in earlier]
    return {
        "forgetting": 100 * sum(forgotten) / len(forgotten),
        "accuracy": sum(at_the_end.values()) / len(at_the_end),
        "newTopic": sum(learned.values()) / len(learned),
    }


def accuracy(context: Context, fitted: Fitted, votes: Sequence[Example]) -> float:
    right = predict(context, fitted.adapter, rows_of(context, votes, recipe_of(method="dpo")))[1]
    return sum(right) / len(right)


def arm(way: str) -> Arm:
    return Arm(
        lambda context, setting: run(way, context, setting), [{"learningRate": rate} for rate in (1e-3, 2e-3)]
    )


def _points_below(bound: float, name: str):
    def evidence(arms: BySeed) -> float:
        return bound - arms[name]["forgetting"]

    return evidence


EXPERIMENT = Experiment(
    name="cofs-dpo",
    title="COFS-DPO (arXiv 2406.05534)",
    arms={"sequential dpo": arm("sequential"), "replay": arm("replay"), "cofs-dpo": arm("cofs-dpo")},
    score="newTopic",
    claims=[
        Claim(
            "it forgets at most one point of accuracy on earlier topics",
            "best in cross-domain continual learning (the abstract; no number was readable)",
            _points_below(1.0, "cofs-dpo"),
            "points below the bound of 1",
        ),
        Claim(
            "sequential DPO forgets at least ten",
            "suffers from forgetting (the abstract)",
            lambda arms: arms["sequential dpo"]["forgetting"] - 10,
            "points above 10",
        ),
        Claim(
            "it forgets less than replaying the same memory",
            "no number was readable",
            lambda arms: arms["replay"]["forgetting"] - arms["cofs-dpo"]["forgetting"],
            "points",
        ),
    ],
    settings=(
        "three topics one after the other (appliances: `formal`, clothes: `brief`, furniture: `warm`), 40 prompts each, "
        "three epochs; 16 votes of each earlier topic are kept; accuracy on 60 held-out prompts of each topic; rates are "
        "chosen by the accuracy on the topic that is new"
    ),
)
