"""Small causal LMs with random weights, made in the test: ordinary transformers models, large enough to have opinions.

They are drawn on a CPU, so that their weights are the same on every device, and are on the device of the tests.
"""

import torch
from device import DEVICE
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.text.trunk import Trunk

VOCABULARY = 320
CONTEXT = 256
_ENDS = {"bos_token_id": None, "eos_token_id": 0, "pad_token_id": None}
_SHAPE = {
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": CONTEXT,
    # wide enough that the next token is neither certain nor uniform
    "initializer_range": 0.2,
    **_ENDS,
}

ARCHITECTURES = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**_SHAPE, num_key_value_heads=2)),
    "qwen2": lambda: Qwen2ForCausalLM(
        Qwen2Config(
            **_SHAPE, num_key_value_heads=1, use_sliding_window=True, sliding_window=12, max_window_layers=1
        )
    ),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(
            n_embd=48,
            n_layer=2,
            n_head=4,
            vocab_size=VOCABULARY,
            n_positions=CONTEXT,
            initializer_range=0.2,
            **_ENDS,
        )
    ),
    "gpt-neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**_SHAPE)),
}


def random_model(architecture: str = "llama", seed: int = 0) -> PreTrainedModel:
    torch.manual_seed(seed)
    return ARCHITECTURES[architecture]().eval().to(DEVICE)


def random_trunk(architecture: str = "llama", seed: int = 0, dtype: torch.dtype = torch.float32) -> Trunk:
    return Trunk(random_model(architecture, seed).to(dtype), f"random-{architecture}")


def strong_adapter(trunk: Trunk, seed: int, r: int = 4, targets: str | list[str] = "all-linear") -> Adapter:
    """An adapter that changes what the model says at once: both A and B are far from zero."""
    adapter = new_adapter(trunk.layers, r, 2.0 * r, seed, targets)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, b_Or in adapter.pairs.values():
            b_Or.copy_(torch.empty(b_Or.shape).normal_(0, 0.3, generator=generator))
    return adapter.freeze()


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE over VOCABULARY tokens with a chat template; <|end|> is token 0."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>", "<|user|>", "<|assistant|>", "<|system|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the one and the other, this and that 日本語 naïve 😀"] * 20, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    fast.chat_template = (
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    return fast
