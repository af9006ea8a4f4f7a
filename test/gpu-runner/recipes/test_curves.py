"""Loss curves: against a plain DPO loop over PEFT and transformers' own forward, and against the curves of record."""

import json
import os
from pathlib import Path

import pytest
import torch
from device import DEVICE
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from random_models import random_model, random_trunk
from torch.nn.functional import log_softmax, logsigmoid

from prefloop.adapters.lora import new_adapter
from prefloop.contracts import DpoRecipe, OfsDpoRecipe, Pair
from prefloop.recipes.data_order import microbatches
from prefloop.recipes.dpo import train_dpo
from prefloop.recipes.ofs_dpo import train_ofs_dpo
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache

ASSET = Path(__file__).parent.parent / "assets" / "loss-curves.json"
FORM = {"rank": 4, "lora_alpha": 8.0, "micro_batch": 4, "learning_rate": 1e-3, "beta": 0.3, "epochs": 2}
RECIPES = {
    "sigmoid": DpoRecipe(method="dpo", **FORM),
    "ipo": DpoRecipe(method="dpo", loss="ipo", **FORM),
    "hinge": DpoRecipe(method="dpo", loss="hinge", **FORM),
    "robust": DpoRecipe(method="dpo", loss="robust", label_smoothing=0.2, **FORM),
    "smoothed": DpoRecipe(method="dpo", label_smoothing=0.2, max_grad_norm=0.1, weight_decay=0.1, **FORM),
    "ofs-dpo": OfsDpoRecipe(method="ofs-dpo", chasing_interval=2, **FORM),
}


def votes() -> list[Encoded]:
    """Pairs, lists, ties, soft labels and weights, of several lengths; some prompts come twice."""
    generator = torch.Generator().manual_seed(1)
    draw = lambda low, high: int(torch.randint(low, high, (1,), generator=generator))
    text = lambda size: tuple(draw(1, 300) for _ in range(size))
    rows = []
    for number in range(20):
        completions = tuple((*text(draw(2, 9)), 0) for _ in range(2 if number % 4 else 3))
        weight = (1.0, 0.25, 0.5)[number % 3]
        pairs = tuple(
            Pair(
                chosen=0,
                rejected=rejected,
                p=(1.0, 0.5, 0.8)[number % 3],
                weight=weight / (len(completions) - 1),
            )
            for rejected in range(1, len(completions))
        )
        prompt = rows[-1].prompt if number % 5 == 4 else text(draw(3, 12))
        rows.append(Encoded(f"h{number:040}", prompt, completions, pairs))
    return rows


def plain_logp(model: torch.nn.Module, row: Encoded, completion: tuple[int, ...]) -> torch.Tensor:
    ids = torch.tensor([[*row.prompt, *completion]], device=DEVICE)
    logits_TV = model(input_ids=ids).logits[0, len(row.prompt) - 1 : -1]
    return log_softmax(logits_TV, -1)[torch.arange(len(completion)), list(completion)].sum()


def plain_curve(recipe: DpoRecipe, rows: list[Encoded]) -> list[float]:
    """DPO as anybody would write it: no packing, no cache, no shared prompt."""
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=recipe.rank, lora_alpha=recipe.lora_alpha, target_modules=names)  # type: ignore[arg-type]
    model = get_peft_model(random_model(), config)
    fresh = new_adapter(random_trunk().layers, recipe.rank, recipe.lora_alpha, recipe.seed)
    weights = {}
    for path, (a_rI, b_Or) in fresh.pairs.items():
        weights[f"base_model.model.{path}.lora_A.weight"] = a_rI.detach()
        weights[f"base_model.model.{path}.lora_B.weight"] = b_Or.detach()
    assert not set_peft_model_state_dict(model, weights).unexpected_keys
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)

    curve = []
    for step in microbatches(rows, recipe.micro_batch, recipe.epochs, recipe.seed):
        loss = torch.zeros(())
        for row in step:
            for pair in row.pairs:
                sides = (row.completions[pair.chosen], row.completions[pair.rejected])
                policy = [plain_logp(model, row, side) for side in sides]
                with torch.no_grad(), model.disable_adapter():
                    reference = [plain_logp(model, row, side) for side in sides]
                margin = recipe.beta * ((policy[0] - reference[0]) - (policy[1] - reference[1]))
                q = (1 - recipe.label_smoothing) * pair.p + recipe.label_smoothing * (1 - pair.p)
                loss = loss - pair.weight * (q * logsigmoid(margin) + (1 - q) * logsigmoid(-margin))
        loss = loss / len(step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, recipe.max_grad_norm)
        optimizer.step()
        curve.append(loss.item())
    return curve


def our_curve(name: str) -> list[float]:
    recipe, cache = RECIPES[name], ReferenceCache("test")
    if isinstance(recipe, OfsDpoRecipe):
        return train_ofs_dpo(random_trunk(), cache, None, votes(), recipe, lambda: None).losses
    return train_dpo(random_trunk(), cache, None, votes(), recipe, lambda: None).losses


@pytest.mark.parametrize("name", ["sigmoid", "smoothed"])
def test_dpo_is_what_a_plain_loop_computes(name: str):
    recipe = RECIPES[name]
    assert isinstance(recipe, DpoRecipe)
    ours, plain = our_curve(name), plain_curve(recipe, votes())
    assert len(ours) == 10 and ours[-1] < 0.97 * ours[0]
    assert ours == pytest.approx(plain, abs=1e-4)


def test_the_curves_are_those_of_record():
    """PREFLOOP_WRITE_CURVES=1 writes them anew: only for a change that is meant to move them."""
    curves = {name: our_curve(name) for name in RECIPES}
    if os.environ.get("PREFLOOP_WRITE_CURVES"):
        ASSET.write_text(json.dumps(curves, indent=1) + "\n")
    recorded = json.loads(ASSET.read_text())
    assert recorded.keys() == curves.keys()
    for name, curve in curves.items():
        assert curve == pytest.approx(recorded[name], rel=1e-3, abs=1e-5), name
