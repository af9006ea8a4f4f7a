"""Beam search: exact where it can hold everything, greedy with one beam, likelier with more."""

from itertools import product

import pytest
import torch
from device import DEVICE
from random_models import random_trunk, strong_adapter

from prefloop.text.beam import beam_search
from prefloop.text.decode import Decoder, Request
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps
from prefloop.text.trunk import Trunk

PROMPT = (11, 12, 13, 14)


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return random_trunk()


class FewWords:
    """The trunk with a head of a few words: small enough to try every text."""

    def __init__(self, trunk: Trunk, words: int):
        self.trunk, self.words = trunk, words
        self.model, self.device, self.context = trunk.model, trunk.device, trunk.context
        self.head = self

    def hidden(self, *args):
        return self.trunk.hidden(*args)

    def logits(self, hidden_RH: torch.Tensor) -> torch.Tensor:
        return 3 * self.trunk.head.logits(hidden_RH, slice(0, self.words))


def every_text(words: int, length: int, end: int) -> list[tuple[int, ...]]:
    """All texts that end, or are as long as they may be."""
    found = []
    for size in range(1, length + 1):
        for text in product(range(words), repeat=size):
            if end in text[:-1] or (size < length and text[-1] != end):
                continue
            found.append(text)
    return found


@torch.no_grad()
def logp_of(few: FewWords, text: tuple[int, ...]) -> float:
    packed = pack([(PROMPT, [text])], DEVICE)
    hidden_TH = few.trunk.packed_hidden(packed)
    logps_SV = torch.log_softmax(few.logits(hidden_TH[packed.scored_rows_S]).float(), 1)
    return logps_SV.gather(1, packed.targets_S[:, None]).sum().item()


@pytest.mark.parametrize("end", [0, 2])
def test_with_room_for_every_text_it_finds_the_likeliest(trunk: Trunk, end: int):
    words, length = 4, 3
    few = FewWords(trunk, words)
    ranked = sorted(every_text(words, length, end), key=lambda text: -logp_of(few, text))
    beams = beam_search(few, PROMPT, None, words ** (length - 1), length, [end])  # pyright: ignore[reportArgumentType]
    assert beams[0].token_ids == ranked[0]
    assert beams[0].logp == pytest.approx(logp_of(few, ranked[0]), abs=1e-4)


def test_one_beam_is_greedy(trunk: Trunk):
    adapter = strong_adapter(trunk, 3)
    decoder = Decoder(trunk, [0], 1, 64)
    (completion,) = decoder.submit(Request(PROMPT, 20, adapter, temperature=0.0))
    while not decoder.idle:
        decoder.step()
    (beam,) = beam_search(trunk, PROMPT, adapter, 1, 20, [0])
    assert list(beam.token_ids) == completion.token_ids


def test_more_beams_find_likelier_texts_and_their_logps_are_the_models(trunk: Trunk):
    adapter = strong_adapter(trunk, 3)
    best = [beam_search(trunk, PROMPT, adapter, beams, 8, [0])[0] for beams in (1, 4, 16)]
    assert best[0].logp <= best[1].logp <= best[2].logp
    packed = pack([(PROMPT, [best[2].token_ids])], DEVICE)
    with torch.no_grad():
        whole = completion_logps(trunk, packed, [adapter])[0, 0].item()
    assert best[2].logp == pytest.approx(whole, abs=1e-3)


def test_beams_are_different_and_come_best_first(trunk: Trunk):
    beams = beam_search(trunk, PROMPT, None, 5, 6, [0])
    assert len({beam.token_ids for beam in beams}) == len(beams) <= 5
    assert [beam.logp for beam in beams] == sorted((beam.logp for beam in beams), reverse=True)


@pytest.mark.parametrize("wrong", [((), 2, 4), (PROMPT, 0, 4), (PROMPT, 2, 0), (PROMPT, 2, 10**6)])
def test_what_cannot_be_searched_is_refused(trunk: Trunk, wrong):
    prompt, beams, tokens = wrong
    with pytest.raises(ValueError):
        beam_search(trunk, prompt, None, beams, tokens, [0])
