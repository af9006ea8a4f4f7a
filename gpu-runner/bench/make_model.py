"""The benchmark's model: a random Llama with a tokenizer of its own, and the LoRA that every trainer starts from.

    python make_model.py --texts train.jsonl --out FOLDER [--size small] [--seed 0]

`small`: hidden 384, intermediate 1,024, 6 layers, 6 heads. `billion`: 1.1 billion parameters in the shape of TinyLlama
(hidden 2,048, intermediate 5,632, 22 layers, 32 heads over 4 of keys), for a GPU. Embedding and head have 32,000 rows; a
byte-level BPE is trained on the questions and answers of the file. Speed depends on shapes alone, so the weights are
random.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SIZES = {
    "small": {
        "hidden_size": 384,
        "intermediate_size": 1024,
        "num_hidden_layers": 6,
        "num_attention_heads": 6,
        "num_key_value_heads": 6,
    },
    "billion": {
        "hidden_size": 2048,
        "intermediate_size": 5632,
        "num_hidden_layers": 22,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
    },
}
ROWS = 32_000
RANK = 16
BOS, EOS, PAD = "<s>", "</s>", "<pad>"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=Path, required=True, help="JSON lines with a question and an answer")
    parser.add_argument("--out", type=Path, required=True, help="a folder to write")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--device", default="cpu", help="where the weights are drawn")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    tokenizer = train_tokenizer(args.texts)
    with torch.device(args.device):
        model = random_model(args.size, args.seed, tokenizer)
    args.out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    save_file(random_lora(model, args.seed), args.out / "initial-lora.safetensors")
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer):,} tokens")


def train_tokenizer(texts: Path) -> PreTrainedTokenizerFast:
    """No token is added by itself: prompt and completion are then encoded alike, together or apart."""

    def lines() -> Iterator[str]:
        with texts.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                yield row["question"]
                yield row["answer"]

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=ROWS,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(lines(), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=BOS, eos_token=EOS, pad_token=PAD)


def random_model(size: str, seed: int, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        **SIZES[size],
        vocab_size=ROWS,
        max_position_embeddings=1024,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def random_lora(model: LlamaForCausalLM, seed: int) -> dict[str, torch.Tensor]:
    """A and B of every linear layer but the head, by module path: A as PEFT draws it (Kaiming, a = √5), B zero."""
    generator = torch.Generator().manual_seed(seed)
    weights: dict[str, torch.Tensor] = {}
    for path, module in model.named_modules():
        if not isinstance(module, torch.nn.Linear) or module is model.lm_head:
            continue
        bound = 1 / math.sqrt(module.in_features)
        drawn = torch.empty(RANK, module.in_features, device="cpu").uniform_(
            -bound, bound, generator=generator
        )
        weights[f"{path}.lora_A"] = drawn
        weights[f"{path}.lora_B"] = torch.zeros(module.out_features, RANK)
    return weights


if __name__ == "__main__":
    main()
