import random
from collections import Counter
from pathlib import Path

import pytest
import torch
from device import DEVICE
from peft import PeftModel
from random_models import ARCHITECTURES, VOCABULARY, random_model, random_trunk, strong_adapter

from prefloop.adapters.files import read_peft, write_peft
from prefloop.text.completion import Completion, Request
from prefloop.text.decode import Decoder
from prefloop.text.draw import draw, uniforms
from prefloop.text.packing import pack
from prefloop.text.scored_logps import scored_logps
from prefloop.text.trunk import Trunk

END = 0


def prompts(count: int, seed: int = 0) -> list[list[int]]:
    rng = random.Random(seed)
    return [[rng.randrange(1, VOCABULARY) for _ in range(rng.randrange(1, 40))] for _ in range(count)]


def write(decoder: Decoder, requests: list[Request]) -> list[list[Completion]]:
    jobs = [decoder.submit(request) for request in requests]
    while not decoder.idle:
        decoder.step()
    return jobs


def ids(jobs: list[list[Completion]]) -> list[list[list[int]]]:
    return [[completion.token_ids for completion in job] for job in jobs]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_text_is_that_of_transformers_generate(architecture: str) -> None:
    asked = prompts(7)
    model = random_model(architecture)
    expected = [
        model.generate(
            torch.tensor([p], device=DEVICE),
            max_new_tokens=24,
            do_sample=False,
            eos_token_id=END,
            pad_token_id=END,
        )[0, len(p) :].tolist()
        for p in asked
    ]
    # fewer slots than texts: they join as others leave
    decoder = Decoder(Trunk(random_model(architecture), architecture), [END], slots=3)
    jobs = write(decoder, [Request(p, 24, temperature=0.0) for p in asked])
    assert ids(jobs) == [[text] for text in expected]


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_an_adapter_speaks_as_it_does_in_peft(architecture: str, tmp_path: Path) -> None:
    trunk = random_trunk(architecture)
    files = write_peft(strong_adapter(trunk, 1), trunk.layers, architecture, dtype=torch.float32)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with torch.no_grad():
        theirs = PeftModel.from_pretrained(random_model(architecture), tmp_path).eval()
        logits = theirs(torch.tensor([[3, 1, 4, 1, 5]], device=DEVICE)).logits[0, -1]
        expected = theirs.generate(
            input_ids=torch.tensor([[3, 1, 4, 1, 5]], device=DEVICE),
            max_new_tokens=24,
            do_sample=False,
            pad_token_id=END,
        )[0, 5:].tolist()
    request = Request([3, 1, 4, 1, 5], 24, read_peft(files, trunk.layers), temperature=0.0)
    completion = write(Decoder(trunk, [END]), [request])[0][0]
    assert completion.token_ids == expected
    logp = torch.log_softmax(logits, 0)[expected[0]].item()
    assert completion.model_logps[0] == pytest.approx(logp, abs=1e-4)


def test_bf16_runs_and_ends() -> None:
    decoder = Decoder(random_trunk(dtype=torch.bfloat16), [END], slots=4)
    for job in write(decoder, [Request(p, 12, seed=i) for i, p in enumerate(prompts(6))]):
        assert job[0].finish_reason in ("stop", "length")
        assert all(logp <= 0 for logp in job[0].model_logps)


def test_a_text_does_not_depend_on_its_company() -> None:
    trunk = random_trunk()
    adapters = [None, strong_adapter(trunk, 1), strong_adapter(trunk, 2, r=3), strong_adapter(trunk, 3, r=8)]
    rng = random.Random(1)
    requests = [
        Request(
            prompt,
            rng.randrange(1, 30),
            adapters[i % 4],
            n=rng.randrange(1, 4),
            seed=i,
            temperature=rng.choice([0.0, 0.7, 1.0, 1.3]),
            top_p=rng.choice([0.8, 1.0]),
        )
        for i, prompt in enumerate(prompts(24))
    ]
    alone = [ids(write(Decoder(trunk, [END], slots=8), [request]))[0] for request in requests]
    together = ids(write(Decoder(trunk, [END], slots=8), requests))
    assert together == alone
    shuffled = rng.sample(range(24), 24)
    again = ids(write(Decoder(trunk, [END], slots=64), [requests[i] for i in shuffled]))
    assert again == [alone[i] for i in shuffled]


def test_adapters_of_other_layers_and_ranks_share_a_batch() -> None:
    trunk = random_trunk()
    adapters = [
        strong_adapter(trunk, 1, r=2, targets=["q_proj", "v_proj"]),
        strong_adapter(trunk, 2, r=16, targets=["down_proj"]),
        strong_adapter(trunk, 3),
        None,
    ]
    requests = [Request([5, 6, 7], 16, adapter, temperature=0.0) for adapter in adapters]
    together = ids(write(Decoder(trunk, [END]), requests))
    assert together == [ids(write(Decoder(trunk, [END]), [request]))[0] for request in requests]
    assert len({tuple(job[0]) for job in together}) == 4


def test_n_completions_differ_and_the_first_is_that_of_n_1() -> None:
    decoder = Decoder(random_trunk(), [END])
    (job,) = write(decoder, [Request([9, 8, 7], 20, n=6, seed=3)])
    (single,) = write(decoder, [Request([9, 8, 7], 20, n=1, seed=3)])
    assert job[0].token_ids == single[0].token_ids
    assert len({tuple(c.token_ids) for c in job}) > 1


def test_seeds_repeat_and_differ() -> None:
    decoder = Decoder(random_trunk(), [END])
    first, again, other = write(decoder, [Request([9, 8, 7], 20, seed=seed) for seed in (1, 1, 2)])
    assert first[0].token_ids == again[0].token_ids != other[0].token_ids


def test_logps_are_those_of_the_training_engine() -> None:
    trunk = random_trunk()
    adapter = strong_adapter(trunk, 5)
    decoder = Decoder(trunk, [END])
    requests = [Request(p, 20, adapter, n=2, seed=i) for i, p in enumerate(prompts(8))]
    for request, job in zip(requests, write(decoder, requests), strict=True):
        packed = pack([(request.prompt_ids, [c.token_ids for c in job])], DEVICE)
        with torch.no_grad():
            hidden = trunk.packed_hidden(packed, [(packed.tokens, adapter)])
            expected = scored_logps(hidden, trunk.head, packed.scored_rows_S, packed.targets_S)
        for i, completion in enumerate(job):
            wanted = expected.split(packed.lengths_U.tolist())[packed.distinct_N[i]].cpu()
            torch.testing.assert_close(torch.tensor(completion.model_logps), wanted, atol=1e-4, rtol=0)
            # at temperature 1 the behaviour is the model itself
            assert completion.logps == completion.model_logps


def test_behaviour_logps_are_those_of_the_tempered_nucleus() -> None:
    trunk = random_trunk()
    decoder = Decoder(trunk, [END])
    (job,) = write(decoder, [Request([3, 1, 4], 15, seed=2, temperature=0.6, top_p=0.7)])
    completion = job[0]
    with torch.no_grad():
        whole = pack([([3, 1, 4], [completion.token_ids])], DEVICE)
        logits = trunk.head.logits(trunk.packed_hidden(whole)[whole.scored_rows_S])
    for row, token, logp in zip(logits, completion.token_ids, completion.logps, strict=True):
        probs, order = torch.softmax(row / 0.6, 0).sort(descending=True)
        size = int((probs.cumsum(0) - probs < 0.7).sum())
        nucleus = dict(zip(order[:size].tolist(), (probs[:size] / probs[:size].sum()).tolist(), strict=True))
        assert logp == pytest.approx(torch.tensor(nucleus[token]).log().item(), abs=1e-4)


def test_draws_follow_the_distribution() -> None:
    """Pearson's chi-squared of 20,000 draws: 99.9 % of correct samplers stay below 34.5 at 13 degrees of freedom."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(14, generator=generator).mul(1.5)
    count = 20_000
    for temperature in (1.0, 0.5):
        u = torch.from_numpy(uniforms(seed=int(10 * temperature), index=0, count=count))
        temperatures = None if temperature == 1 else torch.full((count,), temperature)
        drawn = Counter(draw(logits.expand(count, -1), u, temperatures, None).tokens_B.tolist())
        expected = torch.softmax(logits / temperature, 0) * count
        assert sum((drawn[i] - e) ** 2 / e for i, e in enumerate(expected.tolist())) < 34.5


def test_the_nucleus_is_the_fewest_likeliest_tokens() -> None:
    logits = torch.log(torch.tensor([0.1, 0.4, 0.2, 0.3])).repeat(1000, 1)
    u = torch.from_numpy(uniforms(0, 0, 1000))
    for top_p, kept in ((0.3, {1}), (0.5, {1, 3}), (0.71, {1, 2, 3}), (0.95, {0, 1, 2, 3})):
        drawn = draw(logits, u, None, torch.full((1000,), top_p))
        assert set(drawn.tokens_B.tolist()) == kept
        total = sum(float(logits[0, i].exp()) for i in kept)
        expected = torch.log(logits[0].exp() / total)[drawn.tokens_B]
        torch.testing.assert_close(drawn.logps_B, expected)
    wide = torch.zeros(2, 500)
    assert draw(wide, torch.tensor([0.0, 0.999]), None, torch.tensor([0.9, 0.2])).tokens_B.tolist() == [
        0,
        499,
    ]


def test_the_stream_of_uniforms_is_fixed() -> None:
    assert uniforms(7, 1, 3).tolist() == uniforms(7, 1, 100)[:3].tolist()
    assert uniforms(7, 1, 3).tolist() != uniforms(7, 0, 3).tolist()
    expected = [half >> 8 for word in philox4x64(7, 1, counter=1) for half in (word & 0xFFFFFFFF, word >> 32)]
    assert uniforms(7, 1, 8).tolist() == [value / 2**24 for value in expected]


def philox4x64(key0: int, key1: int, counter: int) -> list[int]:
    """Ten rounds of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), written from the paper."""
    mask = 2**64 - 1
    x = [counter, 0, 0, 0]
    for _ in range(10):
        a, b = x[0] * 0xD2E7470EE14C6C93, x[2] * 0xCA5A826395121157
        x = [(b >> 64) ^ x[1] ^ key0, b & mask, (a >> 64) ^ x[3] ^ key1, a & mask]
        key0, key1 = (key0 + 0x9E3779B97F4A7C15) & mask, (key1 + 0xBB67AE8584CAA73B) & mask
    return x


def test_end_tokens_end_and_are_kept() -> None:
    trunk = random_trunk()
    with torch.no_grad():
        free = write(Decoder(trunk, []), [Request([4, 2], 30, seed=11)])[0][0]
    end = free.token_ids[9]
    assert end not in free.token_ids[:9]
    ended = write(Decoder(trunk, [end]), [Request([4, 2], 30, seed=11)])[0][0]
    assert (ended.token_ids, ended.finish_reason) == (free.token_ids[:10], "stop")
    assert (len(free.token_ids), free.finish_reason) == (30, "length")


def test_a_watch_ends_its_own_text_only() -> None:
    decoder = Decoder(random_trunk(), [])
    seen: list[tuple[int, float, float]] = []

    def watch(token: int, logp: float, model_logp: float) -> bool:
        seen.append((token, logp, model_logp))
        return len(seen) == 5

    watched = decoder.submit(Request([1, 2, 3], 20, seed=1), [watch])[0]
    free = decoder.submit(Request([1, 2, 3], 20, seed=1))[0]
    while not decoder.idle:
        decoder.step()
    assert (watched.token_ids, watched.finish_reason) == (free.token_ids[:5], "stop")
    assert seen == list(zip(watched.token_ids, watched.logps, watched.model_logps, strict=True))


def test_a_cancelled_text_frees_its_slot_and_leaves_the_others_alone() -> None:
    trunk = random_trunk()
    expected = ids(write(Decoder(trunk, []), [Request([7, 7], 12, seed=s) for s in (1, 2, 3)]))
    decoder = Decoder(trunk, [], slots=3)
    jobs = [decoder.submit(Request([7, 7], 12, seed=s)) for s in (1, 9, 2, 3)]
    for _ in range(4):
        decoder.step()
    decoder.cancel(jobs[1])
    waiting = decoder.submit(Request([7, 7], 12, seed=4))
    decoder.cancel(waiting)
    while not decoder.idle:
        decoder.step()
    assert [jobs[i][0].token_ids for i in (0, 2, 3)] == [job[0] for job in expected]
    assert jobs[1][0].finish_reason == waiting[0].finish_reason == "cancelled"


def test_an_adapter_that_overflows_harms_nobody_else() -> None:
    trunk = random_trunk()
    broken = strong_adapter(trunk, 1)
    with torch.no_grad():
        broken.flat.mul_(1e30)
    requests = [Request(p, 10, seed=i) for i, p in enumerate(prompts(8))]
    expected = ids(write(Decoder(trunk, [], slots=4), requests))
    decoder = Decoder(trunk, [], slots=4)
    bad = [decoder.submit(Request([1, 2, 3], 10, broken))[0] for _ in range(2)]
    good = []
    for i, request in enumerate(requests):
        good.append(decoder.submit(request))
        if i % 2:
            bad.append(decoder.submit(Request([1, 2, 3], 10, broken))[0])
    while not decoder.idle:
        decoder.step()
    assert ids(good) == expected
    assert {completion.finish_reason for completion in bad} == {"error"}


def test_weights_that_change_between_texts_are_seen() -> None:
    trunk = random_trunk()
    adapter = strong_adapter(trunk, 1)
    decoder = Decoder(trunk, [])
    request = Request([5, 5, 5], 12, adapter, temperature=0.0)
    before = ids(write(decoder, [request]))
    with torch.no_grad():
        adapter.flat.copy_(strong_adapter(trunk, 2).flat)
    after = ids(write(decoder, [request]))
    fresh = Request([5, 5, 5], 12, strong_adapter(trunk, 2), temperature=0.0)
    assert before != after == ids(write(Decoder(trunk, []), [fresh]))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request([], 4), "empty prompt"),
        (Request([1] * 250, 7), "the context holds 256"),
        (Request([1], 0), "max_tokens"),
        (Request([1], 4, n=9), "at most 8"),
        (Request([1], 4, temperature=-1.0), "temperature"),
        (Request([1], 4, top_p=0.0), "top_p"),
    ],
)
def test_what_cannot_be_written_is_refused(request_: Request, message: str) -> None:
    decoder = Decoder(random_trunk(), [END], slots=8)
    with pytest.raises(ValueError, match=message):
        decoder.submit(request_)
    assert decoder.idle


def test_a_text_may_fill_the_context_to_the_last_token() -> None:
    decoder = Decoder(random_trunk(), [], slots=2)
    (job,) = write(decoder, [Request([1] * 250, 6, n=2)])
    assert [len(c.token_ids) for c in job] == [6, 6]
