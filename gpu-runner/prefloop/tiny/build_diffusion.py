"""Makes the tiny diffusion model: `python -m prefloop.tiny.build_diffusion --out FOLDER`.

Trains an autoencoder on all drawings of the image world, then a U-Net of about 3.4 M parameters with a small CLIP text
encoder on their latents and captions, and saves an ordinary diffusers folder (`StableDiffusionPipeline`) in bf16. A run
that was stopped goes on from its last checkpoint when it is started again with the same options.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from prefloop.image.noising import noising_of
from prefloop.tiny.autoencoder import LATENT_CHANNELS, LATENT_SIZE, encode, train_autoencoder
from prefloop.tiny.sprites.attributes import ATTRIBUTES, caption_of, every_creature
from prefloop.tiny.sprites.draw import every_drawing
from prefloop.tiny.sprites.tokenizer import MAX_TOKENS, make_caption_tokenizer

BATCH, PEAK_LR, WARMUP_STEPS, WEIGHT_DECAY, CLIP_NORM = 64, 1e-3, 200, 0.01, 1.0
CAPTION_DROPOUT, EMA = 0.1, 0.998
TEXT_WIDTH = 96


class Denoiser(nn.Module):
    """The two networks that are trained together.  Shapes: B images, T tokens, latents (B, 8, 8, 8)."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(
            sample_size=LATENT_SIZE,
            in_channels=LATENT_CHANNELS,
            out_channels=LATENT_CHANNELS,
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
            block_out_channels=(64, 112),
            layers_per_block=1,
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=4,  # diffusers' name for the number of heads
            norm_num_groups=16,
        )
        ids: Any = {
            name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")
        }
        text_config = CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=2 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            **ids,
        )
        self.text_encoder = CLIPTextModel(text_config)

    def forward(self, noisy_BCHW: Tensor, times_B: Tensor, tokens_BT: Tensor) -> Tensor:
        text_BTD = self.text_encoder(tokens_BT).last_hidden_state
        return self.unet(noisy_BCHW, times_B, text_BTD).sample


def new_scheduler() -> DPMSolverMultistepScheduler:
    """v-prediction under a cosine schedule; as the sampler it comes with, DPM-Solver++ of the second order."""
    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        steps_offset=1,
    )


def drawings() -> Tensor:
    """(6000, 3, 32, 32) from -1 to 1."""
    return torch.from_numpy(every_drawing().copy()).permute(0, 3, 1, 2).float() / 127.5 - 1


def sample_caption(creature: dict[str, str], rng: random.Random) -> str:
    """Names any of the creature's attributes, all of them or one; sometimes there is no caption at all."""
    if rng.random() < CAPTION_DROPOUT:
        return ""
    named = rng.sample(sorted(ATTRIBUTES), rng.randint(1, len(ATTRIBUTES)))
    return caption_of({name: creature[name] for name in ATTRIBUTES if name in named})


def learning_rate(step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine down to a hundredth of the peak."""
    decayed = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return PEAK_LR * min(1.0, (step + 1) / WARMUP_STEPS) * decayed


def build(
    out: Path,
    seed: int,
    steps: int,
    minutes: float,
    bf16: bool,
    checkpoint_every: int,
    autoencoder_steps: int,
) -> None:
    """Trains for `steps`, or until `minutes` are over (the autoencoder's included), and writes the folder `out`.

    Raises ValueError for a checkpoint of another seed.
    """
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    started = time.monotonic()
    tokenizer = make_caption_tokenizer()
    images = drawings()
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else None
    if saved and saved["seed"] != seed:
        raise ValueError(f"{checkpoint} is of seed {saved['seed']}: remove it, or use that seed")
    if saved:
        autoencoder = AutoencoderKL.from_pretrained(out / "vae")
    else:
        autoencoder = train_autoencoder(images, autoencoder_steps, seed)
        autoencoder.save_pretrained(out / "vae")
    latents_N = encode(autoencoder, images).clone() * autoencoder.config.scaling_factor
    torch.manual_seed(seed)
    training = Training(Denoiser(tokenizer), tokenizer, latents_N, seed, bf16)
    training.seconds = time.monotonic() - started
    if saved:
        training.restore(saved)
        print(f"going on from step {training.step}", flush=True)
    started = time.monotonic() - training.seconds
    while training.step < steps and training.seconds < 60 * minutes:
        training.take_step(max(training.step / steps, training.seconds / (60 * minutes)))
        training.seconds = time.monotonic() - started
        if training.step % 100 == 0:
            loss = sum(training.losses[-100:]) / 100
            print(f"step {training.step} loss {loss:.4f} after {training.seconds:.0f} s", flush=True)
        if training.step % checkpoint_every == 0:
            torch.save(training.state(), checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    training.model.load_state_dict(training.average)
    save(out, training.model, autoencoder, tokenizer)
    record = {
        "command": f"python -m prefloop.tiny.build_diffusion --out FOLDER --seed {seed} --steps {steps}"
        f" --autoencoder-steps {autoencoder_steps} --minutes {minutes:g}" + (" --bf16" if bf16 else ""),
        "seed": seed,
        "steps": training.step,
        "images": training.step * BATCH,
        "seconds": round(training.seconds),
        "loss": round(sum(training.losses) / max(1, len(training.losses)), 4),
        "parameters": sum(p.numel() for part in (training.model, autoencoder) for p in part.parameters()),
        "torch": torch.__version__,
    }
    (out / "build.json").write_text(json.dumps(record, indent=2) + "\n")
    checkpoint.unlink(missing_ok=True)


class Training:
    """The denoiser, its optimiser and its running average.  latents (N, 8, 8, 8): of the drawings, in their order."""

    def __init__(
        self, model: Denoiser, tokenizer: CLIPTokenizer, latents_N: Tensor, seed: int, bf16: bool
    ) -> None:
        self.model = model.to(memory_format=torch.channels_last).train()
        self.tokenizer, self.latents_N, self.seed, self.bf16 = tokenizer, latents_N, seed, bf16
        self.creatures = every_creature()[: len(latents_N)]
        self.noising = noising_of(new_scheduler())
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            model.parameters(), PEAK_LR, betas=(0.9, 0.99), weight_decay=WEIGHT_DECAY
        )
        self.step, self.seconds = 0, 0.0
        self.losses: list[float] = []
        parameters = sum(p.numel() for p in model.parameters())
        print(f"{parameters:,} parameters, {len(tokenizer)} tokens", flush=True)

    def take_step(self, progress: float) -> None:
        """progress: share of the training that is behind."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, progress)
        # Every step draws from generators of its own: a run that goes on draws what it would have drawn.
        rng = random.Random(f"{self.seed}:{self.step}")
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.step)
        chosen = [rng.randrange(len(self.creatures)) for _ in range(BATCH)]
        captions = [sample_caption(self.creatures[i], rng) for i in chosen]
        tokens_BT = self.tokenizer(captions, padding="max_length", return_tensors="pt").input_ids
        latents = self.latents_N[chosen]
        noise = torch.randn(latents.shape, generator=generator)
        times_B = self.noising.sample_times(BATCH, generator)
        noisy = self.noising.noised(latents, noise, times_B).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            predicted = self.model(noisy, times_B, tokens_BT)
        loss = F.mse_loss(predicted.float(), self.noising.target(latents, noise, times_B))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        self.optimizer.step()
        self._average()
        self.step += 1
        self.losses = [*self.losses[-199:], loss.item()]

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(EMA, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "seed": self.seed,
            "step": self.step,
            "seconds": self.seconds,
            "losses": self.losses,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average, self.step = state["average"], state["step"]
        self.seconds, self.losses = state["seconds"], state["losses"]


def save(out: Path, model: Denoiser, autoencoder: AutoencoderKL, tokenizer: CLIPTokenizer) -> None:
    """Writes the ordinary diffusers folder, weights in bf16."""
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=model.text_encoder,
        tokenizer=tokenizer,
        unet=model.unet,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.bfloat16).save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prefloop.tiny.build_diffusion",
        description="Trains the built-in tiny diffusion model.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write, also holds the checkpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--autoencoder-steps", type=int, default=2500)
    parser.add_argument("--steps", type=int, default=3600, help="of the denoiser")
    parser.add_argument(
        "--minutes", type=float, default=55.0, help="stop early after this time, learning rate annealed"
    )
    parser.add_argument(
        "--bf16", action="store_true", help="bf16 autocast: faster where the processor has it"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-every", type=int, default=250, help="steps")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    build(
        options.out,
        options.seed,
        options.steps,
        options.minutes,
        options.bf16,
        options.checkpoint_every,
        options.autoencoder_steps,
    )


if __name__ == "__main__":
    main()
