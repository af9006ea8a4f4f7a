"""The tiny diffusion model's autoencoder: 32×32 RGB to latents of 8×8×8 and back.

An ordinary one, so that any tool reads the folder; four times smaller each way, so that a denoising step costs a sixteenth of one on
pixels and a processor trains it in minutes.

Shapes: N drawings · B images.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional as F

LATENT_CHANNELS, LATENT_SIZE = 8, 8
# So little that the latents are as sharp as an ordinary autoencoder's; enough that no two drawings lie on one point.
KL_WEIGHT, PEAK_LR, WARMUP_STEPS, BATCH = 1e-6, 2e-3, 100, 64


def new_autoencoder() -> AutoencoderKL:
    """Untrained."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(24, 48, 48),
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=LATENT_CHANNELS,
        sample_size=32,
        mid_block_add_attention=False,
    )


def train_autoencoder(images_N3HW: Tensor, steps: int, seed: int) -> AutoencoderKL:
    """images: from -1 to 1. Trained to give back what it is shown; the latents' scale is set for a variance of one."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    autoencoder = new_autoencoder().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(autoencoder.parameters(), PEAK_LR, weight_decay=0.0)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = PEAK_LR * min(1.0, step / WARMUP_STEPS) * (0.01 + 0.99 * (1 - step / steps))
        chosen_B = torch.randint(len(images_N3HW), (BATCH,), generator=generator)
        images_B3HW = images_N3HW[chosen_B].contiguous(memory_format=torch.channels_last)
        posterior = autoencoder.encode(images_B3HW).latent_dist
        back_B3HW = autoencoder.decode(posterior.sample(generator)).sample
        apart = F.l1_loss(back_B3HW, images_B3HW) + F.mse_loss(back_B3HW, images_B3HW)
        loss = apart + KL_WEIGHT * posterior.kl().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"autoencoder step {step} of {steps}: loss {loss.item():.4f}", flush=True)
    autoencoder.eval()
    autoencoder.register_to_config(scaling_factor=1 / float(encode(autoencoder, images_N3HW).std()))
    return autoencoder


@torch.inference_mode()
def encode(autoencoder: AutoencoderKL, images_N3HW: Tensor, batch: int = 500) -> Tensor:
    """The middles of the latents, in the autoencoder's own scale. (N, 8, 8, 8)"""
    parts = [autoencoder.encode(part).latent_dist.mode() for part in images_N3HW.split(batch)]
    return torch.cat(parts)
