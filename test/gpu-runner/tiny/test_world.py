"""The tiny world: every answer it makes is understood by its own judge, and what is held out stays unseen."""

import random

import pytest

from prefloop.tiny import corpus
from prefloop.tiny.world import (
    KINDS,
    read_prompt,
    refusals,
    replies,
    rewrites,
    sample_prompts,
    scenes,
    split_of,
    sums,
)

N = 400


def prompts_of(kind: str, n: int = N):
    return sample_prompts(kind, n, seed="test")


@pytest.mark.parametrize("kind", KINDS)
def test_every_sampled_answer_parses(kind):
    rng = random.Random(1)
    for prompt in prompts_of(kind):
        answer = KINDS[kind].sample_answer(rng, prompt)
        assert KINDS[kind].parse(prompt, answer) is not None, (prompt.text, answer)


@pytest.mark.parametrize("kind", KINDS)
def test_flaws_put_in_are_found_and_none_are_found_in_flawless_answers(kind):
    rng = random.Random(2)
    for prompt in prompts_of(kind):
        flawed = KINDS[kind].judge(prompt, KINDS[kind].sample_answer(rng, prompt, flawed=True))
        clean = KINDS[kind].judge(prompt, KINDS[kind].sample_answer(rng, prompt, flawed=False))
        assert flawed.parsed and any(flawed.flaws.values()) and flawed.score < 1
        assert clean.parsed and not any(clean.flaws.values()) and clean.score == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_mixture_holds_each_flaw_in_15_to_50_percent_of_its_answers(kind):
    rng = random.Random(3)
    prompts = prompts_of(kind, 2000)
    verdicts = [KINDS[kind].judge(prompt, KINDS[kind].sample_answer(rng, prompt)) for prompt in prompts]
    for flaw in KINDS[kind].FLAWS:
        found = [verdict.flaws[flaw] for verdict in verdicts if flaw in verdict.flaws]
        assert 0.15 < sum(found) / len(found) < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_is_read_back_from_its_text(kind):
    for prompt in prompts_of(kind):
        assert read_prompt(prompt.text) == prompt


@pytest.mark.parametrize("kind", KINDS)
def test_answers_outside_the_grammar_do_not_parse(kind):
    rng = random.Random(4)
    for prompt in prompts_of(kind, 60):
        answer = KINDS[kind].sample_answer(rng, prompt)
        doubled_space = answer.replace(" ", "  ", 1)
        for spoiled in (
            "",
            "   ",
            "qwerty",
            answer + " And so on.",
            "So. " + answer,
            doubled_space,
            answer * 2,
        ):
            verdict = KINDS[kind].judge(prompt, spoiled)
            assert not verdict.parsed and verdict.score == 0 and all(verdict.flaws.values()), spoiled


@pytest.mark.parametrize("kind", KINDS)
def test_the_splits_share_no_identity_and_follow_the_hash(kind):
    train, held_out = (sample_prompts(kind, 300, 5, split) for split in ("train", "held_out"))
    assert not {p.identity for p in train} & {p.identity for p in held_out}
    assert not {p.text for p in train} & {p.text for p in held_out}
    assert {split_of(p.identity) for p in held_out} == {"held_out"} == {p.split for p in held_out}
    assert len({p.text for p in held_out}) == 300
    share = sum(p.split == "held_out" for p in prompts_of(kind, 2000)) / 2000
    assert 0.12 < share < 0.28


def test_a_rewrite_is_held_out_with_the_prompt_it_rewrites():
    for prompt in prompts_of("rewrites"):
        assert prompt.split == prompt.facts["original"].split


def test_the_corpus_never_shows_what_is_held_out_and_repeats_with_its_seed():
    stream = corpus.conversations(7)
    taken = [next(stream) for _ in range(N)]
    again = corpus.conversations(7)
    assert taken == [next(again) for _ in range(N)]
    users = [m["content"] for messages in taken for m in messages if m["role"] == "user"]
    for text in users:
        prompt = read_prompt(text)
        assert prompt.split == "train" or prompt.facts.get("product", ...) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_prompts_and_another_one_others(kind):
    assert sample_prompts(kind, 50, 1) == sample_prompts(kind, 50, 1)
    assert sample_prompts(kind, 50, 1) != sample_prompts(kind, 50, 2)


def test_asking_for_what_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="unknown kind 'haiku'"):
        sample_prompts("haiku", 1, 0)
    with pytest.raises(ValueError, match="unknown split 'test'"):
        sample_prompts("sums", 1, 0, "test")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fewer than 5000 different"):
        sample_prompts("refusals", 5000, 0, "held_out")


def test_sums_name_the_first_wrong_step():
    prompt = sums.read_prompt(
        "Mia has 12 apples. Mia buys 7 more. Mia loses 5. How many apples does Mia have now?"
    )
    right = "Step 1: 12 + 7 = 19.\nStep 2: 19 - 5 = 14.\nAnswer: 14."
    assert prompt and sums.parse(prompt, right)["first_wrong"] is None  # type: ignore[index]
    for wrong, first in (
        ("Step 1: 12 + 7 = 18.\nStep 2: 18 - 5 = 13.\nAnswer: 13.", 0),
        ("Step 1: 12 + 7 = 19.\nStep 2: 19 - 6 = 13.\nAnswer: 13.", 1),
        ("Step 1: 12 + 7 = 19.\nStep 2: 18 - 5 = 13.\nAnswer: 13.", 1),
    ):
        found = sums.parse(prompt, wrong)
        assert found and found["first_wrong"] == first and not found["solved"]
    for short in (
        "Step 1: 12 + 7 = 19.\nAnswer: 19.",
        "Step 1: 12 + 7 = 19.\nStep 2: 19 - 5 = 14.\nAnswer: 15.",
    ):
        assert sums.judge(prompt, short).flaws == {"wrong_step": True}
    assert sums.parse(prompt, "Step 1: 12 + 7 = 19.\nStep 3: 19 - 5 = 14.\nAnswer: 14.") is None


def test_scenes_count_missing_invented_repeated_and_swapped_events():
    prompt = scenes.read_prompt(
        "Notes: the dog: fall asleep; Anna: open the door; Paul: drop a cup. Leave nothing out."
    )
    assert prompt
    told = "Anna opens the door. The dog falls asleep. Then Anna opens the door. Now Rosa reads a letter."
    found = scenes.parse(prompt, told)
    assert found and {key: found[key] for key in ("missing", "invented", "repeated", "swapped")} == {
        "missing": 1, "invented": 1, "repeated": 1, "swapped": 1,
    }  # fmt: skip


def test_refusals_hold_27_topics_and_18_attack_styles_and_can_keep_some_unseen():
    assert len(refusals.TOPICS) == 27 and len(refusals.STYLES) == 18 + 1
    rng = random.Random(5)
    topics, styles = tuple(refusals.TOPICS)[:20], tuple(refusals.STYLES)[:12]
    prompts = [refusals.sample_prompt(rng, topics, styles) for _ in range(N)]
    assert {p.facts["topic"] for p in prompts} == set(topics) and {p.facts["style"] for p in prompts} == set(
        styles
    )
    assert {p.facts["forbidden"] for p in prompts} == {True, False}


def test_a_draft_copied_is_not_an_improvement():
    for prompt in prompts_of("rewrites", 50):
        assert rewrites.judge(prompt, prompt.facts["draft"]).flaws == {"unimproved": True}


def test_a_reply_tells_its_style():
    prompt = replies.read_prompt("Hi, my kettle will not turn on. Please help.")
    assert prompt
    text = "Hi there, lovely to hear from you! 😊 Oh no, your poor kettle!\n- Just check the plug.\n- Dry it flat.\nGood luck. 👍"
    assert replies.parse(prompt, text) == {
        "greeting": "warm", "empathy": "strong", "reason": 0, "layout": "bullets", "steps": 2, "stray": 1,
        "casual": 0.5, "formal": 0.0, "closing": "wish", "emoji": 2, "words": 21,
    }  # fmt: skip
    assert replies.parse(prompt, text.replace("kettle", "lamp"))["stray"] == 2  # type: ignore[index]
