"""The builder of the tiny diffusion model: what it writes is an ordinary folder, and a run that was cut off goes on as if it had
not been."""

import json
import math

import pytest
from diffusers import StableDiffusionPipeline

from prefloop.image.model import load_image_model
from prefloop.tiny import build_diffusion
from prefloop.tiny.build_diffusion import build, sample_caption
from prefloop.tiny.report_images import draw_all, load

DRAWINGS = build_diffusion.drawings()[:16]


@pytest.fixture(autouse=True)
def few_drawings(monkeypatch):
    monkeypatch.setattr(build_diffusion, "drawings", lambda: DRAWINGS)
    monkeypatch.setattr(build_diffusion, "BATCH", 4)


def test_the_folder_is_one_of_diffusers_and_of_ours(tmp_path):
    build(tmp_path, 1, steps=2, minutes=9, bf16=False, checkpoint_every=10, autoencoder_steps=1)
    pipeline = load(tmp_path)
    assert isinstance(pipeline, StableDiffusionPipeline)
    captions = ["a small red creature", "a creature, on snow", ""]
    pictures = draw_all(pipeline, captions, seed=1, steps=2, batch=2)
    assert pictures.shape == (3, 32, 32, 3)
    # A picture depends on its caption, its place and the seed, not on who is drawn beside it.
    assert abs(draw_all(pipeline, captions, seed=1, steps=2, batch=3).astype(int) - pictures).max() <= 1
    model = load_image_model(str(tmp_path))
    assert (model.size, model.noising.prediction) == (32, "v_prediction")
    latents = model.latents(DRAWINGS)
    # bf16 weights have moved the scale a little
    assert latents.std().item() == pytest.approx(1.0, abs=0.05)
    record = json.loads((tmp_path / "build.json").read_text())
    assert (record["steps"], record["images"]) == (2, 8)
    assert not (tmp_path / "checkpoint.pt").exists()
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 12e6


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    build(whole, 3, steps=4, minutes=math.inf, bf16=False, checkpoint_every=2, autoencoder_steps=1)
    drawn = 0

    def killed_in_the_fourth_step(*arguments):
        nonlocal drawn
        drawn += 1
        if drawn > 3 * 4:
            raise KeyboardInterrupt
        return sample_caption(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(build_diffusion, "sample_caption", killed_in_the_fourth_step)
        build(cut, 3, steps=4, minutes=math.inf, bf16=False, checkpoint_every=2, autoencoder_steps=1)
    with pytest.raises(ValueError, match="is of seed 3"):
        build(cut, 4, steps=4, minutes=math.inf, bf16=False, checkpoint_every=2, autoencoder_steps=1)
    build(cut, 3, steps=4, minutes=math.inf, bf16=False, checkpoint_every=2, autoencoder_steps=1)
    for part in ("unet/diffusion_pytorch_model", "text_encoder/model", "vae/diffusion_pytorch_model"):
        assert (whole / f"{part}.safetensors").read_bytes() == (cut / f"{part}.safetensors").read_bytes()
