import pytest
from random_base import FORM, example, new_base, run

from prefloop.base import Base
from prefloop.contracts import SrpoRecipe
from prefloop.recipes.srpo import unfold
from prefloop.text.revise import DEFAULT_REVISION, revision_text

RECIPE = SrpoRecipe(method="srpo", **FORM)


@pytest.fixture(scope="module")
def base() -> Base:
    return new_base()


def votes(count: int):
    return [example(n, [f"the one {n}", f"the other, and that {n}"]) for n in range(count)]


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_it_begins_at_a_quarter_and_falls(base: Base, alpha: float):
    trained = run(base, RECIPE.model_copy(update={"alpha": alpha, "epochs": 4}), votes(8))
    assert trained.losses[0] == pytest.approx(0.25, abs=1e-6)
    assert trained.losses[-1] < 0.2


def test_six_sequences_of_a_pair_share_three_prompts(base: Base):
    question = "this and that, and the other one, and on it goes"
    vote = example(0, ["the one", "the other"], prompt={"messages": [{"role": "user", "content": question}]})
    row = base.encoder.encode(vote, 200)
    triples, left_out = unfold(base.encoder, [row], DEFAULT_REVISION, 200)
    ((asked, after_l, after_w),) = triples.values()
    assert left_out == 0
    assert (
        asked.completions
        == after_l.completions
        == after_w.completions
        == (row.completions[0], row.completions[1])
    )
    said = revision_text(question, "the other")
    assert after_l.prompt == tuple(base.encoder.prompt_ids([{"role": "user", "content": said}]))
    trained = run(base, RECIPE, [vote])
    whole = sum(len(one.prompt) + sum(map(len, one.completions)) for one in (asked, after_l, after_w))
    assert trained.metrics["tokens"] == whole - 2 * asked.shared
    assert asked.prompt[: asked.shared] == after_l.prompt[: asked.shared] == after_w.prompt[: asked.shared]
    assert asked.shared >= 16


def test_pairs_that_do_not_fit_with_their_drafts_are_counted(base: Base):
    long = example(7, ["the one " * 24, "the other " * 24])
    trained = run(base, RECIPE.model_copy(update={"max_length": 120}), [*votes(4), long])
    assert trained.metrics["tooLongToRevise"] == 1 and trained.metrics["pairs"] == 4
    with pytest.raises(ValueError, match="together with a draft"):
        run(base, RECIPE.model_copy(update={"max_length": 120}), [long])
