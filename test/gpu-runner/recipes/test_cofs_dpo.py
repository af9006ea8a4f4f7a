import pytest
import torch
from device import DEVICE, to_the_bit
from random_base import FORM, example, files_of, new_base, run
from random_models import strong_adapter

from prefloop.adapters.combine import combine, shrink
from prefloop.base import Base
from prefloop.contracts import CofsDpoRecipe
from prefloop.recipes.cofs_dpo import remember
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps

RECIPE = CofsDpoRecipe(method="cofs-dpo", beta=0.5, memory=3, fit_steps=4, chasing_interval=2, **FORM)
PACKED = pack([((5, 6, 7), [(8, 9, 0), (10, 11, 12, 0)])], DEVICE)


@pytest.fixture(scope="module")
def base() -> Base:
    return new_base()


def votes(topic: str, first: int, count: int = 6):
    return [
        example(n, [f"the one {n}", f"the other {n}"], prompt={"topic": topic})
        for n in range(first, first + count)
    ]


@torch.no_grad()
def logps(base: Base, adapter) -> torch.Tensor:
    return completion_logps(base.trunk, PACKED, [adapter])[0]


def test_a_combination_is_exactly_the_sum_of_the_changes(base: Base):
    one, other = (
        strong_adapter(base.trunk, 1, r=2),
        strong_adapter(base.trunk, 2, r=3, targets=["q_proj", "up_proj"]),
    )
    alone = combine([one, other], [1.0, 0.0])
    torch.testing.assert_close(logps(base, alone), logps(base, one), atol=1e-4, rtol=1e-4)
    both = combine([one, other], [0.5, -0.25], scale=2.0)
    for path, (a_rI, b_Or) in both.pairs.items():
        expected = sum(
            w * adapter.scale * adapter.pairs[path][1] @ adapter.pairs[path][0]
            for w, adapter in ((0.5, one), (-0.25, other))
            if path in adapter.pairs
        )
        torch.testing.assert_close(2.0 * b_Or @ a_rI, expected, atol=1e-5, rtol=1e-4)


def test_shrinking_keeps_what_has_that_rank_and_says_what_it_loses(base: Base):
    one = strong_adapter(base.trunk, 1, r=2)
    twice, lost = shrink(combine([one, one], [0.5, 0.5]), 2)
    assert lost < 1e-10 and twice.r == 2
    torch.testing.assert_close(logps(base, twice), logps(base, one), atol=1e-3, rtol=1e-3)
    _, lost = shrink(combine([one, strong_adapter(base.trunk, 5, r=2)], [1.0, 1.0]), 2)
    assert 0 < lost < 1


def test_each_topic_has_an_adapter_of_its_own_that_goes_on_where_it_was(base: Base):
    first = run(base, RECIPE, votes("sums", 0))
    assert first.adapter.r == 4 and first.metrics["topics"] == 1
    both = run(base, RECIPE, votes("tales", 20), files_of(base, first))
    assert both.adapter.r == 8 and len(both.facts["weights"]) == 2
    # the topic that did not come is as it was, to the bit
    assert torch.equal(both.tensors["0.fast.weights"].cpu(), first.tensors["0.fast.weights"].cpu())
    again = run(base, RECIPE, votes("sums", 40), files_of(base, both))
    assert again.tensors["0.fast.steps"].item() == 2 * first.tensors["0.fast.steps"].item()
    assert torch.equal(again.tensors["1.fast.weights"].cpu(), both.tensors["1.fast.weights"].cpu())


@to_the_bit
def test_the_same_votes_make_the_same_bytes(base: Base):
    first, second = (files_of(base, run(base, RECIPE, [*votes("a", 0), *votes("b", 30)])) for _ in range(2))
    assert first == second


def test_a_memory_does_not_depend_on_the_order_in_which_votes_came(base: Base):
    rows = [base.encoder.encode(one, 200) for one in votes("sums", 0, 12)]
    at_once = remember(rows, 4)
    one_by_one: list = []
    for row in reversed(rows):
        one_by_one = remember([*one_by_one, row], 4)
    assert at_once == one_by_one and len(at_once) == 4


def test_another_methods_line_cannot_be_gone_on_from(base: Base):
    files = {
        k: v for k, v in files_of(base, run(base, RECIPE, votes("a", 0))).items() if not k.startswith("state")
    }
    with pytest.raises(ValueError, match="another method"):
        run(base, RECIPE, votes("b", 9), files)
