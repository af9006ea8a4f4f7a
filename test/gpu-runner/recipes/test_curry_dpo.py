import pytest
from random_base import FORM, example, files_of, new_base, run

from prefloop.base import Base
from prefloop.contracts import CurryDpoRecipe
from prefloop.recipes.curry_dpo import arrange, rating_gaps

RECIPE = CurryDpoRecipe(method="curry-dpo", beta=0.5, **FORM)
TEXTS = ["the one", "the other, and that", "this and the other", "that and that"]


@pytest.fixture(scope="module")
def base() -> Base:
    return new_base()


def lists(count: int, ratings: list[float] | None = None):
    return [
        example(n, [f"{text} {n}" for text in TEXTS], ratings=ratings or [9, 5, 7, 1]) for n in range(count)
    ]


def test_every_stage_begins_at_the_reference(base: Base):
    trained = run(base, RECIPE, lists(8))
    # ln 2 at the first step of each of the three stages
    assert trained.metrics["firstLoss"] == pytest.approx(0.693147, abs=1e-5)
    assert trained.losses[0] == trained.losses[2] == trained.losses[4] == pytest.approx(0.693147, abs=1e-5)
    assert trained.losses[1] < 0.693


def test_without_renewing_later_stages_go_on_from_where_the_margin_is(base: Base):
    trained = run(base, RECIPE.model_copy(update={"renew_reference": False, "epochs": 3}), lists(8))
    assert trained.losses[0] == pytest.approx(0.693147, abs=1e-5)
    assert trained.metrics["firstLoss"] < 0.69


def test_a_second_batch_begins_at_what_the_first_has_learned(base: Base):
    first = run(base, RECIPE, lists(4))
    second = run(base, RECIPE, lists(8)[4:], files_of(base, first))
    assert second.losses[0] == pytest.approx(0.693147, abs=1e-5)


def test_pairs_go_from_the_widest_gap_to_the_narrowest_and_ties_with_the_best_are_dropped(base: Base):
    rows = [base.encoder.encode(one, 200) for one in [*lists(1), *lists(2, [9, 5, 9, 1])[1:]]]
    curriculum = arrange(rows, [rating_gaps(row) for row in rows], 3)
    worse = [
        [rows[0].completions.index(row.completions[1]) for row in stage[:1]] for stage in curriculum.stages
    ]
    assert worse == [[3], [1], [2]]
    assert curriculum.ties == 1
    assert [len(stage) for stage in curriculum.stages] == [2, 2, 1]


def test_a_stage_without_a_pair_is_refused_by_its_number(base: Base):
    with pytest.raises(ValueError, match="stage 2 of 7 has no pair"):
        run(base, RECIPE.model_copy(update={"stages": 7}), lists(2))


def test_difficulty_can_be_the_models_own(base: Base):
    trained = run(base, RECIPE.model_copy(update={"difficulty": "margin"}), lists(4))
    assert trained.metrics["stages"] == 3
