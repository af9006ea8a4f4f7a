"""Credit of tokens: their sum is the implicit reward, and the policy without an adapter gives none."""

import pytest
import torch
from device import DEVICE
from random_models import random_trunk, strong_adapter

from prefloop.text.credit import token_credit
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps

ROWS = [((5, 6, 7), (8, 9, 0)), ((5, 6, 7), (10, 0)), ((11, 12), (13, 14, 15, 0)), ((5, 6, 7), (8, 9, 0))]


def test_credits_sum_to_the_implicit_reward():
    trunk = random_trunk()
    adapter = strong_adapter(trunk, 1)
    credits = token_credit(trunk, adapter, ROWS, beta=0.3)
    assert [len(one.credits) for one in credits] == [3, 2, 4, 3]
    for (prompt, completion), one in zip(ROWS, credits, strict=True):
        packed = pack([(prompt, [completion])], DEVICE)
        with torch.no_grad():
            ours, theirs = completion_logps(trunk, packed, [adapter, None])[:, 0].tolist()
        assert sum(one.credits) == pytest.approx(0.3 * (ours - theirs), abs=1e-4)
        assert sum(one.logps) == pytest.approx(ours, abs=1e-4)
    assert credits[0] == credits[3]


def test_the_base_itself_gives_no_credit():
    assert token_credit(random_trunk(), None, ROWS[:1])[0].credits == [0.0, 0.0, 0.0]
