"""What a line is trained by while its chosen answers are falling (the mitigations of 3D-Properties, arXiv 2406.07327)."""

from collections.abc import Mapping, Sequence

from prefloop.adapters.files import read_peft
from prefloop.base import Base
from prefloop.contracts import DpoRecipe, FlexDpoRecipe, GateBounds, Recipe
from prefloop.gates.displacement import measure_displacement
from prefloop.gates.scored import score_rows
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache

ROWS = 64


def mitigate(
    base: Base,
    cache: ReferenceCache,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[Encoded],
    held_out: Sequence[Encoded],
    recipe: Recipe,
    bounds: GateBounds,
) -> Recipe:
    """Flex-DPO with an SFT term in the place of DPO, when the parent does not meet the domain's bound on displacement.

    The parent is measured as the gate measured it: on the held-out votes, on this batch's own before there are any. What
    a domain has no `mitigation` for, and every other recipe, stays as it is.
    """
    wanted, bound = bounds.mitigation, bounds.max_displacement
    if parent is None or wanted is None or bound is None:
        return recipe
    if not isinstance(recipe, DpoRecipe) or recipe.loss != "sigmoid":
        return recipe
    adapter = read_peft(parent, base.trunk.layers).freeze()
    measured = measure_displacement(score_rows(base.trunk, cache, adapter, (held_out or rows)[-ROWS:]))
    if measured is None or measured.value <= bound:
        return recipe
    shared = recipe.model_dump(exclude={"method", "loss", "beta", "sft_weight"})
    return FlexDpoRecipe.model_validate(
        {
            **shared,
            "method": "flex-dpo",
            "beta_chosen": recipe.beta,
            "beta_rejected": recipe.beta * wanted.beta_rejected_ratio,
            "sft_weight": max(recipe.sft_weight, wanted.sft_weight),
        }
    )
