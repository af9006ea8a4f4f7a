"""The tiny diffusion model's tokenizer: CLIP's own kind, made from the words of the image world."""

from __future__ import annotations

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from prefloop.tiny.sprites.attributes import ATTRIBUTES, caption_of

MAX_TOKENS = 32
START, END, OF_A_WORD = "<|startoftext|>", "<|endoftext|>", "</w>"


def make_caption_tokenizer() -> CLIPTokenizer:
    """A word of a caption is one token; every other text is spelt, byte by byte where need be."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [START, END, *letters, *(letter + OF_A_WORD for letter in letters)]
    merges: list[tuple[str, str]] = []
    for word in _words():
        # A merge comes after those that were there before it, so that no later word changes how an earlier one is read.
        symbols = _merged([*word[:-1], word[-1] + OF_A_WORD], merges)
        while len(symbols) > 1:
            merges.append((symbols[0], symbols[1]))
            tokens.append(symbols[0] + symbols[1])
            symbols = _merged(symbols, merges)
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=MAX_TOKENS)  # pyright: ignore[reportArgumentType]


def _words() -> list[str]:
    said = [caption_of({name: value}) for name, values in ATTRIBUTES.items() for value in values]
    both = caption_of({name: values[0] for name, values in ATTRIBUTES.items()})
    return sorted({word for caption in (*said, both) for word in caption.replace(",", " ,").split()})


def _merged(symbols: list[str], merges: list[tuple[str, str]]) -> list[str]:
    """Byte-pair encoding: the merge that came first, wherever it fits, until none does."""
    for one, other in merges:
        found: list[str] = []
        for symbol in symbols:
            if found and found[-1] == one and symbol == other:
                found[-1] = one + other
            else:
                found.append(symbol)
        symbols = found
    return symbols
