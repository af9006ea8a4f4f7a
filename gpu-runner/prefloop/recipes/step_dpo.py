"""Step-DPO (Lai et al. 2024, arXiv 2406.18629): one step of reasoning against another, after the same right steps.

The data is made from the model's own answers. A wrong answer is searched for its first wrong step (people mark it, or a
checker finds it); from before that step the policy goes on many times; what ends in the right answer gives its next step
as the chosen one. Both steps stand alone: the right steps before them belong to the prompt, and no end token is added.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.contracts import Pair, StepDpoRecipe
from prefloop.judges.judge import StepChecker
from prefloop.judges.make import make_checker
from prefloop.recipes.dpo import dpo_objective
from prefloop.recipes.draw import draw_answers
from prefloop.recipes.preference import begin, go_on
from prefloop.recipes.reference import base_reference
from prefloop.recipes.texts import prompt_text
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache


@dataclass(frozen=True)
class WrongStep:
    """row: whose prompt it answers. before: the right steps, each with its line's end. step: the first wrong one.
    weight: of the vote that says so; of what the checker finds, 1."""

    row: Encoded
    asked: tuple[int, ...]
    before: str
    step: str
    weight: float = 1.0


def train_step_dpo(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: StepDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises JudgeFailed when the checker does, ValueError when no wrong step could be mended."""
    trunk = base.trunk
    policy = begin(trunk, start, rows, recipe)
    adapter = policy.adapter if start else None
    given = [row for row in rows if row.pairs and row.example and row.example.prefix is not None]
    checker = make_checker(recipe.checker)
    wrong = [*marked(base, rows), *located(base, adapter, rows, recipe, checker)]
    mended = rectify(base, adapter, wrong, recipe, checker)
    pairs = [*given, *mended]
    if not pairs:
        raise ValueError(
            f"none of {len(wrong)} wrong steps could be mended by {recipe.corrections} corrections each: there is "
            "nothing to learn from"
        )
    reference = base_reference(trunk, cache, pairs)
    objective = dpo_objective(recipe.beta, "sigmoid", recipe.label_smoothing, recipe.sft_weight)
    more = {"wrongSteps": float(len(wrong)), "stepPairs": float(len(pairs))}
    return go_on(trunk, policy, reference, pairs, recipe, on_step, objective, start is None, more)


def marked(base: Base, rows: Sequence[Encoded]) -> list[WrongStep]:
    """What people marked: an example without pairs whose one completion is the wrong step."""
    found = []
    for row in rows:
        example = row.example
        if example is not None and example.prefix is not None and not row.pairs:
            asked = tuple(base.encoder.prompt_ids(example.prompt))
            weight = 1.0 if example.weight is None else example.weight
            found.append(WrongStep(row, asked, example.prefix, example.completions[0], weight))
    return found


def located(
    base: Base,
    policy: Adapter | None,
    rows: Sequence[Encoded],
    recipe: StepDpoRecipe,
    checker: StepChecker,
) -> list[WrongStep]:
    """The first wrong steps of the policy's own wrong answers to prompts whose answer is known; each step once."""
    asked = {
        row.prompt: row
        for row in rows
        if row.pairs and row.example and row.example.prompt.answer and row.example.prefix is None
    }
    drawn = draw_answers(base, list(asked), policy, recipe.samples, recipe, f"{recipe.seed} collect")
    found: dict[tuple[tuple[int, ...], str, str], WrongStep] = {}
    for (prompt, row), group in zip(asked.items(), drawn, strict=True):
        question, answer = prompt_text(row), row.example.prompt.answer if row.example else None
        for text in dict.fromkeys(one.text for one in group if one.ended):
            if checker.is_solved(question, text, answer):
                continue
            steps = text.splitlines(keepends=True)
            first = checker.first_wrong(question, [step.rstrip("\n") for step in steps], answer)
            if first is not None:
                before = "".join(steps[:first])
                found.setdefault((prompt, before, steps[first]), WrongStep(row, prompt, before, steps[first]))
    return list(found.values())


def rectify(
    base: Base,
    policy: Adapter | None,
    wrong: Sequence[WrongStep],
    recipe: StepDpoRecipe,
    checker: StepChecker,
) -> list[Encoded]:
    """One row for every different right step that a solved continuation begins with."""
    prompts = [(*one.asked, *base.encoder.step_ids(one.before)) for one in wrong]
    drawn = draw_answers(base, prompts, policy, recipe.corrections, recipe, f"{recipe.seed} rectify")
    rows = []
    for number, (one, prompt, group) in enumerate(zip(wrong, prompts, drawn, strict=True)):
        question = prompt_text(one.row)
        answer = one.row.example.prompt.answer if one.row.example else None
        solved = [
            each.text
            for each in group
            if each.ended and checker.is_solved(question, one.before + each.text, answer)
        ]
        steps = dict.fromkeys(text.splitlines(keepends=True)[0] for text in solved if text)
        for place, step in enumerate(step for step in steps if step.strip() != one.step.strip()):
            texts = (tuple(base.encoder.step_ids(step)), tuple(base.encoder.step_ids(one.step)))
            pair = Pair(chosen=0, rejected=1, p=1.0, weight=one.weight)
            name = f"{one.row.preference}-{number}-{place}"
            rows.append(replace(one.row, preference=name, prompt=prompt, completions=texts, pairs=(pair,)))
    return rows
