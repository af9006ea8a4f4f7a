"""The three shapes of diffusers' folders: what the denoiser says, with and without adapters, and what it is off by."""

import pytest
import torch
from device import DEVICE
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from image.random_pipelines import PIPELINES, sd3, sd3_t5, sd15, unshifted

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.image.errors import add_noise, denoising_errors
from prefloop.image.model import ImageModel, load_image_model

CAPTIONS = ["a small red creature", "an owl with a crown, on snow"]
# What the first two text encoders say of a caption, of any length.
CLIP_TOKENS = 32
GROUPS = torch.tensor([0, 0, 1, 1], device=DEVICE)
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]


@pytest.fixture(scope="module", params=PIPELINES)
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


def noisy_pictures(model: ImageModel, own_noise: bool = False):
    pictures = torch.rand(4, 3, model.size, model.size, generator=torch.Generator().manual_seed(2)) * 2 - 1
    condition = model.condition(CAPTIONS).at(GROUPS)
    latents = model.latents(pictures)
    return add_noise(model, latents, condition, GROUPS, torch.Generator().manual_seed(3), own_noise)


def changed(model: ImageModel, seed: int = 0) -> Adapter:
    adapter = new_adapter(model.layers, 4, 8, seed, ATTENTION)
    with torch.no_grad():
        adapter.flat.add_(
            0.2 * torch.randn(adapter.flat.shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)
        )
    return adapter


def test_latents_are_at_the_scale_that_the_denoiser_sees(model):
    pictures = torch.rand(2, 3, model.size, model.size) * 2 - 1
    vae = model.pipeline.vae
    with torch.no_grad():
        middle = vae.encode(pictures.to(DEVICE)).latent_dist.mode()
    back = model.latents(pictures) / vae.config.scaling_factor + (vae.config.shift_factor or 0)
    torch.testing.assert_close(back, middle)


def test_adapters_share_a_pass_and_each_picture_goes_through_its_own(model):
    noisy = noisy_pictures(model)
    fast, slow = changed(model, 1), changed(model, 2)
    with torch.no_grad():
        together = denoising_errors(model, noisy, [fast, None, slow])
        alone = torch.cat([denoising_errors(model, noisy, [one]) for one in (fast, None, slow)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert ((together[0] - together[1]).abs() / together[0]).min() > 1e-4
    assert ((together[0] - together[2]).abs() / together[0]).min() > 1e-4


def test_a_fresh_adapter_changes_nothing_at_all(model):
    noisy = noisy_pictures(model)
    with torch.no_grad():
        assert torch.equal(
            denoising_errors(model, noisy, [new_adapter(model.layers, 4, 8, 0)]),
            denoising_errors(model, noisy, [None]),
        )


def test_gradients_are_those_of_the_merged_weights(model):
    """ΔW added to the layers gives the same error; its slope along a direction is that of finite differences."""
    noisy = noisy_pictures(model)
    adapter = changed(model)
    denoising_errors(model, noisy, [adapter]).sum().backward()
    assert adapter.flat.grad is not None
    assert all(parameter.grad is None for parameter in model.denoiser.parameters())
    direction = torch.randn(adapter.flat.shape, generator=torch.Generator().manual_seed(7)).to(DEVICE)
    direction /= direction.norm()
    sums = []
    for step in (0.05, -0.05):
        moved = changed(model)
        with torch.no_grad():
            moved.flat.add_(step * direction)
            sums.append(denoising_errors(model, noisy, [moved]).double().sum().item())
    slope = (sums[0] - sums[1]) / 0.1
    assert slope == pytest.approx((adapter.flat.grad * direction).sum().item(), rel=2e-2, abs=1e-4)


def test_pictures_of_a_prompt_share_their_time_and_unless_told_otherwise_their_noise(model):
    shared, own = noisy_pictures(model), noisy_pictures(model, own_noise=True)
    for noisy in (shared, own):
        assert noisy.times_N[0] == noisy.times_N[1] != noisy.times_N[2]
    noise = lambda noisy: unshifted(model.noising, noisy)
    assert torch.allclose(noise(shared)[0], noise(shared)[1], atol=1e-3)
    assert not torch.allclose(noise(own)[0], noise(own)[1], atol=0.1)


def test_a_third_text_encoder_is_read_too(tmp_path):
    """T5's tokens come after those of the other two, from a folder as from memory; without it they are zeros."""
    sd3_t5().save_pretrained(tmp_path)
    kept = load_image_model(str(tmp_path), device=DEVICE).condition(CAPTIONS)
    whole = ImageModel(sd3_t5().to(DEVICE), "sd3-t5").condition(CAPTIONS)
    torch.testing.assert_close(kept.tokens_BTD, whole.tokens_BTD)
    without = ImageModel(sd3().to(DEVICE), "sd3").condition(CAPTIONS)
    assert whole.tokens_BTD.shape == without.tokens_BTD.shape
    of_t5 = slice(CLIP_TOKENS, None)
    assert not without.tokens_BTD[:, of_t5].any() and whole.tokens_BTD[:, of_t5].any(-1).all()
    assert not torch.equal(whole.tokens_BTD[0, of_t5], whole.tokens_BTD[1, of_t5])
    torch.testing.assert_close(whole.tokens_BTD[:, :CLIP_TOKENS], without.tokens_BTD[:, :CLIP_TOKENS])


def test_a_folder_is_read_back(tmp_path):
    pipeline = sd15("v_prediction")
    pipeline.save_pretrained(tmp_path)
    model = load_image_model(str(tmp_path), device=DEVICE)
    assert model.noising.prediction == "v_prediction"
    noisy = noisy_pictures(model)
    with torch.no_grad():
        said = model.predict(noisy.latents, noisy.times_N, noisy.condition)
        expected = (
            sd15("v_prediction").to(DEVICE).unet(noisy.latents, noisy.times_N, noisy.condition.tokens_BTD)
        )
    torch.testing.assert_close(said, expected.sample)


def test_convolutions_are_not_rounded_to_tf32_once_a_model_is_loaded():
    before = torch.backends.cudnn.allow_tf32
    try:
        torch.backends.cudnn.allow_tf32 = True
        load_image_model("tiny-diffusion", device=DEVICE)
        assert not torch.backends.cudnn.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32 = before


def test_what_cannot_be_used_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="fp16"):
        load_image_model(str(tmp_path), dtype="fp16")
    with pytest.raises(ValueError, match="cannot load a text-to-image pipeline"):
        load_image_model(str(tmp_path))
    unet = UNet2DModel(sample_size=8, block_out_channels=(8, 8), norm_num_groups=4, layers_per_block=1,
                       down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2)  # fmt: skip
    DDPMPipeline(unet, DDPMScheduler()).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is a DDPMPipeline; StableDiffusionPipeline"):
        load_image_model(str(tmp_path))
