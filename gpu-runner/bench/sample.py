"""Tokens per second of the decoder alone and of the server over HTTP.

    python bench/sample.py [--model tiny] [--dtype fp32] [--threads 1] [--slots 64] [--adapters 0,1,6] [--json FILE]

The decoder's texts are random prompts and never end early; the server's prompts are sentences, its answers end when the
model ends them. Tokens per second are of drawn tokens, the prompts' cost included. Wall and processor time are both
printed: on a busy machine only the second says something.
"""

import argparse
import asyncio
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import torch

from prefloop.adapters.files import write_peft
from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.adapters.manifest import manifest_sha
from prefloop.base import Base, choose_device, load_base
from prefloop.cli import keep_memory
from prefloop.commands.summary import write_summary
from prefloop.text.completion import Request
from prefloop.text.decode import Decoder


def make_adapters(base: Base, count: int) -> list[Adapter]:
    adapters = []
    for seed in range(count):
        adapter = new_adapter(base.trunk.layers, 16, 32.0, seed)
        with torch.no_grad():
            for _, b_Or in adapter.pairs.values():
                b_Or.normal_(0, 0.01)
        adapters.append(adapter.freeze())
    return adapters


def make_requests(base: Base, args: argparse.Namespace, adapters: list[Adapter]) -> list[Request]:
    rng = random.Random(0)
    vocabulary = base.trunk.head.weight.shape[0]
    return [
        Request(
            [rng.randrange(vocabulary) for _ in range(rng.randrange(args.prompt // 2, args.prompt * 3 // 2))],
            rng.randrange(args.tokens // 2, args.tokens * 3 // 2),
            adapters[i % len(adapters)] if adapters else None,
            seed=i,
        )
        for i in range(args.texts)
    ]


def decode(base: Base, args: argparse.Namespace, adapters: int) -> dict[str, float]:
    requests = make_requests(base, args, make_adapters(base, adapters))
    decoder = Decoder(base.trunk, [], args.slots, args.context)
    wall, cpu = time.perf_counter(), time.process_time()
    write_all(decoder, requests)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return rates(sum(r.max_tokens for r in requests), wall, cpu)


def write_all(decoder: Decoder, requests: list[Request]) -> None:
    for request in requests:
        decoder.submit(request)
    while not decoder.idle:
        decoder.step()


def serve(base: Base, args: argparse.Namespace, adapters: int) -> dict[str, float]:
    """The same limits over HTTP, asked by as many callers as there are slots. The processor time is the server's."""
    limits = [request.max_tokens for request in make_requests(base, args, [])]
    with tempfile.TemporaryDirectory() as folder:
        names = [publish(base, adapter, Path(folder)) for adapter in make_adapters(base, adapters)] or [
            "base"
        ]
        options = [
            "--model",
            args.model,
            "--dtype",
            args.dtype,
            "--device",
            args.device,
            "--adapters",
            folder,
        ]
        sizes = [
            "--slots",
            args.slots,
            "--context",
            args.context,
            "--threads",
            args.threads,
            "--queue",
            args.texts,
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "prefloop.serve", "--port", "0", *options, *map(str, sizes)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            asyncio.run(ask_all(url, names, limits[: args.slots], args.slots))
            wall, cpu = time.perf_counter(), processor_seconds(process.pid)
            drawn = asyncio.run(ask_all(url, names, limits, args.slots))
            wall, cpu = time.perf_counter() - wall, processor_seconds(process.pid) - cpu
        finally:
            process.terminate()
            process.wait()
    return rates(drawn, wall, cpu)


def publish(base: Base, adapter: Adapter, folder: Path) -> str:
    files = write_peft(adapter, base.trunk.layers, base.name)
    sha = manifest_sha({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    (folder / sha).mkdir()
    for name, content in files.items():
        (folder / sha / name).write_bytes(content)
    return sha


async def ask_all(url: str, names: list[str], limits: list[int], callers: int) -> int:
    """Tokens drawn in all."""

    async def ask(i: int) -> int:
        body = {
            "model": names[i % len(names)],
            "messages": [{"role": "user", "content": f"My parcel {i} has not arrived. What should I do?"}],
            "max_tokens": limits[i],
            "seed": i,
            "logprobs": True,
        }
        answer = await http.post("/v1/chat/completions", json=body)
        return answer.raise_for_status().json()["usage"]["completion_tokens"]

    connections = httpx.Limits(max_connections=callers)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=connections) as http:
        return sum(await asyncio.gather(*(ask(i) for i in range(len(limits)))))


def processor_seconds(pid: int) -> float:
    """Of a running process; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rates(tokens: int, wall: float, cpu: float) -> dict[str, float]:
    return {"tokens": tokens, "tokensPerSecond": tokens / wall, "tokensPerProcessorSecond": tokens / cpu}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--dtype", default="fp32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--prompt", type=int, default=40, help="mean tokens of a prompt")
    parser.add_argument("--tokens", type=int, default=40, help="mean tokens of a text")
    parser.add_argument("--adapters", default="0,1,6", help="numbers of adapters in a batch to try")
    parser.add_argument("--runs", type=int, default=3, help="of each; the fastest counts")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    base = load_base(args.model, args.dtype, choose_device(args.device))
    figures: dict[str, float] = {}
    for adapters in map(int, args.adapters.split(",")):
        for name, measure in (("decode", decode), ("serve", serve)):
            runs = [measure(base, args, adapters) for _ in range(args.runs)]
            best = max(runs, key=lambda run: run["tokensPerProcessorSecond"])
            figures |= {f"{name}.{adapters}.{key}": value for key, value in best.items()}
            print(
                f"{name:6} {adapters} adapters: {max(r['tokensPerSecond'] for r in runs):7.0f} tokens/s, "
                f"{best['tokensPerProcessorSecond']:7.0f} per processor second",
                flush=True,
            )
    write_summary(args.json, "sample", figures, [0], "python bench/sample.py")


if __name__ == "__main__":
    keep_memory()
    main()
