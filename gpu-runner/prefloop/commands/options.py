"""Options that several commands share."""

import argparse
import math

from prefloop.base import Base, choose_device, load_base, settle_arithmetic
from prefloop.text.trunk import DTYPES


def add_model(parser: argparse.ArgumentParser, *more_dtypes: str, dtype: str = "fp32") -> None:
    """more_dtypes: words that the command itself gives a meaning; dtype: the default."""
    parser.add_argument("--model", default="tiny", help="tiny (built in), a folder, or a hub id")
    parser.add_argument("--revision", help="of a hub id")
    parser.add_argument("--dtype", choices=[*sorted(DTYPES), *more_dtypes], default=dtype)
    parser.add_argument(
        "--device", default="auto", help="cpu, cuda, cuda:1, …; auto: a GPU where there is one"
    )
    parser.add_argument("--threads", type=positive, help="CPU threads; the same number gives the same bits")


def load_model(args: argparse.Namespace) -> Base:
    """What `add_model`'s options ask for, with the arithmetic settled."""
    device = choose_device(args.device)
    settle_arithmetic(args.threads, device)
    return load_base(args.model, args.dtype, device, args.revision)


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def positive_seconds(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0, 1 at most")
    return value
