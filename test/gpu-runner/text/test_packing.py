"""One row of tokens without padding: what is laid out once, and what is scored where."""

import pytest
import torch

from prefloop.text.packing import pack


def test_a_prompt_and_a_completion_that_occur_twice_are_laid_out_once():
    packed = pack([([1, 2], [[3, 4], [5]]), ([9], [[7]]), ([1, 2], [[5], [6, 6]])])
    assert packed.ids_T.tolist() == [1, 2, 3, 4, 5, 6, 6, 9, 7]
    assert packed.positions_T.tolist() == [0, 1, 2, 3, 2, 2, 3, 0, 1]
    assert packed.distinct_N.tolist() == [0, 1, 3, 1, 2]
    assert packed.lengths_U.tolist() == [2, 1, 2, 1]


def test_a_beginning_that_rows_say_they_share_is_laid_out_once():
    rows = [([1, 2, 3], [[5]]), ([7], [[8]]), ([1, 2, 4, 5], [[6], [5]]), ([1, 2], [[4]]), ([1, 2, 9], [[3]])]
    packed = pack(rows, shared=[2, 0, 2, 2, 0])
    assert packed.ids_T.tolist() == [1, 2, 3, 5, 4, 5, 6, 5, 4, 7, 8, 1, 2, 9, 3]
    assert packed.positions_T.tolist() == [0, 1, 2, 3, 2, 3, 4, 4, 2, 0, 1, 0, 1, 2, 3]
    assert packed.targets_S.tolist() == [5, 6, 5, 4, 8, 3] and packed.distinct_N.tolist() == [
        0,
        4,
        1,
        2,
        3,
        5,
    ]
    # by the last row of what is asked: of the beginning itself, and of each way on from it
    assert packed.scored_rows_S.tolist() == [2, 5, 5, 1, 9, 13]
    paths = [[part.rows for part in leaf.path] for leaf in packed.completions_U]
    assert paths == [[2, 1, 1], [2, 2, 1], [2, 2, 1], [2, 1], [1, 1], [3, 1]]


def test_the_first_token_of_every_completion_is_predicted_by_the_last_of_its_prompt():
    packed = pack([([1, 2], [[3, 4], [5]])])
    assert packed.scored_rows_S.tolist() == [1, 2, 1]
    assert packed.targets_S.tolist() == [3, 4, 5]


def test_token_log_probs_are_summed_for_each_completion_asked_for_in_its_order():
    packed = pack([([9], [[7]]), ([1, 2], [[3, 4], [5], [3, 4]])])
    sums = packed.sum_by_completion(torch.tensor([1.0, 10.0, 20.0, 300.0]))
    assert sums.tolist() == [1.0, 30.0, 300.0, 30.0]


def test_copies_are_the_same_rows_further_down():
    packed = pack([([1, 2], [[3, 4], [5]])])
    twice = packed.repeated(2)
    assert twice.ids_T.tolist() == 2 * packed.ids_T.tolist()
    assert [(s.start, s.stop) for s in twice.segments] == [(0, 2), (2, 4), (4, 5), (5, 7), (7, 9), (9, 10)]
    assert twice.segments[4].prefix == twice.segments[3]
    assert twice.scored_rows_S.tolist() == [1, 2, 1, 6, 7, 6]
    assert twice.distinct_N.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("rows", [[([], [[1]])], [([1], [[]])]])
def test_nothing_can_be_predicted_from_or_by_an_empty_text(rows):
    with pytest.raises(ValueError, match="empty"):
        pack(rows)
