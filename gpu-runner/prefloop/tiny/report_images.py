"""What the tiny diffusion model does: `python -m prefloop.tiny.report_images [--model FOLDER] [--json FILE]`.

Draws one picture to each of so many captions and prints how many of the named attributes the oracle reader finds in
them, altogether and by attribute, with 95 % Wilson intervals over captions.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from numpy.typing import NDArray

from prefloop.tiny.report import Figure, share
from prefloop.tiny.sprites.attributes import ATTRIBUTES, caption_of, sample_known
from prefloop.tiny.sprites.reader import Reading, accuracy, read_images

BUILT_IN = Path(__file__).parent / "diffusion"
STEPS, GUIDANCE = 20, 3.0


def load(folder: Path) -> Any:
    """The pipeline of a diffusers folder, fp32, without its progress bar. Raises OSError where there is none."""
    pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@torch.inference_mode()
def draw_all(
    pipeline: Any,
    captions: list[str],
    seed: int,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    batch: int = 50,
) -> NDArray[np.uint8]:
    """(B, 32, 32, 3), one to each caption. A picture depends on its caption, its place in the list and the seed."""
    pictures = []
    for start in range(0, len(captions), batch):
        some = captions[start : start + batch]
        generators = [torch.Generator().manual_seed(seed * 1_000_003 + start + i) for i in range(len(some))]
        drawn = pipeline(
            some, num_inference_steps=steps, guidance_scale=guidance, generator=generators, output_type="np"
        ).images
        pictures.append((drawn * 255).round().astype(np.uint8))
    return np.concatenate(pictures)


def measure(known: list[dict[str, str]], readings: list[Reading]) -> dict[str, Figure]:
    """`accuracy`, and `accuracy.ATTRIBUTE` among the captions that name it."""
    value = accuracy(known, readings)
    figures = {"accuracy": share(round(value * len(known)), len(known)) | {"value": value}}
    for name in ATTRIBUTES:
        found = [r.creature[name] == k[name] for k, r in zip(known, readings, strict=True) if name in k]
        figures[f"accuracy.{name}"] = share(sum(found), len(found))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prefloop.tiny.report_images", description="Measures the tiny diffusion model."
    )
    parser.add_argument(
        "--model", type=Path, default=BUILT_IN, help="a diffusers folder; default: the built-in one"
    )
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="write the pictures, twenty to a row, as a PNG file")
    options = parser.parse_args()
    rng = random.Random(f"report:{options.seed}")
    known = [sample_known(rng, most=len(ATTRIBUTES)) for _ in range(options.prompts)]
    captions = [caption_of(one) for one in known]
    pictures = draw_all(load(options.model), captions, options.seed, options.steps, options.guidance)
    readings = read_images(pictures)
    figures = measure(known, readings)
    for key, figure in figures.items():
        print(f"{key:20} {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}] of {figure['n']}")
    error = float(np.mean([reading.error for reading in readings]))
    print(f"{'distance':20} {error:.4f} of the full range to the nearest drawing, root mean square")
    if options.sheet:
        write_sheet(pictures, options.sheet)
    if options.json:
        summary = {
            "name": "tiny-diffusion",
            "command": f"python -m prefloop.tiny.report_images --prompts {options.prompts} --steps {options.steps}"
            f" --guidance {options.guidance:g} --seed {options.seed}",
            "machine": platform.platform(),
            "seeds": [options.seed],
            "figures": figures | {"distance": error},
        }
        options.json.write_text(json.dumps(summary, indent=2) + "\n")


def write_sheet(pictures: NDArray[np.uint8], file: Path) -> None:
    """Twenty to a row, four times as large."""
    from PIL import Image

    some = pictures[: len(pictures) // 20 * 20] if len(pictures) >= 20 else pictures
    columns = min(20, len(some))
    rows = some.reshape(-1, columns, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(-1, columns * 32, 3)
    Image.fromarray(rows.repeat(4, 0).repeat(4, 1)).save(file)


if __name__ == "__main__":
    main()
