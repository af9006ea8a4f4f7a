"""A line whose chosen answers fall is trained more gently until they stand again."""

import pytest
from random_base import FORM, example, files_of, new_base, run

from prefloop.base import Base
from prefloop.contracts import DpoRecipe, FlexDpoRecipe, GateBounds, SimPoRecipe
from prefloop.learn import encode_rows
from prefloop.mitigation import mitigate
from prefloop.text.reference_cache import ReferenceCache

TEXTS = [[f"this and that and the one {n}", f"this and that and the other {n}"] for n in range(8)]
VOTES = [example(n, texts) for n, texts in enumerate(TEXTS)]
# What people like here is what this line was taught to avoid.
TURNED = [example(n, texts[::-1]) for n, texts in enumerate(TEXTS)]
RECIPE = DpoRecipe(method="dpo", beta=2.0, **FORM | {"learning_rate": 0.02, "epochs": 6})


@pytest.fixture(scope="module")
def base() -> Base:
    return new_base()


def bounds(limit: float, **mitigation: float) -> GateBounds:
    return GateBounds.model_validate({"maxDisplacement": limit, "mitigation": mitigation})


def used(base: Base, recipe, parent, limits: GateBounds):
    rows, _ = encode_rows(base, VOTES, RECIPE)
    return mitigate(base, ReferenceCache("test"), parent, rows, [], recipe, limits)


def test_a_fall_beyond_the_bound_switches_to_flex_dpo_with_an_sft_term(base: Base):
    parent = files_of(base, run(base, RECIPE, TURNED))
    assert used(base, RECIPE, parent, bounds(1000)) is RECIPE
    recipe = used(base, RECIPE, parent, bounds(1e-9, betaRejectedRatio=0.5, sftWeight=0.2))
    assert isinstance(recipe, FlexDpoRecipe)
    assert (recipe.beta_chosen, recipe.beta_rejected, recipe.sft_weight) == (2.0, 1.0, 0.2)
    # the state is gone on from, moments and all
    gentle = run(base, recipe, VOTES, parent)
    assert gentle.tensors["policy.steps"].item() == 2 * 12


def test_without_a_parent_a_bound_or_a_mitigation_and_for_other_recipes_nothing_changes(base: Base):
    parent = files_of(base, run(base, RECIPE, TURNED))
    low = bounds(1e-9)
    assert used(base, RECIPE, None, low) is RECIPE
    assert used(base, RECIPE, parent, GateBounds.model_validate({"maxDisplacement": 1e-9})) is RECIPE
    other = SimPoRecipe(method="simpo", **FORM)
    assert used(base, other, parent, low) is other
