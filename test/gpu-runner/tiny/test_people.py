"""People with tastes of their own as a process: what they like is what the worlds' own oracles say."""

import base64
import io
import json
import random
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from prefloop.tiny import styles
from prefloop.tiny.people import answer
from prefloop.tiny.sprites.attributes import ATTRIBUTES, read_caption, sample_creature
from prefloop.tiny.sprites.draw import draw
from prefloop.tiny.sprites.tastes import likes
from prefloop.tiny.world import read_prompt

ASKED = "Hi, my kettle will not turn on. Please help."


def png(creature) -> str:
    content = io.BytesIO()
    Image.fromarray(draw(creature)).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def people(kind: str, n: int = 3, seed: int = 7):
    return answer({"op": "people", "kind": kind, "n": n, "seed": seed})["tastes"]


@pytest.mark.parametrize("kind", ["pictures", "replies"])
def test_people_are_drawn_anew_with_every_seed(kind: str):
    assert people(kind) == people(kind) and len(people(kind)) == 3
    assert people(kind) != people(kind, seed=8)


def test_pictures_are_liked_for_what_they_show_and_less_where_they_are_not_what_was_asked_for():
    rng, caption = random.Random(0), "a red creature, on snow"
    creatures = [sample_creature(rng) for _ in range(6)]
    tastes = people("pictures")
    found = answer(
        {
            "op": "like",
            "kind": "pictures",
            "prompt": caption,
            "candidates": [*map(png, creatures)],
            "tastes": tastes,
        }
    )["likings"]
    for taste, likings in zip(tastes, found, strict=True):
        named = dict(zip(ATTRIBUTES, taste, strict=True))
        assert likings == pytest.approx([likes(named, one, read_caption(caption)) for one in creatures])


def test_replies_are_liked_for_their_style_and_none_outside_the_grammar():
    texts = ["Check the plug.", "nonsense", "Hello, dear friend! 😊 Just check the plug."]
    tastes = people("replies")
    request = {"op": "like", "kind": "replies", "prompt": ASKED, "candidates": texts, "tastes": tastes}
    for taste, likings in zip(tastes, answer(request)["likings"], strict=True):
        assert likings[1] is None
        for text, liking in zip(texts, likings, strict=True):
            if liking is not None:
                assert liking == pytest.approx(np.dot(taste, styles.style_of(read_prompt(ASKED), text)))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ([], "JSON object"),
        ({"op": "people", "kind": "films"}, "kind is one of"),
        ({"op": "people", "kind": "pictures", "n": 0}, "n is a whole number"),
        ({"op": "eat", "kind": "pictures"}, "unknown op"),
        ({"op": "like", "kind": "replies", "prompt": 1}, "prompt is a string"),
        ({"op": "like", "kind": "replies", "prompt": ASKED, "candidates": [1]}, "list of strings"),
        (
            {"op": "like", "kind": "replies", "prompt": ASKED, "candidates": [], "tastes": [[1]]},
            "5 numbers each",
        ),
        (
            {"op": "like", "kind": "pictures", "prompt": "a creature", "candidates": ["%"], "tastes": []},
            "no picture in base64",
        ),
    ],
)
def test_a_bad_request_is_refused_with_what_is_wrong(request_, message: str):
    with pytest.raises(ValueError, match=message):
        answer(request_)


def test_it_answers_lines():
    lines = [{"id": 1, "op": "people", "kind": "replies", "n": 1}, {"id": 2, "op": "eat", "kind": "replies"}]
    done = subprocess.run(
        [sys.executable, "-m", "prefloop.tiny.people"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["id"] == 1 and len(first["tastes"][0]) == 5
    assert second["id"] == 2 and second["error"]["code"] == "bad_request"
