"""Any text-to-image folder of diffusers with its denoiser frozen and open to adapters: SD 1.5, SDXL and SD3 shapes.

Shapes: B pictures · C, H, W of a latent · T tokens of a caption · D their width · P of the pooled caption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    DiffusionPipeline,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from prefloop.adapters.adapted_linear import AdaptedLinear, Rows, adapt, assigned
from prefloop.adapters.gemm import use_exact_products
from prefloop.image.listening import heard
from prefloop.image.noising import Noising, noising_of

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
BUILT_IN = Path(__file__).parents[1] / "tiny" / "diffusion"
SUPPORTED = (StableDiffusionPipeline, StableDiffusionXLPipeline, StableDiffusion3Pipeline)


@dataclass(frozen=True)
class Condition:
    """What the denoiser is told of each picture beside its noisy latent and the time.

    tokens (B, T, D); pooled (B, P) and sizes (B, 6: original height and width, crop, target) where the shape has them.
    """

    tokens_BTD: Tensor
    pooled_BP: Tensor | None = None
    sizes_B6: Tensor | None = None

    def at(self, rows: Tensor | slice) -> Condition:
        """Of some of the pictures, or of some several times."""
        some = lambda part: None if part is None else part[rows]
        return Condition(self.tokens_BTD[rows], some(self.pooled_BP), some(self.sizes_B6))

    def followed_by(self, other: Condition) -> Condition:
        """These pictures' and then the other's, of one model."""
        both = lambda one, two: None if one is None or two is None else torch.cat([one, two])
        return Condition(
            torch.cat([self.tokens_BTD, other.tokens_BTD]),
            both(self.pooled_BP, other.pooled_BP),
            both(self.sizes_B6, other.sizes_B6),
        )


class ImageModel:
    """layers: the denoiser's adaptable layers by module path. part: its name in the pipeline. noising: the schedule that it was trained with."""

    def __init__(self, pipeline: Any, name: str, revision: str | None = None):
        if not isinstance(pipeline, SUPPORTED):
            known = ", ".join(kind.__name__ for kind in SUPPORTED)
            raise ValueError(f"{name!r} is a {type(pipeline).__name__}; {known} are supported")
        if pipeline.device.type == "cpu":
            use_exact_products()
        # A GPU's convolutions round fp32 to TF32's 10 bits unless told not to: as much as the errors that DPO compares are apart.
        torch.backends.cudnn.allow_tf32 = False
        self.name, self.revision = name, revision
        self.pipeline: Any = pipeline
        self.is_transformer = isinstance(pipeline, StableDiffusion3Pipeline)
        self.part = "transformer" if self.is_transformer else "unet"
        self.denoiser: Any = getattr(pipeline, self.part)
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.eval().requires_grad_(False)
        self.layers: dict[str, AdaptedLinear] = adapt(self.denoiser)
        self.noising: Noising = noising_of(pipeline.scheduler)
        pipeline.set_progress_bar_config(disable=True)

    @property
    def device(self) -> torch.device:
        return next(self.denoiser.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.denoiser.parameters()).dtype

    @property
    def size(self) -> int:
        """Pixels along each side of the pictures that it was trained on."""
        return int(self.denoiser.config.sample_size) * int(self.pipeline.vae_scale_factor)

    @torch.no_grad()
    def condition(self, captions: Sequence[str]) -> Condition:
        """What the text encoders say of each caption."""
        said = {"device": self.device, "num_images_per_prompt": 1, "do_classifier_free_guidance": False}
        prompts = list(captions)
        if isinstance(self.pipeline, StableDiffusion3Pipeline):
            tokens, _, pooled, _ = self.pipeline.encode_prompt(prompts, None, None, **said)
            return Condition(tokens, pooled)
        if isinstance(self.pipeline, StableDiffusionXLPipeline):
            tokens, _, pooled, _ = self.pipeline.encode_prompt(prompts, **said)
            size = torch.tensor([self.size, self.size, 0, 0, self.size, self.size], dtype=tokens.dtype)
            return Condition(tokens, pooled, size.to(self.device).repeat(len(prompts), 1))
        return Condition(self.pipeline.encode_prompt(prompts, **said)[0])

    def nothing_asked(self, count: int) -> Condition:
        """As many pictures without a caption: what guidance leads away from. SDXL's pipeline takes zeros there."""
        empty = self.condition([""])
        if self.pipeline.config.get("force_zeros_for_empty_prompt") and empty.pooled_BP is not None:
            empty = Condition(
                torch.zeros_like(empty.tokens_BTD), torch.zeros_like(empty.pooled_BP), empty.sizes_B6
            )
        return empty.at(torch.zeros(count, dtype=torch.long, device=self.device))

    @torch.no_grad()
    def latents(self, images_B3HW: Tensor) -> Tensor:
        """Of pictures from -1 to 1, at the scale that the denoiser sees; the middle of what the encoder says: (B, C, H, W)."""
        vae = self.pipeline.vae
        middle = vae.encode(images_B3HW.to(vae.device, vae.dtype)).latent_dist.mode()
        return (middle - (vae.config.get("shift_factor") or 0.0)) * vae.config.scaling_factor

    @torch.no_grad()
    def pictures(self, latents: Tensor) -> NDArray[np.uint8]:
        """(B, H, W, 3) of latents at the scale that the denoiser sees."""
        vae = self.pipeline.vae
        clean = latents.to(vae.dtype) / vae.config.scaling_factor + (vae.config.get("shift_factor") or 0.0)
        images_B3HW = vae.decode(clean).sample.float().clamp(-1, 1)
        return ((images_B3HW + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()

    def predict(self, noisy: Tensor, times_B: Tensor, condition: Condition, rows: Rows = ()) -> Tensor:
        """What the denoiser says of noisy latents (B, C, H, W), times as indices of the schedule.

        rows: how many pictures go through which adapter, in order (`adapters.adapted_linear`); none: the bare base.
        """
        return self.denoise(noisy, self.noising.told_T.to(noisy.device)[times_B], condition, rows)

    def denoise(self, noisy: Tensor, told_B: Tensor, condition: Condition, rows: Rows = ()) -> Tensor:
        """As `predict`, at the times that the denoiser itself is told."""
        noisy = noisy.to(self.dtype)
        with assigned(rows), heard(lambda: self.noising.is_shaping(told_B)):
            if self.is_transformer:
                return self.denoiser(
                    hidden_states=noisy,
                    timestep=told_B,
                    encoder_hidden_states=condition.tokens_BTD,
                    pooled_projections=condition.pooled_BP,
                ).sample
            more = (
                {"added_cond_kwargs": {"text_embeds": condition.pooled_BP, "time_ids": condition.sizes_B6}}
                if condition.sizes_B6 is not None
                else {}
            )
            return self.denoiser(noisy, told_B, condition.tokens_BTD, **more).sample


def fastest_dtype(device: torch.device | str) -> str:
    """bf16 where the device computes in it, which is twice as fast; else fp32. For drawing: training compares small errors."""
    if torch.device(device).type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if has_bf16 else "fp32"


def load_image_model(
    name: str, dtype: str = "fp32", device: torch.device | str = "cpu", revision: str | None = None
) -> ImageModel:
    """`tiny-diffusion` (built in), a diffusers folder, or a hub id.

    Raises ValueError for a dtype other than fp32 and bf16, and for what is no text-to-image pipeline of a known shape.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r} is not supported: use {' or '.join(DTYPES)}")
    source = str(BUILT_IN) if name == "tiny-diffusion" else name
    try:
        pipeline = DiffusionPipeline.from_pretrained(source, revision=revision, dtype=DTYPES[dtype])
    except (OSError, ValueError, SafetensorError) as error:
        raise ValueError(f"cannot load a text-to-image pipeline from {name!r}: {error}") from error
    return ImageModel(pipeline.to(device), name, revision)
