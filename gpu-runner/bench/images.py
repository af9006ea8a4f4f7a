"""What a Diffusion-DPO step costs beside a plain denoising step of the same pictures, and what a picture takes to draw.

Both steps are the recipes' own, on the built-in model: eight prompts of two pictures each, in turn, so that what slows the
machine down for a while slows both down. --help lists the options.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from prefloop.adapters.lora import new_adapter
from prefloop.adapters.update import adamw, update
from prefloop.base import settle_arithmetic
from prefloop.image.model import ImageModel, load_image_model
from prefloop.image.sample import sample_pictures
from prefloop.image.step import PictureBatch, picture_step
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.sft_images import imitate
from prefloop.tiny.sprites.draw import every_drawing

PROMPTS, WARM_UP = 8, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=30, help="of each kind, in turn")
    parser.add_argument("--draws", type=int, default=10, help="of one picture, and of four")
    parser.add_argument("--model", default="tiny-diffusion")
    args = parser.parse_args()
    settle_arithmetic(None, "cpu")
    model = load_image_model(args.model)
    steps = measure_steps(model, args.steps)
    drawing = {str(count): measure_drawing(model, count, args.draws) for count in (1, 4)}
    args.out.write_text(json.dumps({"steps": steps, "drawing": drawing}))


def measure_steps(model: ImageModel, count: int) -> list[dict[str, float]]:
    """Seconds of a step of each kind, of every round."""
    dpo, plain = stepper(model, True), stepper(model, False)
    rounds = [
        {"dpo": timed(lambda n=n: dpo(n)), "plain": timed(lambda n=n: plain(n))}
        for n in range(count + WARM_UP)
    ]
    return rounds[WARM_UP:]


def stepper(model: ImageModel, has_reference: bool) -> Callable[[int], None]:
    adapter = new_adapter(model.layers, 16, 32, 0)
    optimizer = adamw(adapter, 1e-4)
    learn = lambda loss, _: update(loss, [adapter.flat], [optimizer], 1.0)
    drawings = torch.from_numpy(every_drawing()[: 2 * PROMPTS].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    groups_N = torch.arange(PROMPTS).repeat_interleave(2)
    latents = model.latents(drawings)
    condition = model.condition(["a creature"] * PROMPTS).at(groups_N)
    chosen_B, ones_B = torch.arange(0, 2 * PROMPTS, 2), torch.ones(PROMPTS)
    # A plain step trains on all of the pictures: no pair sets any of them aside.
    pairs = (chosen_B, chosen_B + 1, ones_B if has_reference else 0.5 * ones_B, ones_B)
    batch = PictureBatch(latents, condition, groups_N, *pairs, PROMPTS)
    objective = pair_objective(1.0, 0.0) if has_reference else imitate

    def step(number: int) -> None:
        generator = torch.Generator().manual_seed(number)
        picture_step(model, batch, adapter, learn, objective, generator, has_reference=has_reference)

    return step


def measure_drawing(model: ImageModel, count: int, draws: int) -> list[float]:
    draw = lambda n: sample_pictures(model, ["a small red creature"] * count, [n + i for i in range(count)])
    return [timed(lambda n=n: draw(n)) for n in range(draws + 1)][1:]


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
