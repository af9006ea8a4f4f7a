"""Rebirth tuning (Tang et al. 2024, arXiv 2410.06682): what a line has learned, taught to a fresh adapter on the base.

The parent answers the batch's prompts; the base itself answers `replayPrompts`, which stand for its other skills; a fresh
adapter is trained on both by plain cross-entropy. The parent's weights are let go.
"""

from collections.abc import Callable, Sequence

from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.contracts import RebirthRecipe
from prefloop.recipes.draw import draw_answers
from prefloop.recipes.preference import begin, finish, policy_step
from prefloop.recipes.reference import no_reference
from prefloop.recipes.sft import imitate
from prefloop.recipes.steps import run_steps
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache


def train_rebirth(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: RebirthRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises ValueError without a parent, and when no answer comes to an end."""
    if start is None:
        raise ValueError("rebirth teaches what a line has learned: the domain has no adapter yet")
    prompts = list(dict.fromkeys(row.prompt for row in rows))
    lessons = write_lessons(base, start.adapter.freeze(), prompts, recipe.samples, recipe, "taught")
    if not lessons:
        raise ValueError("no answer of the parent came to an end: there is nothing to teach")
    replayed = replay(base, len(lessons), recipe)
    policy = begin(base.trunk, None, [*lessons, *replayed], recipe)
    step = policy_step(base.trunk, policy, imitate, recipe)
    done = run_steps(base.trunk, no_reference, [*lessons, *replayed], recipe, step, on_step)
    counts = {"lessons": float(len(lessons)), "replayed": float(len(replayed))}
    return finish(policy, recipe, done, counts)


def replay(base: Base, taught: int, recipe: RebirthRecipe) -> list[Encoded]:
    """So many answers of the base that they are `replay` of all lessons; none without prompts."""
    if not recipe.replay_prompts or not recipe.replay:
        return []
    count = round(taught * recipe.replay / (1 - recipe.replay))
    texts = recipe.replay_prompts
    prompts = [tuple(base.encoder.prompt_ids(_as_prompt(base, text))) for text in texts]
    each = max(1, -(-count // len(prompts)))
    return write_lessons(base, None, prompts, each, recipe, "replayed")[:count]


def write_lessons(
    base: Base,
    teacher: Adapter | None,
    prompts: Sequence[tuple[int, ...]],
    each: int,
    recipe: RebirthRecipe,
    name: str,
) -> list[Encoded]:
    """Different whole answers of the teacher, first to every prompt, then again; those that were cut teach nothing."""
    drawn = draw_answers(base, prompts, teacher, each, recipe, f"{recipe.seed} {name}")
    lessons: dict[tuple[tuple[int, ...], tuple[int, ...]], Encoded] = {}
    for number in range(each):
        for at, (prompt, group) in enumerate(zip(prompts, drawn, strict=True)):
            if number < len(group) and group[number].ended:
                answer = group[number].ids
                row = Encoded(f"{name}-{at}-{number}", prompt, (answer,), (), lessons=(0,))
                lessons.setdefault((prompt, answer), row)
    return list(lessons.values())


def _as_prompt(base: Base, text: str) -> dict:
    if base.encoder.tokenizer.chat_template:
        return {"messages": [{"role": "user", "content": text}]}
    return {"text": text}
