"""prefloop-runner run: leases batches from an edge, trains them, publishes adapters; until it is told to stop.

Exit status: 0 stopped, or idle long enough · 2 bad options or model · 3 the edge refuses (the key; a domain of another
base model) · 4 the edge did not answer within the patience · 130 interrupted twice.
"""

import argparse
import math
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from prefloop.base import (
    choose_device,
    draws_pictures,
    load_base,
    load_image_base,
    settle_arithmetic,
)
from prefloop.commands.arguments import read_arguments
from prefloop.commands.log import LOGS
from prefloop.commands.options import add_model, positive_seconds
from prefloop.commands.summary import write_summary
from prefloop.edge import Edge
from prefloop.edge_errors import EdgeError, EdgeUnreachable
from prefloop.file_cache import FileCache
from prefloop.gates.samples import BaseAnswers
from prefloop.head import check_domains
from prefloop.image.rows import PictureReader
from prefloop.learner import ImageLearner, Learner, TextLearner
from prefloop.pictures import fetch_encoder, fetch_picture
from prefloop.runner import Totals, Workplace, run

REFUSED, UNREACHABLE = 3, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--edge", required=True, metavar="URL", help="address of the edge")
    parser.add_argument(
        "--key-env", default="PREFLOOP_KEY", help="variable with the edge's key (scope train)"
    )
    parser.add_argument(
        "--domains", nargs="+", default=[], metavar="DOMAIN", help="default: all of the base model"
    )
    add_model(parser)
    parser.add_argument(
        "--until-idle",
        type=positive_seconds,
        metavar="SECONDS",
        help="exit 0 when nothing was leased for so long; longer than the domains' maxWaitSeconds, as a rule",
    )
    parser.add_argument("--once", action="store_true", help="at most one batch")
    parser.add_argument(
        "--poll", type=positive_seconds, default=0.5, metavar="SECONDS", help="between two looks"
    )
    parser.add_argument(
        "--patience",
        type=positive_seconds,
        metavar="SECONDS",
        help="how long an edge that does not answer is waited for; default: for ever, or 60 with --until-idle or --once",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "prefloop",
        metavar="DIR",
        help="adapters, pictures, what the base says; may be lost (default: %(default)s)",
    )
    parser.add_argument(
        "--name", default=f"{socket.gethostname()}-{os.getpid()}", help="shown to the operator"
    )
    parser.add_argument("--log", choices=sorted(LOGS), default="text", help="json: one object a line")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")


def main(argv: Sequence[str]) -> int:
    args = read_arguments("run", __doc__, add_arguments, argv)
    log = LOGS[args.log]
    stop = stop_on_signals()
    patience = args.patience or (60.0 if args.until_idle or args.once else math.inf)
    key = os.environ.get(args.key_env)
    if not key:
        raise ValueError(f"the variable {args.key_env} holds no key: give one with the scope train")
    edge = Edge(args.edge, key, patience=patience, stop=stop, report=lambda text: log("edge", reason=text))

    device = choose_device(args.device)
    settle_arithmetic(args.threads, device)
    load = load_image_learner if draws_pictures(args.model, args.revision) else load_text_learner
    learner = load(args, device, edge)
    log("base", model=learner.name, fingerprint=learner.fingerprint, dtype=args.dtype, device=device)
    place = Workplace(edge, learner, args.name[:100], FileCache(args.cache / "files"), log)
    totals = Totals()
    try:
        served = check_domains(edge, learner.name, learner.fingerprint, args.domains)
        log("serving", domains=", ".join(served) or f"none yet: no domain belongs to {learner.name}")
        run(place, args.domains, totals, until_idle=args.until_idle, once=args.once, poll=args.poll)
    except EdgeUnreachable as error:
        if not stop.is_set():
            print(f"prefloop-runner run: {error}", file=sys.stderr)
            return UNREACHABLE
    except EdgeError as error:
        print(f"prefloop-runner run: {error}", file=sys.stderr)
        return REFUSED
    finally:
        edge.close()
    log("done", **totals.figures())
    write_summary(args.json, "run", totals.figures(), seeds=[])
    return 0


def load_text_learner(args: argparse.Namespace, device: str, _: Edge) -> Learner:
    base = load_base(args.model, args.dtype, device, args.revision)
    answers = BaseAnswers(args.cache / "answers", base.fingerprint)
    return TextLearner(base, base.reference_cache(args.cache / "references"), answers)


def load_image_learner(args: argparse.Namespace, device: str, edge: Edge) -> Learner:
    base = load_image_base(args.model, args.dtype, device, args.revision)
    files = FileCache(args.cache / "pictures")
    reader = PictureReader(
        base.model,
        lambda sha256: fetch_picture(edge, files, sha256),
        base.tensor_cache(args.cache / "latents"),
    )
    errors = base.reference_cache(args.cache / "references")
    return ImageLearner(base, reader, errors, lambda sha: fetch_encoder(edge, files, sha))


def stop_on_signals() -> threading.Event:
    """Set by SIGTERM and SIGINT; a second SIGINT interrupts at once."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop
