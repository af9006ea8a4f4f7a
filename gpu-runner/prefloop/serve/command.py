"""prefloop-runner serve: one frozen base, many adapters, OpenAI's chat
completions; or pictures, where the model draws.
"""

import argparse
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import uvicorn

from prefloop.base import choose_device, draws_pictures, load_base, load_image_base
from prefloop.commands.arguments import read_arguments
from prefloop.commands.options import add_model, positive
from prefloop.edge import Edge
from prefloop.image.model import fastest_dtype
from prefloop.serve.app import Server, create_app
from prefloop.serve.assemble import assemble, assemble_images
from prefloop.serve.source import PICTURES, TEXT, Kind, Source, from_edge, from_folder
from prefloop.taste.features import load_feature_encoder
from prefloop.text.decode import CONTEXT

EDGE_PATIENCE_SECONDS = 10.0
# Pictures are drawn in half precision where the device computes in it; texts are written in fp32 unless asked otherwise.
AUTO = "auto"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser, AUTO, dtype=AUTO)
    capacity = parser.add_argument_group("capacity")
    capacity.add_argument("--slots", type=positive, default=64, help="texts written at once")
    capacity.add_argument(
        "--context", type=positive, default=CONTEXT, help="longest text in tokens, if the model can"
    )
    capacity.add_argument("--queue", type=int, default=512, help="completions that may wait for a slot")
    capacity.add_argument("--max-adapters", type=positive, default=32, help="adapters in memory")
    adapters = parser.add_argument_group("adapters")
    adapters.add_argument("--edge", metavar="URL", help="pull adapters from this edge")
    adapters.add_argument(
        "--key-env", default="PREFLOOP_KEY", help="variable with the edge's key (scope infer)"
    )
    adapters.add_argument(
        "--adapters", type=Path, metavar="FOLDER", help="adapters in FOLDER/SHA/, asked first"
    )
    parser.add_argument(
        "--features",
        metavar="NAME|FOLDER",
        help="pictures: a CLIP that sees them, for tastes; tiny is the built-in one, and tiny-diffusion's default",
    )
    network = parser.add_argument_group("network")
    network.add_argument("--host", default="127.0.0.1")
    network.add_argument("--port", type=int, default=8100, help="0: any free one")
    network.add_argument(
        "--bearer-env", default="PREFLOOP_INFERENCE_KEY", help="variable with the key callers must send"
    )
    network.add_argument("--drain", type=float, default=30.0, help="seconds for open answers after SIGTERM")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, then finish what is being answered. Raises ValueError, OSError for bad options."""
    if args.threads:
        torch.set_num_threads(args.threads)
    device, edge = choose_device(args.device), connect(args)
    draws = draws_pictures(args.model, args.revision)
    if args.dtype == AUTO:
        args.dtype = fastest_dtype(device) if draws else "fp32"
    server = (image_server if draws else text_server)(args, device, edge)
    listener = socket.create_server((args.host, args.port), reuse_port=False)
    # what the GIL's holder may keep it for: a request's Python must not hold up every product of a step
    sys.setswitchinterval(0.0005)
    url = f"http://{args.host}:{listener.getsockname()[1]}"
    print(f"serving {server.model} ({args.dtype}, {device}) at {url}", flush=True)
    serve(server, listener, args.drain)
    return 0


def text_server(args: argparse.Namespace, device: str, edge: Edge | None) -> Server:
    base = load_base(args.model, args.dtype, device, args.revision)
    return assemble(
        base,
        _sources(args, edge, base.fingerprint, TEXT),
        slots=args.slots,
        context=args.context,
        queue=args.queue,
        max_adapters=args.max_adapters,
        key=os.environ.get(args.bearer_env) or None,
    )


def image_server(args: argparse.Namespace, device: str, edge: Edge | None) -> Server:
    base = load_image_base(args.model, args.dtype, device, args.revision)
    named = args.features or ("tiny" if args.model == "tiny-diffusion" else None)
    return assemble_images(
        base,
        _sources(args, edge, base.fingerprint, PICTURES),
        features=load_feature_encoder(named, device) if named else None,
        queue=args.queue,
        max_adapters=args.max_adapters,
        key=os.environ.get(args.bearer_env) or None,
    )


def _sources(args: argparse.Namespace, edge: Edge | None, fingerprint: str, kind: Kind) -> list[Source]:
    sources: list[Source] = [from_folder(args.adapters, kind)] if args.adapters else []
    return [*sources, from_edge(edge, fingerprint, kind)] if edge else sources


def connect(args: argparse.Namespace) -> Edge | None:
    if not args.edge:
        return None
    if not (key := os.environ.get(args.key_env)):
        raise ValueError(f"the variable {args.key_env} has no key for the edge")
    return Edge(args.edge, key, patience=EDGE_PATIENCE_SECONDS)


def serve(server: Server, listener: socket.socket, drain: float) -> None:
    """Until SIGTERM or SIGINT. Then nothing new is accepted, and open answers get `drain` seconds to end."""
    config = uvicorn.Config(
        create_app(server),
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_keep_alive=75,  # longer than callers keep a connection, so that they never meet a closed one
        timeout_graceful_shutdown=max(1, round(drain)),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises them again once it has shut down
    uvicorn.Server(config).run(sockets=[listener])


def main(argv: Sequence[str]) -> int:
    return run(read_arguments("serve", __doc__, add_arguments, argv))
