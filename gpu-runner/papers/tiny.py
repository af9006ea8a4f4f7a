"""The tiny world as experiments need it: votes on the base's own answers, training, and what an oracle says afterwards."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from papers.context import Context
from prefloop.adapters.files import read_peft, write_peft
from prefloop.adapters.lora import Adapter
from prefloop.contracts import Example, Pair, Recipe
from prefloop.learn import encode_rows, train
from prefloop.recipes.dpo import dpo_objective
from prefloop.recipes.draw import Drawn, draw_answers
from prefloop.recipes.preference import begin, go_on
from prefloop.recipes.reference import adapter_reference
from prefloop.recipes.state_files import write_state_files
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.tiny.personas import UNPARSED, score
from prefloop.tiny.world import KINDS, Prompt, sample_prompts
from prefloop.tiny.world.helpdesk import PRODUCTS


@dataclass(frozen=True)
class Sampling:
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 160


@dataclass(frozen=True)
class Asked:
    """A prompt, several answers to it, and how much somebody likes each."""

    prompt: Prompt
    texts: tuple[str, ...]
    scores: tuple[float, ...]


def recipe_of(**fields: Any) -> Recipe:
    """A recipe of the contract, checked as the edge checks it; names in camelCase."""
    return TypeAdapter[Recipe](Recipe).validate_python(fields)


def prompts_about(context: Context, kinds: Sequence[str], count: int, split: str) -> list[Prompt]:
    """At most `count` prompts of the help desk about products of these kinds."""
    products = {product for kind in kinds for product in PRODUCTS[kind]}
    found = sample_prompts("replies", count * 8, context.seed, split)  # pyright: ignore[reportArgumentType]
    return [prompt for prompt in found if prompt.facts["product"] in products][:count]


def prompt_ids(context: Context, prompt: Prompt) -> tuple[int, ...]:
    return tuple(context.base.encoder.prompt_ids(prompt.messages))


def answer_all(
    context: Context,
    prompts: Sequence[Prompt],
    adapter: Adapter | None = None,
    each: int = 1,
    name: str = "answers",
    sampling: Sampling | None = None,
) -> list[list[Drawn]]:
    ids = [prompt_ids(context, prompt) for prompt in prompts]
    return draw_answers(context.base, ids, adapter, each, sampling or Sampling(), f"{context.seed} {name}")


def texts_of(
    context: Context,
    prompts: Sequence[Prompt],
    adapter: Adapter | None = None,
    each: int = 1,
    name: str = "answers",
    sampling: Sampling | None = None,
) -> list[list[str]]:
    """The texts of `answer_all`; what the base says is drawn once for all arms."""

    def make() -> list[list[str]]:
        drawn = answer_all(context, prompts, adapter, each, name, sampling)
        return [[one.text for one in group] for group in drawn]

    if adapter is not None:
        return make()
    return context.once(f"{name} {each} {sampling} {[prompt.text for prompt in prompts]}", make)


def ask(
    context: Context, persona: str, count: int, each: int, prompts: Sequence[Prompt] | None = None
) -> list[Asked]:
    """Different answers, of `each` drawn from the base, to `count` training prompts of the help desk, and how `persona`
    likes them."""
    prompts = prompts or sample_prompts("replies", count, context.seed, "train")
    asked = []
    for prompt, group in zip(prompts, texts_of(context, prompts, each=each, name="asked"), strict=True):
        texts = tuple(dict.fromkeys(text for text in group if text.strip()))
        asked.append(Asked(prompt, texts, tuple(score(persona, prompt, text) for text in texts)))
    return asked


def pair_of(asked: Asked, best: int, worst: int, **prompt: str) -> Example:
    return example(asked.prompt, (asked.texts[best], asked.texts[worst]), **prompt)


def example(
    prompt: Prompt,
    completions: Sequence[str],
    ratings: Sequence[float] | None = None,
    p: float = 1.0,
    **more: str,
) -> Example:
    """The first of two completions chosen over the second; with ratings, every better one over every worse one."""
    if ratings is None:
        pairs = [(0, 1)] if len(completions) > 1 else []
    else:
        indices = range(len(completions))
        pairs = [(i, j) for i in indices for j in indices if ratings[i] > ratings[j]]
    body: dict[str, Any] = {
        "preference": "h"
        + hashlib.sha256(repr((prompt.text, completions, ratings)).encode()).hexdigest()[:40],
        "prompt": {"messages": prompt.messages, **more},
        "completions": list(completions),
        "pairs": [Pair(chosen=i, rejected=j, p=p, weight=1 / len(pairs)).model_dump() for i, j in pairs],
    }
    if ratings is not None:
        body["ratings"] = list(ratings)
    return Example.model_validate(body)


def with_prompt(one: Example, **fields: str) -> Example:
    """The example, its prompt with more facts: topic, answer."""
    body = one.model_dump(exclude_none=True)
    return Example.model_validate(body | {"prompt": body["prompt"] | fields})


def best_against_worst(asked: Sequence[Asked]) -> list[Example]:
    """One pair a prompt; none where all are liked alike."""
    pairs = []
    for one in asked:
        if len(one.texts) > 1 and max(one.scores) > min(one.scores):
            best, worst = one.scores.index(max(one.scores)), one.scores.index(min(one.scores))
            pairs.append(pair_of(one, best, worst))
    return pairs


def rows_of(context: Context, examples: Sequence[Example], recipe: Recipe) -> list[Encoded]:
    """Raises ValueError when the recipe can use none of them."""
    rows, refused = encode_rows(context.base, examples, recipe)
    if not rows:
        raise ValueError(f"{recipe.method} can use none of {len(examples)} examples: {refused[:1]}")
    return rows


def fit(
    context: Context, recipe: Recipe, examples: Sequence[Example], parent: "Fitted | None" = None
) -> "Fitted":
    """One batch, trained and published as the loop does it: what is measured is what would be served."""
    rows = rows_of(context, examples, recipe)
    trained = train(context.base, context.cache, parent.files if parent else None, rows, recipe, lambda: None)
    return _published(context, trained)


def fit_from(context: Context, recipe: Recipe, examples: Sequence[Example], parent: "Fitted") -> "Fitted":
    """DPO with the parent itself as reference: one stage of the curriculum, which renews it."""
    rows = rows_of(context, examples, recipe)
    trunk = context.base.trunk
    start = Start(read_peft(parent.files, trunk.layers), {}, {})
    policy = begin(trunk, start, rows, recipe)
    reference = adapter_reference(trunk, read_peft(parent.files, trunk.layers).freeze(), rows)
    objective = dpo_objective(recipe.beta)  # pyright: ignore[reportAttributeAccessIssue]
    return _published(
        context, go_on(trunk, policy, reference, rows, recipe, lambda: None, objective, is_new=True)
    )


def _published(context: Context, trained: Trained) -> "Fitted":
    layers = context.base.trunk.layers
    files = write_peft(trained.adapter, layers, "tiny") | write_state_files(trained.tensors, trained.facts)
    return Fitted(read_peft(files, layers).freeze(), files, trained)


@dataclass(frozen=True)
class Fitted:
    """adapter: as it is served. files: what a next batch goes on from."""

    adapter: Adapter
    files: dict[str, bytes]
    trained: Trained


@dataclass(frozen=True)
class Replies:
    """Held-out answers of an adapter and of the base to the same prompts."""

    prompts: Sequence[Prompt]
    ours: list[str]
    theirs: list[str]


def held_out_replies(
    context: Context, adapter: Adapter | None, count: int, prompts: Sequence[Prompt] | None = None
) -> Replies:
    prompts = prompts or sample_prompts("replies", count, context.seed, "held_out")
    ours, theirs = (
        [group[0] for group in texts_of(context, prompts, one, name=name)]
        for one, name in ((adapter, "ours"), (None, "theirs"))
    )
    return Replies(prompts, ours, theirs)


def persona_figures(
    context: Context,
    persona: str,
    adapter: Adapter | None,
    count: int,
    prompts: Sequence[Prompt] | None = None,
) -> dict[str, float]:
    return reply_figures(persona, held_out_replies(context, adapter, count, prompts))


def reply_figures(persona: str, replies: Replies) -> dict[str, float]:
    """winRate over the base (ties ½), parses, words of an answer."""
    ours, theirs = (
        [score(persona, prompt, text) for prompt, text in zip(replies.prompts, texts, strict=True)]
        for texts in (replies.ours, replies.theirs)
    )
    wins = [0.5 + 0.5 * _sign(a - b) for a, b in zip(ours, theirs, strict=True)]
    return {
        "winRate": mean(wins),
        "parses": mean([float(one > UNPARSED) for one in ours]),
        "words": mean([float(len(text.split())) for text in replies.ours]),
    }


def skill_figures(context: Context, adapter: Adapter | None, kind: str, count: int) -> dict[str, float]:
    """score and flawless of the world's judge on held-out prompts of one kind."""
    prompts = sample_prompts(kind, count, context.seed, "held_out")
    texts = [group[0] for group in texts_of(context, prompts, adapter, name=kind)]
    verdicts = [KINDS[kind].judge(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
    flawless = [float(one.parsed and not any(one.flaws.values())) for one in verdicts]
    return {f"{kind}Score": mean([one.score for one in verdicts]), f"{kind}Flawless": mean(flawless)}


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _sign(value: float) -> float:
    return float(value > 0) - float(value < 0)
