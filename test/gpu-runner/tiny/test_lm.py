"""The built-in tiny LM: an ordinary Hugging Face folder that knows the tiny world, flaws included."""

import json
import subprocess
import sys
import time

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from prefloop.tiny import report, sampling
from prefloop.tiny.world import KINDS, sample_prompts

N = {"replies": 200, "sums": 60, "scenes": 60, "refusals": 100, "rewrites": 40}


@pytest.fixture(scope="module")
def lm():
    return sampling.load(report.BUILT_IN)


def test_the_folder_is_small_and_complete():
    files = {path.name: path.stat().st_size for path in report.BUILT_IN.iterdir()}
    assert {
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "build.json",
    } <= set(files)  # fmt: skip
    assert sum(files.values()) <= 10_000_000
    record = json.loads((report.BUILT_IN / "build.json").read_text())
    assert record["seed"] >= 0 and record["steps"] > 0 and "prefloop.tiny.build_lm" in record["command"]


def test_it_loads_as_an_ordinary_llama_in_bf16():
    model = AutoModelForCausalLM.from_pretrained(report.BUILT_IN)
    assert type(model).__name__ == "LlamaForCausalLM" and model.dtype == torch.bfloat16
    assert 2e6 <= sum(p.numel() for p in model.parameters()) <= 4.5e6
    assert model.config.max_position_embeddings >= 1024
    assert model.generation_config.eos_token_id == AutoTokenizer.from_pretrained(report.BUILT_IN).eos_token_id


def test_a_rendered_prompt_is_a_token_prefix_of_the_whole_conversation(lm):
    _, tokenizer = lm
    system = [{"role": "system", "content": "You are a helpful assistant."}]
    for content in ("Hi", "", "7 + 12?", "naïve ☂ 你好", "line\nline\n", " x ", "a<|end"):
        messages = [*system, {"role": "user", "content": content}]
        prefix = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
        answer = {"role": "assistant", "content": content + "!"}
        whole = tokenizer.apply_chat_template([*messages, answer])["input_ids"]
        assert whole[: len(prefix)] == prefix and whole[-1] == tokenizer.eos_token_id
        body = tokenizer.encode(content + "!", add_special_tokens=False)
        assert whole[len(prefix) : -1] == body and tokenizer.decode(body) == content + "!"


def test_what_a_visitor_types_freely_gets_an_answer(lm):
    model, tokenizer = lm
    odd = ["", "?", "hello!!!", "Schreib mir ein Gedicht", "😀" * 40, "lorem ipsum " * 300, "{}[]\\n\x00"]
    for text in odd:
        ids = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        ids = {name: value[:, -900:] for name, value in ids.items()}
        assert model.generate(**ids, max_new_tokens=5).shape[1] > ids["input_ids"].shape[1]


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_all_its_answers_parse_and_every_deliberate_flaw_occurs(lm, kind):
    model, tokenizer = lm
    prompts = sample_prompts(kind, N[kind], "lm test", "held_out")
    figures = report.measure(kind, prompts, sampling.sample_answers(model, tokenizer, prompts, seed=1))
    assert figures[f"parses.{kind}"]["value"] >= 0.95
    for flaw in KINDS[kind].FLAWS:
        share = figures[f"flaws.{kind}.{flaw}"]
        assert share["low"] <= 0.5 and share["high"] >= 0.15, (flaw, share)


def test_replies_come_in_all_styles(lm):
    model, tokenizer = lm
    prompts = sample_prompts("replies", 200, "lm styles", "held_out")
    styles = report.measure_styles(prompts, sampling.sample_answers(model, tokenizer, prompts, seed=2))
    for style, names in {"greeting": 4, "empathy": 3, "layout": 3, "closing": 4, "steps": 4}.items():
        assert len(styles[style]) == names and min(styles[style].values()) > 0.08, styles[style]


def test_training_that_was_killed_goes_on_from_its_checkpoint(tmp_path):
    command = [
        sys.executable,
        "-m",
        "prefloop.tiny.build_lm",
        "--out",
        tmp_path,
        "--seed",
        "3",
        "--threads",
        "1",
    ]
    first = subprocess.Popen(
        [*command, "--steps", "500", "--checkpoint-every", "1"], stdout=subprocess.DEVNULL
    )
    while not (tmp_path / "checkpoint.pt").exists() and first.poll() is None:
        time.sleep(0.05)
    first.kill()
    first.wait()
    reached = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"]
    other_seed = subprocess.run([*command, "--seed", "4"], capture_output=True, text=True, check=False)
    assert other_seed.returncode != 0 and "is of seed 3" in other_seed.stderr
    steps = ["--steps", str(reached + 1)]
    second = subprocess.run([*command, *steps], capture_output=True, text=True, check=True)
    assert f"going on from step {reached}" in second.stdout
    assert json.loads((tmp_path / "build.json").read_text())["steps"] == reached + 1
    assert not (tmp_path / "checkpoint.pt").exists()
    AutoModelForCausalLM.from_pretrained(tmp_path)
    assert len(AutoTokenizer.from_pretrained(tmp_path)) <= 2048
