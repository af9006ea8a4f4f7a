"""The judge process: JSON lines in, JSON lines out; a bad request is an answer, not an end."""

import json
import subprocess
import sys
import time

import pytest

from prefloop.tiny.sprites.attributes import read_caption


@pytest.fixture
def judge():
    process = subprocess.Popen(
        [sys.executable, "-m", "prefloop.tiny.judge"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout

    def ask(request):
        process.stdin.write((request if isinstance(request, str) else json.dumps(request)) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    assert process.wait(10) == 0


def test_it_starts_without_torch():
    code = (
        "import sys, prefloop.tiny.judge; sys.exit(any(m in sys.modules for m in ('torch', 'transformers')))"
    )
    started = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert time.monotonic() - started < 10


def test_it_deals_prompts_of_a_split_and_repeats_with_the_seed(judge):
    request = {"id": 1, "op": "prompts", "kind": "replies", "n": 40, "seed": 7, "split": "held_out"}
    first = judge(request)
    assert first["id"] == 1 and len(first["prompts"]) == 40
    assert first["prompts"][0]["messages"] == [{"role": "user", "content": first["prompts"][0]["text"]}]
    assert judge(request) == first
    train = judge({**request, "split": "train", "n": 200})
    assert not {p["identity"] for p in first["prompts"]} & {p["identity"] for p in train["prompts"]}


def test_it_deals_captions_that_leave_something_open(judge):
    request = {"op": "captions", "n": 30, "seed": "page", "fewest": 1, "most": 2}
    captions = judge(request)["captions"]
    assert {len(read_caption(one) or {}) for one in captions} == {1, 2}
    assert judge(request)["captions"] == captions != judge({**request, "seed": 1})["captions"]
    assert "fewest and most" in judge({**request, "fewest": 3})["error"]["message"]


def test_it_scores_parses_and_judges_replies(judge):
    text = "Hi, my kettle will not turn on. Please help."
    items = [
        {
            "prompt": text,
            "replies": ["Check the plug.", "nonsense", "Hello, dear friend! 😊 Just check the plug."],
        },
        {"prompt": [{"role": "system", "content": "x"}, {"role": "user", "content": text}], "replies": []},
    ]
    scored = judge({"id": "a", "op": "score", "persona": "warm", "items": items})
    assert scored["parsed"] == [[True, False, True], []] and scored["id"] == "a"
    plain, nonsense, warm = scored["scores"][0]
    assert nonsense < plain < warm
    brief = judge({"op": "score", "persona": "brief", "items": items})["scores"][0]
    assert brief[0] > brief[2] > brief[1]
    parsed = judge({"id": 2, "op": "parse", "items": items})["attributes"]
    assert parsed[0][1] is None and parsed[0][2]["greeting"] == "warm" and parsed[1] == []
    verdicts = judge({"id": 3, "op": "judge", "items": items})["verdicts"][0]
    assert verdicts[0] == {"parsed": True, "flaws": {"stray": False}, "score": 1.0}


def test_it_names_its_personas(judge):
    found = judge({"op": "personas"})["personas"]
    assert len(found) >= 3 and all(persona["taste"] for persona in found)


@pytest.mark.parametrize(
    ("request_line", "said"),
    [
        ("{", "Expecting"),
        ("[1]", "a request is a JSON object"),
        ('{"id": 4, "op": "dance"}', "unknown op 'dance'"),
        ('{"id": 4, "op": ["score"]}', "unknown op"),
        ('{"id": 4, "op": "prompts", "n": 0}', "n is a whole number"),
        ('{"id": 4, "op": "prompts", "n": true}', "n is a whole number"),
        ('{"id": 4, "op": "prompts", "n": 3, "kind": "odes"}', "unknown kind 'odes'"),
        ('{"id": 4, "op": "prompts", "n": 3, "kind": []}', "kind and split are strings"),
        ('{"id": 4, "op": "prompts", "n": 3, "split": "dev"}', "unknown split 'dev'"),
        ('{"id": 4, "op": "prompts", "n": 3, "seed": {}}', "seed is"),
        (
            '{"id": 4, "op": "score", "persona": "cross", "items": [{"prompt": "x", "replies": ["y"]}]}',
            "unknown persona",
        ),
        ('{"id": 4, "op": "score", "items": []}', "persona is"),
        ('{"id": 4, "op": "parse"}', "items is a list"),
        ('{"id": 4, "op": "parse", "items": [7]}', "item 0 is not an object"),
        ('{"id": 4, "op": "parse", "items": [{"prompt": "x", "replies": [7]}]}', "item 0: replies"),
        ('{"id": 4, "op": "parse", "items": [{"prompt": [], "replies": []}]}', "item 0: prompt"),
    ],
)
def test_a_malformed_request_is_answered_and_the_process_lives(judge, request_line, said):
    answer = judge(request_line)
    assert answer["error"]["code"] == "bad_request" and said in answer["error"]["message"]
    assert judge({"id": 9, "op": "personas"})["id"] == 9
