"""Makes the image world's feature encoder: `python -m prefloop.tiny.build_features --out FOLDER`.

A small CLIP vision model, in the ordinary folder, whose projection is trained so that every attribute of a creature is a
linear function of it: a taste over attributes is then one over features. Drawings are blurred, shifted, dimmed and made
noisy on the way, because a diffusion model's pictures are not as clean.

Shapes: B pictures · H, W of one · A values of all attributes together · F features.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from prefloop.tiny.sprites.attributes import ATTRIBUTES, every_creature
from prefloop.tiny.sprites.draw import SIZE, every_drawing

FEATURES, BATCH, PEAK_LR, WARMUP_STEPS = 32, 64, 2e-3, 100


def new_encoder() -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            image_size=SIZE,
            patch_size=4,
            projection_dim=FEATURES,
        )
    )


def new_processor() -> CLIPImageProcessorPil:
    size = {"height": SIZE, "width": SIZE}
    half = [0.5] * 3
    return CLIPImageProcessorPil(
        size={"shortest_edge": SIZE}, crop_size=size, image_mean=half, image_std=half
    )


def spoil(images_B3HW: Tensor, generator: torch.Generator) -> Tensor:
    """As a model's pictures may be: up to a pixel aside, blurred, dimmer or brighter, noisy. From -1 to 1."""
    count = len(images_B3HW)
    draw = lambda *shape: torch.rand(shape, generator=generator)
    aside = torch.randint(-1, 2, (2,), generator=generator).tolist()
    moved = torch.roll(images_B3HW, (aside[0], aside[1]), (2, 3))
    blurred = F.avg_pool2d(F.pad(moved, (1, 1, 1, 1), mode="replicate"), 3, 1)
    moved = torch.lerp(moved, blurred, draw(count, 1, 1, 1))
    moved = moved * (0.8 + 0.4 * draw(count, 3, 1, 1)) + 0.1 * (draw(count, 3, 1, 1) - 0.5)
    return moved + 0.2 * draw(count, 1, 1, 1) * torch.randn(moved.shape, generator=generator)


def attribute_values() -> Tensor:
    """(6000, A): ones and zeros."""
    names = [(name, value) for name, values in ATTRIBUTES.items() for value in values]
    rows = [[float(creature[name] == value) for name, value in names] for creature in every_creature()]
    return torch.tensor(rows)


def build(out: Path, seed: int, steps: int) -> None:
    """Trains for `steps` and writes the folder `out`."""
    started = time.monotonic()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    images_N3HW = torch.from_numpy(every_drawing().copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    values_NA = attribute_values()
    encoder, reads = new_encoder().train(), nn.Linear(FEATURES, values_NA.shape[1])
    optimizer = torch.optim.AdamW([*encoder.parameters(), *reads.parameters()], PEAK_LR, weight_decay=0.01)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = PEAK_LR * min(1.0, step / WARMUP_STEPS) * (0.01 + 0.99 * (1 - step / steps))
        chosen_B = torch.randint(len(images_N3HW), (BATCH,), generator=generator)
        features_BF = encoder(spoil(images_N3HW[chosen_B], generator)).image_embeds
        loss = F.mse_loss(reads(features_BF), values_NA[chosen_B])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.4f}", flush=True)
    encoder.eval().to(torch.bfloat16).save_pretrained(out)  # pyright: ignore[reportArgumentType]
    new_processor().save_pretrained(out)
    record = {
        "command": f"python -m prefloop.tiny.build_features --out FOLDER --seed {seed} --steps {steps}",
        "seed": seed,
        "steps": steps,
        "seconds": round(time.monotonic() - started),
        "loss": round(loss.item(), 5),
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "torch": torch.__version__,
    }
    (out / "build.json").write_text(json.dumps(record, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prefloop.tiny.build_features",
        description="Trains the image world's feature encoder.",
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    build(options.out, options.seed, options.steps)


if __name__ == "__main__":
    main()
