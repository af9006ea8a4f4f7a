"""Texts to token ids: exact boundaries, end tokens as served, and a named reason for what cannot be trained on."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from prefloop.contracts import Example
from prefloop.text.encode import TextEncoder, Untrainable

CHAT = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def byte_tokenizer(chat_template: str | None = CHAT) -> PreTrainedTokenizerFast:
    """Every byte is a token, so lengths are known and any text can be written."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|end|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|user|>", "<|assistant|>", "<|system|>"]})
    tokenizer.chat_template = chat_template
    return tokenizer


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder(byte_tokenizer())


def example(
    completions: list[str], question: str = "hi", pairs: list[tuple[int, int]] | None = None
) -> Example:
    return Example.model_validate(
        {
            "preference": "h" + "0" * 40,
            "prompt": {"messages": [{"role": "user", "content": question}]},
            "completions": completions,
            "pairs": [{"chosen": a, "rejected": b, "p": 1, "weight": 1} for a, b in pairs or [(0, 1)]],
        }
    )


def reason_of(encoder: TextEncoder, row: Example, max_length: int = 1000) -> str:
    with pytest.raises(Untrainable) as caught:
        encoder.encode(row, max_length)
    return caught.value.reason


def test_prompt_and_completion_join_to_the_ids_of_the_whole_conversation(encoder):
    encoded = encoder.encode(example(["yes, of course", "no"], "shall we? 🙂"), 1000)
    messages = [
        {"role": "user", "content": "shall we? 🙂"},
        {"role": "assistant", "content": "yes, of course"},
    ]
    whole = encoder.tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)
    assert [*encoded.prompt, *encoded.completions[0]] == list(whole)


def test_a_completion_ends_with_the_token_that_ends_a_turn(encoder):
    assert encoder.completion_ids("ok")[-1] == encoder.tokenizer.eos_token_id
    assert encoder.decode(encoder.completion_ids("für 3 €\n🙂")) == "für 3 €\n🙂"


def test_the_end_of_turn_may_be_another_token_than_eos():
    tokenizer = byte_tokenizer(CHAT.replace("<|end|>", "<|system|>"))
    turn = tokenizer.convert_tokens_to_ids("<|system|>")
    encoder = TextEncoder(tokenizer, end_ids=[turn])
    assert encoder.end_id == turn
    assert set(encoder.end_ids) == {turn, tokenizer.eos_token_id}


def test_an_empty_completion_is_named(encoder):
    assert reason_of(encoder, example(["", "no"])) == "emptyCompletion"


def test_equal_completions_are_named(encoder):
    assert reason_of(encoder, example(["same", "same"])) == "equalTexts"


def test_texts_that_differ_only_where_the_tokenizer_does_not_look_are_named():
    tokenizer = byte_tokenizer()
    from tokenizers import normalizers

    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    assert reason_of(TextEncoder(tokenizer), example(["YES", "yes"])) == "equalTokens"


def test_a_row_longer_than_the_limit_is_named_and_not_cut(encoder):
    row = example(["a" * 50, "b"], "q" * 10)
    assert encoder.encode(row, 1000).tokens > 60
    assert reason_of(encoder, row, 60) == "tooLong"


def test_only_completions_that_a_pair_uses_can_stop_a_row(encoder):
    encoded = encoder.encode(example(["yes", "no", ""], pairs=[(0, 1)]), 1000)
    assert len(encoded.completions) == 3


def test_a_ranking_keeps_its_other_pairs_when_two_completions_are_equal(encoder):
    encoded = encoder.encode(example(["a", "b", "b"], pairs=[(0, 1), (0, 2), (1, 2)]), 1000)
    assert [(pair.chosen, pair.rejected) for pair in encoded.pairs] == [(0, 1), (0, 2)]


def test_a_conversation_for_a_base_without_a_template_is_named():
    assert reason_of(TextEncoder(byte_tokenizer(None)), example(["a", "b"])) == "untokenizable"


def test_plain_text_prompts_need_no_template():
    encoder = TextEncoder(byte_tokenizer(None))
    row = example(["a", "b"]).model_copy(update={"prompt": {"text": "Q: why?\nA:"}})
    assert encoder.decode(encoder.encode(row, 100).prompt) == "Q: why?\nA:"


def test_a_template_that_does_not_keep_prompts_as_prefixes_is_refused():
    template = CHAT.replace("<|assistant|>{% endif %}", "<|assistant|>think:{% endif %}")
    with pytest.raises(ValueError, match="prefix"):
        TextEncoder(byte_tokenizer(template))


@pytest.mark.parametrize("text", ["null \0 byte", "lone \ud800 surrogate"])
def test_text_that_is_not_valid_is_named_or_encoded_never_a_crash(encoder, text):
    try:
        assert encoder.decode(encoder.completion_ids(text)) == text
    except Untrainable as error:
        assert error.reason == "untokenizable"


def test_a_tokenizer_without_an_end_token_is_refused():
    tokenizer = byte_tokenizer(None)
    tokenizer.eos_token = None
    with pytest.raises(ValueError, match="end token"):
        TextEncoder(tokenizer)


def test_a_system_s_message_is_shared_by_all_who_ask_under_it(encoder):
    def asked(system: str, question: str):
        row = example(["yes", "no"], question).model_dump(exclude_none=True)
        row["prompt"]["messages"].insert(0, {"role": "system", "content": system})
        return encoder.encode(Example.model_validate(row), 1000)

    long = "You answer in short and plain words."
    one, other = asked(long, "apples?"), asked(long, "and pears?")
    assert one.shared == other.shared >= len(long)
    assert one.prompt[: one.shared] == other.prompt[: one.shared]
    assert encoder.decode(one.prompt[: one.shared]).startswith("<|system|>" + long)
    assert "apples" not in encoder.decode(one.prompt[: one.shared])
    # the first letters of two questions are not the system's
    assert asked(long, "0").shared == one.shared == asked(long, "a").shared
    assert asked("Hm.", "apples?").shared == 0 == encoder.encode(example(["yes", "no"]), 1000).shared
