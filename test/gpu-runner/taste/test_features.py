"""Pictures to numbers through any CLIP-shaped folder."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from prefloop.taste.features import load_feature_encoder

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = SMALL | {"image_size": 16, "patch_size": 4, "projection_dim": 10}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    whole = CLIPModel(
        CLIPConfig(
            text_config=CLIPTextConfig(vocab_size=40, max_position_embeddings=8, **SMALL).to_dict(),
            vision_config=CLIPVisionConfig(**VISION).to_dict(),
            projection_dim=10,
        )
    )
    whole.save_pretrained(tmp_path / "whole")
    half = CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION))
    half.vision_model.load_state_dict(whole.vision_model.state_dict())
    half.visual_projection.load_state_dict(whole.visual_projection.state_dict())
    half.save_pretrained(tmp_path / "half")
    size = {"height": 16, "width": 16}
    processor = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size)
    for name in ("whole", "half"):
        processor.save_pretrained(tmp_path / name)
    return tmp_path


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 20, 24, 3), dtype=np.uint8)


def test_a_clip_and_its_vision_half_are_one_space(folder: Path) -> None:
    whole, half = (load_feature_encoder(str(folder / name)) for name in ("whole", "half"))
    assert whole.space == half.space
    assert len(whole.space) == 64
    assert torch.equal(whole.features(pictures(3)), half.features(pictures(3)))


def test_other_weights_and_other_preprocessing_are_other_spaces(folder: Path) -> None:
    before = load_feature_encoder(str(folder / "half")).space
    CLIPImageProcessorPil(size={"shortest_edge": 16}, image_mean=[0.1] * 3).save_pretrained(folder / "half")
    after = load_feature_encoder(str(folder / "half"))
    assert after.space != before
    after.model.save_pretrained(folder / "half")
    assert load_feature_encoder(str(folder / "half")).space == after.space


def test_a_picture_has_the_same_features_in_any_company(folder: Path) -> None:
    encoder = load_feature_encoder(str(folder / "half"))
    together = encoder.features(pictures(5), batch=2)
    alone = encoder.features([Image.fromarray(pictures(5)[4]).convert("RGBA")])
    assert together.shape == (5, encoder.size) == (5, 10)
    torch.testing.assert_close(together[4:], alone, rtol=0, atol=1e-5)
    assert encoder.features([]).shape == (0, 10)


def test_what_is_no_clip_is_refused(folder: Path) -> None:
    (folder / "half" / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ValueError, match="it is a llama"):
        load_feature_encoder(str(folder / "half"))
    with pytest.raises(ValueError, match="cannot load a feature encoder from '/nowhere'"):
        load_feature_encoder("/nowhere")
