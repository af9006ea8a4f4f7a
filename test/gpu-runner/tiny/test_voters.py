"""What simulated people vote on: deals of one caption, of more drawings those that differ most."""

import torch

from prefloop.tiny.sprites.attributes import every_creature, read_caption
from prefloop.tiny.sprites.reader import follows
from prefloop.tiny.sprites.voters import Draws, axes_of_creatures, most_different, sample_deals


def test_the_most_different_are_those_that_the_edge_deals() -> None:
    # The numbers of test/worker/inference/most-different.test.ts.
    vectors = torch.tensor([[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [0.0, 3.0], [4.0, 3.0]])
    chosen = {k: most_different(vectors[None].expand(2, -1, -1), k)[1].tolist() for k in (2, 3, 4, 5)}
    assert chosen == {2: [0, 4], 3: [0, 2, 4], 4: [0, 2, 3, 4], 5: [0, 1, 2, 3, 4]}


def test_every_drawing_of_a_deal_follows_its_caption_and_is_another() -> None:
    creatures = every_creature()
    for draws in (None, Draws(8, axes_of_creatures())):
        deals = sample_deals(50, 4, seed=3, draws=draws)
        assert deals.creatures.shape == (50, 4)
        for places, caption in zip(deals.creatures.tolist(), deals.captions, strict=True):
            known = read_caption(caption)
            assert known is not None and len(set(places)) == 4
            assert all(follows(known, creatures[place]) == 1 for place in places)


def test_deals_of_more_drawings_differ_more() -> None:
    axes_CK = axes_of_creatures()

    def apart(draws: Draws | None) -> float:
        dealt_NkK = axes_CK[sample_deals(300, 4, seed=3, draws=draws).creatures]
        return float(torch.cdist(dealt_NkK, dealt_NkK).sum((1, 2)).mean())

    assert apart(Draws(8, axes_CK)) > 1.1 * apart(None)
    assert apart(Draws(4, axes_CK)) == apart(None)
