"""The tokenizer of the tiny diffusion model."""

from prefloop.tiny.sprites.attributes import caption_of, every_creature
from prefloop.tiny.sprites.tokenizer import MAX_TOKENS, make_caption_tokenizer


def test_a_word_of_a_caption_is_one_token_and_the_longest_caption_fits():
    tokenizer = make_caption_tokenizer()
    for creature in every_creature()[::97]:
        caption = caption_of(creature)
        words = caption.replace(",", " ,").split()
        assert tokenizer.tokenize(caption) == [f"{word}</w>" for word in words]
        assert len(tokenizer(caption).input_ids) == len(words) + 2 <= MAX_TOKENS


def test_other_words_are_spelt():
    tokenizer = make_caption_tokenizer()
    assert "".join(tokenizer.tokenize("Zebra's 3!")).replace("</w>", " ") == "zebra 's 3 ! "
    for text in ("zebra", "über café", "\u4f60\u597d", "\x7f\u00ad", "🦉🦉"):
        assert tokenizer.unk_token_id not in tokenizer(text, add_special_tokens=False).input_ids


def test_it_is_the_same_every_time(tmp_path):
    one, other = make_caption_tokenizer(), make_caption_tokenizer()
    assert one.get_vocab() == other.get_vocab()
    one.save_pretrained(tmp_path)
    back = type(one).from_pretrained(tmp_path)
    assert back("a cap, on snow").input_ids == other("a cap, on snow").input_ids
