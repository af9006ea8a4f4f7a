"""Text-to-image folders of diffusers' three shapes, tiny and untrained."""

from __future__ import annotations

import string
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from prefloop.tiny.sprites.tokenizer import make_caption_tokenizer

WIDTH = 32


def _vae(channels: int) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=32,
        scaling_factor=0.7,
        shift_factor=0.1 if channels == 16 else None,
        use_quant_conv=channels == 4,
        use_post_quant_conv=channels == 4,
    )


def _text(projected: bool, width: int = WIDTH) -> Any:
    config = CLIPTextConfig(
        vocab_size=len(make_caption_tokenizer()),
        hidden_size=width,
        intermediate_size=2 * width,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=32,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def _unet(cross: int, **more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(16, 32),
        layers_per_block=1,
        cross_attention_dim=cross,
        attention_head_dim=2,
        norm_num_groups=8,
        **more,
    )


def sd15(prediction: str = "epsilon") -> StableDiffusionPipeline:
    torch.manual_seed(0)
    return StableDiffusionPipeline(
        vae=_vae(4),
        text_encoder=_text(False),
        tokenizer=make_caption_tokenizer(),
        unet=_unet(WIDTH),
        scheduler=DDIMScheduler(prediction_type=prediction, clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl() -> StableDiffusionXLPipeline:
    torch.manual_seed(0)
    times = 8  # width of each of the six numbers' embedding
    unet = _unet(
        2 * WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=times,
        projection_class_embeddings_input_dim=6 * times + WIDTH,
    )
    return StableDiffusionXLPipeline(
        vae=_vae(4),
        text_encoder=_text(False),
        text_encoder_2=_text(True),
        tokenizer=make_caption_tokenizer(),
        tokenizer_2=make_caption_tokenizer(),
        unet=unet,
        scheduler=EulerDiscreteScheduler(),
    )


def _t5() -> dict[str, Any]:
    """Letters are its tokens."""
    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_letters, *string.punctuation]
    config = T5Config(
        vocab_size=len(pieces), d_model=2 * WIDTH, d_kv=16, d_ff=64, num_layers=2, num_heads=2, dropout_rate=0
    )
    tokenizer = T5Tokenizer(vocab=[(piece, -1.0 * (at > 2)) for at, piece in enumerate(pieces)], extra_ids=0)
    return {"text_encoder_3": T5EncoderModel(config), "tokenizer_3": tokenizer}


def sd3_t5() -> StableDiffusion3Pipeline:
    """With its third text encoder, whose tokens follow those of the other two."""
    torch.manual_seed(1)
    return sd3(**_t5())


def sd3(**third: Any) -> StableDiffusion3Pipeline:
    """Its third text encoder is left out unless it is given, as those do who have little memory."""
    torch.manual_seed(0)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=16,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=4096 // 64,
        caption_projection_dim=32,
        pooled_projection_dim=2 * WIDTH,
        out_channels=16,
        pos_embed_max_size=8,
    )
    return StableDiffusion3Pipeline(
        vae=_vae(16),
        text_encoder=_text(True),
        text_encoder_2=_text(True),
        tokenizer=make_caption_tokenizer(),
        tokenizer_2=make_caption_tokenizer(),
        **({"text_encoder_3": None, "tokenizer_3": None} | third),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


PIPELINES = {"sd15": sd15, "sdxl": sdxl, "sd3": sd3, "sd3-t5": sd3_t5}


def unshifted(noising: Any, noisy: Any) -> torch.Tensor:
    """The noise in noisy latents, from what is right to say of them."""
    at = lambda table_T: table_T.to(noisy.times_N.device)[noisy.times_N].view(-1, 1, 1, 1)
    signal, sigma = at(noising.signal_T), at(noising.sigma_T)
    if noising.prediction == "flow":
        return noisy.latents + signal * noisy.target
    return noisy.target if noising.prediction == "epsilon" else sigma * noisy.latents + signal * noisy.target
