"""Noise and targets are those of diffusers' own schedulers."""

from types import SimpleNamespace

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
)

from prefloop.image.noising import noising_of

LATENTS, NOISE = torch.randn(2, 5, 4, 3, 3, generator=torch.Generator().manual_seed(1)).unbind()
TIMES = torch.tensor([0, 1, 400, 998, 999])


@pytest.mark.parametrize("schedule", ["linear", "scaled_linear", "squaredcos_cap_v2"])
@pytest.mark.parametrize("kind", [DDPMScheduler, DDIMScheduler, DPMSolverMultistepScheduler])
def test_noise_of_a_diffusion(kind, schedule):
    scheduler = kind(num_train_timesteps=1000, beta_schedule=schedule, prediction_type="v_prediction")
    noising = noising_of(scheduler)
    ddpm = DDPMScheduler.from_config(scheduler.config)
    expected = ddpm.add_noise(LATENTS, NOISE, TIMES)
    torch.testing.assert_close(noising.noised(LATENTS, NOISE, TIMES), expected)
    torch.testing.assert_close(
        noising.target(LATENTS, NOISE, TIMES), ddpm.get_velocity(LATENTS, NOISE, TIMES)
    )


def test_each_prediction_gives_the_clean_latent_back():
    for prediction in ("epsilon", "v_prediction", "sample"):
        noising = noising_of(DDPMScheduler(prediction_type=prediction))
        noisy, target = (say(LATENTS, NOISE, TIMES) for say in (noising.noised, noising.target))
        signal, sigma = (table[TIMES].view(-1, 1, 1, 1) for table in (noising.signal_T, noising.sigma_T))
        clean = {
            "epsilon": (noisy - sigma * target) / signal,
            "v_prediction": signal * noisy - sigma * target,
            "sample": target,
        }[prediction]
        # dividing by a signal of 0.07 loses a digit
        torch.testing.assert_close(clean, LATENTS, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_a_flow_goes_straight_from_picture_to_noise(shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    noising = noising_of(scheduler)
    expected = scheduler.scale_noise(LATENTS, scheduler.timesteps[TIMES], NOISE)
    noisy = noising.noised(LATENTS, NOISE, TIMES)
    torch.testing.assert_close(noisy, expected)
    velocity = noising.target(LATENTS, NOISE, TIMES)
    torch.testing.assert_close(noisy - noising.sigma_T[TIMES].view(-1, 1, 1, 1) * velocity, LATENTS)
    torch.testing.assert_close(noising.told_T, noising.sigma_T * 1000)
    # A sampler that was told to take few steps has other sigmas; training goes on with all of them.
    scheduler.set_timesteps(4)
    torch.testing.assert_close(noising_of(scheduler).sigma_T, noising.sigma_T)


def test_times_are_drawn_evenly_and_reproducibly():
    noising = noising_of(DDPMScheduler(num_train_timesteps=10))
    drawn = noising.sample_times(10_000, torch.Generator().manual_seed(3))
    assert torch.bincount(drawn, minlength=10).tolist() == pytest.approx([1000] * 10, abs=120)
    assert torch.equal(drawn, noising.sample_times(10_000, torch.Generator().manual_seed(3)))


def test_what_is_not_known_is_refused_by_name():
    with pytest.raises(ValueError, match="the scheduler predicts 'flow_prediction'"):
        noising_of(DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True))

    with pytest.raises(ValueError, match="SimpleNamespace is no scheduler"):
        noising_of(SimpleNamespace(config={}))
    assert noising_of(EulerDiscreteScheduler()).prediction == "epsilon"


@pytest.mark.parametrize("shaping", [False, True])
def test_times_are_drawn_one_from_each_part_of_the_schedule(shaping):
    noising = noising_of(DDPMScheduler(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2"))
    first = int(noising.shaping_T.nonzero()[0]) if shaping else 0
    drawn = noising.sample_times(50, torch.Generator().manual_seed(0), shaping)
    part = (1000 - first) / 50
    assert (((drawn - first) / part).floor().long().sort().values - torch.arange(50)).abs().max() <= 1
    assert drawn.min() >= first and drawn.max() < 1000
    assert not torch.equal(drawn, drawn.sort().values)
