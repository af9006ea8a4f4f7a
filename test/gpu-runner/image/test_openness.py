"""What captions leave open: learned from which way votes point, everything before there are votes."""

import pytest
import torch
from torch import Tensor

from prefloop.image.openness import (
    OpennessSums,
    heading,
    new_openness_sums,
    read_openness,
)

# Captions of D numbers; users of two tokens of three numbers, of which the first two are tastes.
DEPTH, SIZE = 5, 6
LEFT, RIGHT = torch.eye(SIZE)[0], torch.eye(SIZE)[1]


def captions(decided_R: Tensor, seed: int = 0) -> Tensor:
    """(R, D) headings: the third number says, weakly, that a caption decides the first taste, the others say nothing."""
    noise = torch.randn(len(decided_R), DEPTH, generator=torch.Generator().manual_seed(seed))
    return noise + torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]) * (0.1 * decided_R[:, None] - noise)


def votes(decided_R: Tensor, seed: int = 1) -> Tensor:
    """(R, E): votes point anywhere among both tastes, or along the second alone where the first is decided."""
    drawn = torch.randn(len(decided_R), 2, generator=torch.Generator().manual_seed(seed))
    return drawn[:, :1] * LEFT * ~decided_R[:, None] + drawn[:, 1:] * RIGHT


def fresh(depth: int = DEPTH) -> OpennessSums:
    sums = new_openness_sums(depth, SIZE)
    assert sums is not None
    return sums


def learned(count: int = 4000) -> OpennessSums:
    decided_R = torch.arange(count) % 2 == 0
    sums = fresh()
    sums.add(captions(decided_R), votes(decided_R))
    return sums


def left_of(sums: OpennessSums, decided: bool, said_E: Tensor) -> Tensor:
    openness = sums.settle()
    assert openness is not None
    heading_BD = captions(torch.tensor([decided]).expand(200), seed=2)
    return openness.of(said_E.view(1, 2, 3).expand(200, -1, -1), heading_BD).flatten(1).mean(0)


def test_a_taste_is_silent_where_the_caption_has_decided():
    both = LEFT + RIGHT
    torch.testing.assert_close(left_of(learned(), False, both)[:2], torch.ones(2), atol=0.1, rtol=0)
    torch.testing.assert_close(left_of(learned(), True, both)[:2], torch.tensor([0.0, 1.0]), atol=0.1, rtol=0)


def test_what_votes_never_speak_of_stays_as_it_is():
    other = torch.eye(SIZE)[4]
    torch.testing.assert_close(left_of(learned(), True, other), other)


def test_few_votes_leave_nearly_everything_open():
    left = left_of(learned(4), True, LEFT)
    assert left[0] > 0.8


def test_nothing_is_known_before_there_is_a_vote():
    assert fresh().settle() is None


@pytest.mark.parametrize(("count", "said"), [(1, 1.0), (4, 1.0), (0, 1.0)])
def test_one_caption_alone_tells_nothing(count: int, said: float):
    sums = fresh()
    sums.add(torch.ones(count, DEPTH), said * votes(torch.zeros(count).bool()))
    assert sums.settle() is None


def test_votes_that_point_nowhere_tell_nothing():
    sums = fresh()
    sums.add(captions(torch.zeros(9).bool()), torch.zeros(9, SIZE))
    assert sums.settle() is None


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, 1e30])
def test_a_direction_that_is_not_finite_says_nothing(wrong: float):
    sums, other = fresh(), fresh()
    decided_R = torch.arange(100) % 2 == 0
    h, s = captions(decided_R), votes(decided_R)
    other.add(h[1:], s[1:])
    s[0, 3] = wrong
    sums.add(h, s)
    for name, tensor in other.tensors().items():
        assert torch.equal(sums.tensors()[name], tensor)


def test_too_many_numbers_are_not_kept():
    assert new_openness_sums(768, 4 * 32) is not None
    assert new_openness_sums(768, 4 * 64) is None


def test_sums_do_not_depend_on_how_votes_came():
    decided_R = torch.arange(100) % 2 == 0
    apart = fresh()
    h, s = captions(decided_R), votes(decided_R)
    apart.add(h[:30], s[:30])
    goes_on = fresh()
    goes_on.restore(apart.tensors())
    goes_on.add(h[30:], s[30:])
    for name, tensor in learned(100).tensors().items():
        torch.testing.assert_close(goes_on.tensors()[name], tensor, atol=1e-4, rtol=1e-5)


def test_a_state_of_another_form_is_refused():
    with pytest.raises(ValueError, match=r"the state has no openness.inputs of 49 numbers"):
        fresh(DEPTH + 1).restore(learned(4).tensors())


def test_a_heading_is_the_mean_of_a_captions_tokens():
    tokens = torch.arange(12.0).view(1, 3, 4).bfloat16()
    assert torch.equal(heading(tokens), torch.tensor([[4.0, 5.0, 6.0, 7.0]]))


def test_users_of_other_numbers_are_named():
    openness = learned().settle()
    assert openness is not None
    with pytest.raises(ValueError, match="users have 8 numbers, and 6 are known"):
        openness.of(torch.zeros(1, 2, 4), torch.zeros(1, DEPTH))


def test_round_trip():
    openness = learned().settle()
    assert openness is not None
    assert read_openness({}) is None
    back = read_openness(openness.tensors())
    assert back is not None
    for name, tensor in openness.tensors().items():
        assert torch.equal(back.tensors()[name], tensor)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("openness.slope"), "openness.slope is missing"),
        (
            lambda t: t.update({"openness.slope": t["openness.slope"][:, :1]}),
            r"openness.slope is \[5, 1, 2\]",
        ),
        (lambda t: t.update({"openness.center": t["openness.center"][:2]}), r"openness.center is \[2\]"),
        (lambda t: t.update({"openness.into": t["openness.into"][0]}), "have another number of dimensions"),
    ],
)
def test_a_broken_one_is_named(change, said: str):
    openness = learned().settle()
    assert openness is not None
    tensors = openness.tensors()
    change(tensors)
    with pytest.raises(ValueError, match=said):
        read_openness(tensors)
