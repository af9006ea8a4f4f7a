"""Votes in, tokens out: no order, a prior, padding that says nothing, a file that gives the same network back."""

import pytest
import torch
from torch import nn

from prefloop.taste.set_encoder import (
    SetEncoder,
    SetEncoderShape,
    read_set_encoder,
    write_set_encoder,
)

SHAPE = SetEncoderShape(feature_size=12, tokens=3, width=5, hidden=24, rounds=2)


@pytest.fixture
def encoder() -> SetEncoder:
    torch.manual_seed(3)
    encoder = SetEncoder(SHAPE)
    with torch.no_grad():
        encoder.prior_E.normal_()
        for layer in encoder.moves:
            assert isinstance(layer, nn.Linear)
            layer.weight.normal_(std=0.3)
    return encoder.eval().requires_grad_(False)


def votes(people: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    features = torch.randn((2, people, count, SHAPE.feature_size), generator=generator)
    return features[0], features[1], torch.ones(people, count)


def test_the_order_of_votes_does_not_matter(encoder: SetEncoder) -> None:
    chosen, rejected, weight = votes(4, 6)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    tokens, uncertainty = encoder.embed(chosen, rejected, weight)
    again, unsure = encoder.embed(chosen[:, order], rejected[:, order], weight[:, order])
    torch.testing.assert_close(again, tokens, rtol=0, atol=2e-6)
    torch.testing.assert_close(unsure, uncertainty, rtol=0, atol=2e-6)


def test_without_votes_there_is_the_prior(encoder: SetEncoder) -> None:
    chosen, rejected, _ = votes(2, 3)
    tokens, uncertainty = encoder.embed(chosen, rejected, torch.zeros(2, 3))
    assert torch.equal(tokens, encoder.prior.expand(2, -1, -1))
    assert uncertainty.tolist() == [encoder.prior_uncertainty] * 2


def test_padding_says_nothing(encoder: SetEncoder) -> None:
    chosen, rejected, weight = votes(3, 5)
    weight[:, 2:] = 0
    padded = encoder.embed(chosen, rejected, weight)
    short = encoder.embed(chosen[:, :2], rejected[:, :2], weight[:, :2])
    torch.testing.assert_close(padded, short, rtol=0, atol=2e-6)


def test_a_vote_the_other_way_round_says_another_thing(encoder: SetEncoder) -> None:
    chosen, rejected, weight = votes(1, 4)
    tokens, uncertainty = encoder.embed(chosen, rejected, weight)
    turned, _ = encoder.embed(rejected, chosen, weight)
    assert (tokens - turned).abs().max() > 1e-3
    assert 0 < uncertainty.item() < 1


def test_the_scale_of_features_is_taken_out() -> None:
    torch.manual_seed(0)
    plain, scaled = SetEncoder(SHAPE), SetEncoder(SHAPE)
    with torch.no_grad():
        for layer in plain.moves:
            assert isinstance(layer, nn.Linear)
            layer.weight.normal_(std=0.3)
    scaled.load_state_dict(plain.state_dict())
    chosen, rejected, weight = votes(2, 3)
    seen = torch.cat([chosen, rejected]).flatten(0, 1)
    plain.standardise(seen)
    scaled.standardise(100 * seen + 7)
    expected = plain.embed(chosen, rejected, weight)
    found = scaled.embed(100 * chosen + 7, 100 * rejected + 7, weight)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_the_file_gives_the_same_network_back(encoder: SetEncoder) -> None:
    content = write_set_encoder(encoder)
    assert write_set_encoder(read_set_encoder(content)) == content
    assert all(
        torch.equal(one, other)
        for one, other in zip(
            read_set_encoder(content).embed(*votes(2, 4)), encoder.embed(*votes(2, 4)), strict=True
        )
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c, r, w: (c[..., :-1], r[..., :-1], w), r"features must be \(B, V, 12\)"),
        (lambda c, r, w: (c, r[:, :-1], w), r"features must be \(B, V, 12\)"),
        (lambda c, r, w: (c, r, w[:, :-1]), "weights must be"),
        (lambda c, r, w: (c * torch.nan, r, w), "must be finite"),
        (lambda c, r, w: (c, r, w / 0), "must be finite"),
    ],
)
def test_nonsense_is_refused(encoder: SetEncoder, spoil, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encoder.embed(*spoil(*votes(2, 3)))


def test_a_broken_file_is_named(encoder: SetEncoder) -> None:
    content = write_set_encoder(encoder)
    with pytest.raises(ValueError, match="not a safetensors file"):
        read_set_encoder(content[:-3])
    with pytest.raises(ValueError, match="its tensors are not those"):
        read_set_encoder(content.replace(b'\\"tokens\\": 3', b'\\"tokens\\": 4'))
    with pytest.raises(ValueError, match="must lie between"):
        read_set_encoder(content.replace(b'\\"tokens\\": 3', b'\\"tokens\\": 0'))
    with torch.no_grad():
        encoder.reads.bias[0] = torch.inf
    with pytest.raises(ValueError, match="reads.bias has values that are not finite"):
        read_set_encoder(write_set_encoder(encoder))
