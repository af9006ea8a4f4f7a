"""A LLaVA-shaped folder, tiny and untrained, and votes on small pictures that it may be shown."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

WIDTH, SIDE, PATCH = 24, 16, 8
CHAT = (
    "{% for m in messages %}<s>{% for part in m.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}</s>{% endif %}"
)


def save_teacher(folder: Path, chat: bool = False, context: int = 2048) -> Path:
    """One token a byte of text, and a picture's four patches."""
    special = ["<pad>", "<s>", "</s>", "<image>"]
    tokens = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
    )
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
        ),
        tokenizer=fast,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT if chat else None,
    )
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 2}
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, image_size=SIDE, patch_size=PATCH, **sizes
    )
    text = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=context,
        num_key_value_heads=2,
        **sizes,
    )
    torch.manual_seed(0)
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=special.index("<image>"))
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def write_votes(folder: Path, people: int, votes: int = 4) -> Path:
    """Each person likes a colour; features are what a picture's colour is."""
    rng = np.random.default_rng(0)
    rows = []
    for person in range(people):
        liked = rng.uniform(-1, 1, 3)
        for number in range(votes):
            colours = sorted(
                rng.integers(0, 256, (2, 3)).tolist(), key=lambda colour: -liked @ np.array(colour)
            )
            named = []
            for side, colour in enumerate(colours):
                name = f"{person}-{number}-{side}.png"
                Image.new("RGB", (12, 10), tuple(colour)).save(folder / name)
                named.append(name)
            rows.append(
                {
                    "userKey": f"{person:032x}",
                    **{
                        name: [c / 255 for c in colour]
                        for name, colour in zip(("chosen", "rejected"), colours, strict=True)
                    },
                    "caption": "a colour",
                    "chosenImage": named[0],
                    "rejectedImage": named[1],
                }
            )
    path = folder / "votes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
