"""Tokens per second of the decoder alone and of the server over HTTP.

    python bench/sample.py [--model tiny] [--dtype fp32] [--threads 1] [--slots 64] [--adapters 0,1,6] [--json FILE]

The same prompts, seeds and limits throughout; texts never end early, so every run draws the same number of tokens.
Seconds of wall time and of processor time are both printed: on a busy machine only the second says something.
"""

import argparse
import asyncio
import random
import socket
import threading
import time
from functools import partial
from pathlib import Path

import httpx
import torch
import uvicorn

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.base import Base, choose_device, load_base
from prefloop.cli import keep_memory
from prefloop.commands.summary import write_summary
from prefloop.serve.app import create_app
from prefloop.serve.assemble import assemble
from prefloop.serve.registry import Loaded
from prefloop.text.decode import Decoder, Request


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
    return timed(partial(write_all, decoder, requests), sum(r.max_tokens for r in requests))


def write_all(decoder: Decoder, requests: list[Request]) -> None:
    for request in requests:
        decoder.submit(request)
    while not decoder.idle:
        decoder.step()


def serve(base: Base, args: argparse.Namespace, adapters: int) -> dict[str, float]:
    """The same texts asked for by as many callers as there are slots."""
    server = assemble(base, [], slots=args.slots, context=args.context, queue=args.texts)
    names = ["base"]
    if adapters:
        names = [f"{i:064x}" for i in range(adapters)]
        for name, adapter in zip(names, make_adapters(base, adapters), strict=True):
            server.registry.loaded[name] = Loaded(name, adapter, True)
    listener = socket.create_server(("127.0.0.1", 0))
    http_server = uvicorn.Server(uvicorn.Config(create_app(server), log_level="warning", access_log=False))
    thread = threading.Thread(target=partial(http_server.run, sockets=[listener]))
    thread.start()
    limits = [request.max_tokens for request in make_requests(base, args, [])]
    drawn = []

    async def ask(http: httpx.AsyncClient, i: int) -> None:
        body = {
            "model": names[i % len(names)],
            "messages": [{"role": "user", "content": f"request {i}"}],
            "max_tokens": limits[i],
            "seed": i,
            "logprobs": True,
        }
        answer = (await http.post("/v1/chat/completions", json=body)).raise_for_status().json()
        drawn.append(answer["usage"]["completion_tokens"])

    async def ask_all() -> None:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connections = httpx.Limits(max_connections=args.slots)
        async with httpx.AsyncClient(base_url=url, timeout=600, limits=connections) as http:
            await asyncio.gather(*(ask(http, i) for i in range(args.texts)))

    figures = timed(partial(asyncio.run, ask_all()), None)
    http_server.should_exit = True
    thread.join()
    return figures | rates(sum(drawn), figures["seconds"], figures["processorSeconds"])


def timed(run, tokens: int | None) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    figures = {"seconds": wall, "processorSeconds": cpu}
    return figures | (rates(tokens, wall, cpu) if tokens else {})


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
    write_summary(args.json, "sample", figures, [0])


if __name__ == "__main__":
    keep_memory()
    main()
