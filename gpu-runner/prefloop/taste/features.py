"""What a picture is, as numbers: any CLIP-shaped folder, or the small one that was trained with the image world.

Shapes: B pictures · F features · H, W of a picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import AutoConfig, CLIPImageProcessorPil, CLIPModel, CLIPVisionModelWithProjection

BUILT_IN = Path(__file__).parents[1] / "tiny" / "features"


class FeatureEncoder:
    """space: SHA-256 of weights and preprocessing; features of two spaces are never compared. size: F."""

    def __init__(
        self, model: CLIPVisionModelWithProjection, processor: CLIPImageProcessorPil, device: str
    ) -> None:
        self.model = model.eval().requires_grad_(False).to(device)  # pyright: ignore[reportArgumentType]
        self.processor = processor
        self.size = int(model.config.projection_dim)
        self.space = _fingerprint(model, processor)

    @torch.inference_mode()
    def features(self, images: Sequence[Image.Image] | NDArray[np.uint8], batch: int = 256) -> Tensor:
        """(B, F) fp32 on the CPU, of pictures or of a uint8 array (B, H, W, 3)."""
        pictures = [image if isinstance(image, Image.Image) else Image.fromarray(image) for image in images]
        parts = [torch.zeros(0, self.size)]
        for start in range(0, len(pictures), batch):
            some = [picture.convert("RGB") for picture in pictures[start : start + batch]]
            pixels_B3HW = self.processor(some, return_tensors="pt")["pixel_values"]
            seen = self.model(pixels_B3HW.to(self.model.device, self.model.dtype)).image_embeds
            parts.append(seen.float().cpu())
        return torch.cat(parts)


def load_feature_encoder(name: str, device: str = "cpu") -> FeatureEncoder:
    """`tiny`, a folder or a hub id of a CLIP or of its vision half. Raises ValueError for what is neither."""
    source = str(BUILT_IN) if name == "tiny" else name
    try:
        kind = AutoConfig.from_pretrained(source).model_type
        if kind == "clip":
            whole = CLIPModel.from_pretrained(source, dtype=torch.float32)
            model = CLIPVisionModelWithProjection(whole.config.vision_config)  # pyright: ignore[reportArgumentType]
            model.vision_model.load_state_dict(whole.vision_model.state_dict())
            model.visual_projection.load_state_dict(whole.visual_projection.state_dict())
        elif kind == "clip_vision_model":
            model = CLIPVisionModelWithProjection.from_pretrained(source, dtype=torch.float32)
        else:
            raise ValueError(f"it is a {kind}, and a clip or a clip_vision_model is needed")
        processor = CLIPImageProcessorPil.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot load a feature encoder from {name!r}: {error}") from error
    return FeatureEncoder(model, processor, device)


def _fingerprint(model: CLIPVisionModelWithProjection, processor: CLIPImageProcessorPil) -> str:
    digest = hashlib.sha256(processor.to_json_string().encode())
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
