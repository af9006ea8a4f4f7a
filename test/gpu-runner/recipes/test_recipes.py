"""The recipes that train on pairs alone, batch after batch through their files, on a random two-layer Llama."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from device import DEVICE, to_the_bit
from random_models import random_trunk

from prefloop.adapters.files import STATE, read_peft, read_state, write_peft
from prefloop.contracts import (
    AsftRecipe,
    DpoRecipe,
    FlexDpoRecipe,
    LnDpoRecipe,
    OfsDpoRecipe,
    OrpoRecipe,
    Pair,
    SimPoRecipe,
)
from prefloop.objectives.margins import PairLosses
from prefloop.recipes import dpo as dpo_recipe
from prefloop.recipes.data_order import microbatches
from prefloop.recipes.methods import ON_VOTES
from prefloop.recipes.ofs_dpo import FAST, SLOW, Roles
from prefloop.recipes.state_files import PARTS, read_state_files, write_state_files
from prefloop.recipes.trained import Trained, read_start
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import completion_logps, pair_batch
from prefloop.text.trunk import Trunk

Recipe = DpoRecipe | OfsDpoRecipe | LnDpoRecipe | FlexDpoRecipe | SimPoRecipe | AsftRecipe | OrpoRecipe
FORM = {"rank": 4, "lora_alpha": 8.0, "micro_batch": 4, "learning_rate": 3e-3, "beta": 0.5}
DPO = DpoRecipe(method="dpo", **FORM)
OFS = OfsDpoRecipe(method="ofs-dpo", **FORM, chasing_interval=3)
BOTH = pytest.mark.parametrize("recipe", [DPO, OFS], ids=["dpo", "ofs-dpo"])
WITHOUT_BETA = {name: value for name, value in FORM.items() if name != "beta"}
PAIRWISE = [
    DPO,
    OFS,
    LnDpoRecipe(method="ln-dpo", **FORM | {"beta": 3.0}),
    FlexDpoRecipe(method="flex-dpo", beta_chosen=0.5, beta_rejected=0.4, **WITHOUT_BETA),
    SimPoRecipe(method="simpo", **FORM | {"beta": 2.0}),
    AsftRecipe(method="asft", **WITHOUT_BETA),
    OrpoRecipe(method="orpo", **WITHOUT_BETA | {"lambda_": 1.0}),
]
ALL = pytest.mark.parametrize("recipe", PAIRWISE, ids=[recipe.method for recipe in PAIRWISE])


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return random_trunk()


def vote(number: int, p: float = 1.0, weight: float = 1.0) -> Encoded:
    """Token 7 is liked and token 9 is not, whatever the prompt."""
    generator = torch.Generator().manual_seed(number)
    draw = lambda size: tuple(torch.randint(10, 60, (size,), generator=generator).tolist())
    completions = ((7, *draw(3), 7, 2), (9, *draw(4), 9, 2))
    return Encoded(f"h{number:040}", draw(5), completions, (Pair(chosen=0, rejected=1, p=p, weight=weight),))


VOTES = [vote(number) for number in range(24)]


def train(
    trunk: Trunk,
    recipe: Recipe,
    rows: Sequence[Encoded],
    parent: dict[str, bytes] | None = None,
    on_step: Callable[[], None] = lambda: None,
    cache: ReferenceCache | None = None,
) -> Trained:
    start = read_start(parent, trunk.layers, recipe) if parent else None
    cache = cache or ReferenceCache("test")
    return ON_VOTES[recipe.method](trunk, cache, start, rows, recipe, on_step)


def files_of(trunk: Trunk, trained: Trained) -> dict[str, bytes]:
    files = write_peft(trained.adapter, trunk.layers, "random")
    return files | write_state_files(trained.tensors, trained.facts)


@torch.no_grad()
def margins(trunk: Trunk, trained: Trained, rows: Sequence[Encoded]) -> torch.Tensor:
    batch = pair_batch(rows, DEVICE)
    policy_N, base_N = completion_logps(trunk, batch.packed, [trained.adapter, None])
    gain_N = policy_N - base_N
    return gain_N[batch.chosen_B] - gain_N[batch.rejected_B]


@BOTH
def test_the_loss_falls_from_ln_2_and_new_prompts_are_judged_alike(trunk: Trunk, recipe: Recipe):
    trained = train(trunk, recipe.model_copy(update={"epochs": 4}), VOTES)
    assert trained.losses[0] == pytest.approx(0.693147, abs=1e-6)
    assert len(trained.losses) == 24 and trained.losses[-1] < 0.1
    unseen = [vote(number) for number in range(100, 120)]
    assert (margins(trunk, trained, unseen) > 0).float().mean() >= 0.9


@ALL
def test_every_method_learns_what_is_liked(trunk: Trunk, recipe: Recipe):
    trained = train(trunk, recipe.model_copy(update={"epochs": 4}), VOTES)
    assert trained.losses[-1] < trained.losses[0]
    unseen = [vote(number) for number in range(100, 120)]
    assert (margins(trunk, trained, unseen) > 0).float().mean() >= 0.8


@pytest.mark.parametrize("recipe", PAIRWISE[4:], ids=[recipe.method for recipe in PAIRWISE[4:]])
def test_without_a_reference_none_is_run(trunk: Trunk, recipe: Recipe):
    cache = ReferenceCache("test")
    train(trunk, recipe, VOTES[:8], cache=cache)
    assert len(cache) == 0


@BOTH
def test_an_sft_term_keeps_what_is_preferred_likely(trunk: Trunk, recipe: Recipe):
    # Both completions begin alike: the preference loss alone is free to let both fall.
    rows = [replace(row, completions=(row.completions[0], (*row.completions[0][:-2], 9, 2))) for row in VOTES]
    alone = recipe.model_copy(update={"epochs": 4})
    held = alone.model_copy(update={"sft_weight": 0.3})
    batch = pair_batch(rows, DEVICE)
    likely = []
    for one in (alone, held):
        trained = train(trunk, one, rows)
        with torch.no_grad():
            (policy_N,) = completion_logps(trunk, batch.packed, [trained.adapter])
        likely.append(policy_N[batch.chosen_B].mean().item())
    assert likely[1] > likely[0] + 1
    first = train(trunk, alone, rows[:4]), train(trunk, held, rows[:4])
    assert first[0].losses[0] == first[1].losses[0]  # what is reported is the preference loss


@to_the_bit
@ALL
def test_the_same_parent_votes_and_recipe_make_the_same_bytes(trunk: Trunk, recipe: Recipe):
    first, second = (train(trunk, recipe, VOTES) for _ in range(2))
    assert files_of(trunk, first) == files_of(trunk, second)
    assert first.losses == second.losses
    other = train(trunk, recipe.model_copy(update={"seed": 1}), VOTES)
    assert files_of(trunk, other) != files_of(trunk, first)


class Killed(Exception):
    pass


@to_the_bit
@ALL
def test_a_kill_after_any_step_changes_nothing_of_what_the_line_becomes(trunk: Trunk, recipe: Recipe):
    """Three batches of eight in a row; the second one dies after each of its steps in turn and is trained again from
    the head's files, by a runner that remembers the reference and by one that does not."""
    batches = [VOTES[:8], VOTES[8:16], VOTES[16:]]
    recipe = recipe.model_copy(update={"epochs": 2})
    files: dict[str, bytes] | None = None
    line = []
    for rows in batches:
        files = files_of(trunk, train(trunk, recipe, rows, files))
        line.append(files)

    for last_step in range(4):
        cache = ReferenceCache("test")
        steps = 0

        def die(limit: int = last_step) -> None:
            nonlocal steps
            if steps == limit:
                raise Killed
            steps += 1

        with pytest.raises(Killed):
            train(trunk, recipe, batches[1], line[0], die, cache)
        for remembered in (cache, None):
            second = files_of(trunk, train(trunk, recipe, batches[1], line[0], cache=remembered))
            assert second == line[1], f"after a kill at step {last_step}"
    assert files_of(trunk, train(trunk, recipe, batches[2], line[1])) == line[2]


@BOTH
def test_moments_and_steps_are_carried_from_batch_to_batch(trunk: Trunk, recipe: Recipe):
    first = files_of(trunk, train(trunk, recipe, VOTES[:12]))
    carried = train(trunk, recipe, VOTES[12:], first)
    without_state = train(trunk, recipe, VOTES[12:], {k: v for k, v in first.items() if k != STATE})
    name = "policy" if isinstance(recipe, DpoRecipe) else "fast"
    assert carried.tensors[f"{name}.steps"].item() == 6 and without_state.tensors[f"{name}.steps"].item() == 3
    assert not torch.equal(carried.tensors[f"{name}.weights"], without_state.tensors[f"{name}.weights"])


@ALL
def test_agreement_is_measured_before_the_batch_is_learned(trunk: Trunk, recipe: Recipe):
    first = train(trunk, recipe.model_copy(update={"epochs": 4}), VOTES)
    assert "accuracyBefore" not in first.metrics
    second = train(trunk, recipe, [vote(number) for number in range(50, 60)], files_of(trunk, first))
    assert second.metrics["accuracyBefore"] > 0.8 and second.metrics["accuracyBeforeCount"] == 10


@ALL
def test_ties_hold_the_margin_down_and_weightless_votes_do_nothing(trunk: Trunk, recipe: Recipe):
    recipe = recipe.model_copy(update={"epochs": 4})
    certain = margins(trunk, train(trunk, recipe, VOTES), VOTES).mean()
    tied = margins(trunk, train(trunk, recipe, [vote(n, p=0.5) for n in range(24)]), VOTES).mean()
    turned = margins(trunk, train(trunk, recipe, [vote(n, p=0.0) for n in range(24)]), VOTES).mean()
    weightless = margins(trunk, train(trunk, recipe, [vote(n, weight=0.0) for n in range(24)]), VOTES)
    assert tied.abs() < 0.2 * certain
    assert turned < -0.5 * certain
    assert (weightless == 0).all()


def test_a_list_of_completions_runs_its_prompt_once(trunk: Trunk):
    pairs = tuple(Pair(chosen=c, rejected=r, p=1.0, weight=1 / 3) for c, r in ((0, 1), (0, 2), (1, 2)))
    ranking = Encoded("h" + "1" * 40, (11, 12, 13, 14), ((7, 7, 2), (8, 9, 9, 2), (9, 2)), pairs)
    trained = train(trunk, DPO, [ranking])
    assert trained.metrics["tokens"] == 4 + 3 + 4 + 2
    assert trained.metrics["headRows"] == 3 + 4 + 2
    assert trained.metrics["pairs"] == 3


def test_every_vote_is_seen_once_an_epoch_in_an_order_of_its_own():
    seen = list(microbatches(VOTES, size=10, epochs=2, seed=0))
    assert [len(rows) for rows in seen] == [10, 10, 4, 10, 10, 4]
    first, second = ([row.preference for rows in epoch for row in rows] for epoch in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == [row.preference for row in VOTES]
    assert first != second != [row.preference for row in VOTES] != first


def test_fast_and_slow_move_at_their_own_rates_from_one_beginning(trunk: Trunk):
    trained = train(trunk, OFS.model_copy(update={"alpha": 0.0, "slow_ratio": 0.1}), VOTES[:4])
    begin = train(trunk, OFS, [vote(0, weight=0.0)])
    fast, slow = (
        (trained.tensors[f"{name}.weights"] - begin.tensors[f"{name}.weights"]).norm()
        for name in ("fast", "slow")
    )
    assert (slow / fast).item() == pytest.approx(0.1, rel=1e-3)


def test_roles_go_to_the_lower_mean_loss_after_each_interval_and_a_draw_changes_nothing():
    roles = Roles()
    for losses in [(1.0, 0.5), (0.2, 0.5)]:
        roles.count(losses, interval=3)
    assert roles.chased == FAST and roles.steps == 2
    roles.count((0.1, 0.2), interval=3)
    assert roles.chased == SLOW and roles.swaps == 1 and roles.steps == 0 and roles.sums == [0.0, 0.0]
    for _ in range(3):
        roles.count((0.3, 0.3), interval=3)
    assert roles.chased == SLOW and roles.swaps == 1


def test_when_taste_turns_the_slow_adapter_is_the_better_one_and_is_chased_and_published(trunk: Trunk):
    recipe = OFS.model_copy(update={"slow_ratio": 0.01})
    settled = train(trunk, recipe, VOTES)
    assert settled.metrics["fastIsChased"] == 1 and settled.metrics["gap"] > 0
    careful = recipe.model_copy(update={"learning_rate": 1e-6})
    turned = train(trunk, careful, [vote(n, p=0.0) for n in range(24, 40)], files_of(trunk, settled))
    assert turned.metrics["baseLossFast"] > turned.metrics["baseLossSlow"]
    assert turned.metrics["roleSwaps"] == 1 and turned.metrics["fastIsChased"] == 0
    assert torch.equal(turned.adapter.flat.detach(), turned.tensors["slow.weights"])
    patient = recipe.model_copy(update={"chasing_interval": 1000})
    assert train(trunk, patient, VOTES, files_of(trunk, turned)).metrics["fastIsChased"] == 0, (
        "roles are state"
    )


def test_the_running_means_of_an_interval_span_two_batches(trunk: Trunk):
    recipe = OFS.model_copy(update={"chasing_interval": 4})
    first = files_of(trunk, train(trunk, recipe, VOTES[:12]))
    _, facts = read_state(first[STATE])
    assert facts["roles"]["steps"] == 3 and facts["roles"]["sums"][0] > 0
    _, facts = read_state(files_of(trunk, train(trunk, recipe, VOTES[12:], first))[STATE])
    assert facts["roles"]["steps"] == 2


def test_another_method_goes_on_from_the_published_weights(trunk: Trunk):
    parent = files_of(trunk, train(trunk, DPO, VOTES))
    published = read_peft(parent, trunk.layers).flat.detach()
    begun = train(trunk, OFS, [vote(0, weight=0.0)], parent)
    assert torch.equal(begun.tensors["fast.weights"], published)
    assert torch.equal(begun.tensors["slow.weights"], published)
    assert train(trunk, DPO, VOTES, files_of(trunk, begun)).losses[0] < 0.6


def test_a_large_state_is_cut_into_files_that_the_edge_takes_and_put_together_again(trunk: Trunk):
    trained = train(trunk, OFS, VOTES[:8])
    whole = write_state_files(trained.tensors, trained.facts)
    cut = write_state_files(trained.tensors, trained.facts, part_bytes=40_000)
    assert list(whole) == [STATE] and list(cut) == list(PARTS[: len(cut)]) and len(cut) > 3
    assert all(len(content) < 42_000 for content in cut.values())
    for files in (whole, cut):
        read = read_state_files(files)
        assert read is not None
        assert read[0].keys() == trained.tensors.keys()
        assert all(torch.equal(tensor, trained.tensors[name].cpu()) for name, tensor in read[0].items())
    published = write_peft(trained.adapter, trunk.layers, "random")
    lines = [files_of(trunk, train(trunk, OFS, VOTES[8:], published | files)) for files in (whole, cut)]
    assert lines[0] == lines[1]
    with pytest.raises(ValueError, match="state-2.safetensors is missing"):
        read_state_files({name: content for name, content in cut.items() if name != PARTS[1]})
    with pytest.raises(ValueError, match="at most 12 are taken"):
        write_state_files(trained.tensors, trained.facts, part_bytes=1_000)


def test_tensors_of_any_shape_are_cut():
    tensors = {"flat": torch.randn(990), "matrix": torch.randn(30, 64)}
    cut = write_state_files(tensors, {}, part_bytes=4000)
    assert len(cut) == 3 and all(len(content) < 4500 for content in cut.values())
    read = read_state_files(cut)
    assert read is not None
    assert all(torch.equal(read[0][name], tensor.flatten()) for name, tensor in tensors.items())


@BOTH
@pytest.mark.parametrize("change", [{"rank": 8}, {"lora_alpha": 4.0}])
def test_a_head_of_another_form_is_refused(trunk: Trunk, recipe: Recipe, change: dict[str, float]):
    parent = files_of(trunk, train(trunk, recipe, VOTES[:4]))
    with pytest.raises(ValueError, match="form of a line of adapters cannot change"):
        train(trunk, recipe.model_copy(update=change), VOTES, parent)


def test_numbers_that_stay_not_finite_end_the_batch(trunk: Trunk, monkeypatch: pytest.MonkeyPatch):
    def broken(logps, *_: object) -> PairLosses:
        nan_B = logps.chosen_B * float("nan")
        return PairLosses(nan_B, nan_B.detach(), nan_B.detach())

    monkeypatch.setitem(dpo_recipe.LOSSES, "sigmoid", broken)
    with pytest.raises(ValueError, match="not finite in 4 of 4 steps"):
        train(trunk, DPO, VOTES)
    with pytest.raises(ValueError, match="not finite in any of 1 steps"):
        train(trunk, DPO, VOTES[:4])


def test_one_bad_step_is_skipped_and_counted(trunk: Trunk, monkeypatch: pytest.MonkeyPatch):
    real, calls = dpo_recipe.LOSSES["sigmoid"], []

    def broken_once(*args: object) -> PairLosses:
        calls.append(1)
        losses = real(*args)
        return replace(losses, losses_B=losses.losses_B * float("inf")) if len(calls) == 3 else losses

    monkeypatch.setitem(dpo_recipe.LOSSES, "sigmoid", broken_once)
    trained = train(trunk, DPO, VOTES)
    assert trained.metrics["skippedSteps"] == 1 and trained.metrics["steps"] == 6
    assert len(trained.losses) == 5
    assert all(torch.isfinite(tensor).all() for tensor in trained.tensors.values())
    assert trained.tensors["policy.steps"].item() == 5
