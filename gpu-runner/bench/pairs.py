"""The pairs that every trainer is measured on: a seeded choice of those that nobody has to cut.

    python pairs.py --model FOLDER --pairs pairs.jsonl --count 256 --out FILE [--seed 0]

Writes prompt, chosen and rejected in the order of training. A prompt ends with a line break, so that it is encoded alike
alone and before its completion; a pair where it is not, or that is longer than 512 tokens, is left out and counted.
"""

import argparse
import json
import random
from pathlib import Path

from tokenizers import Tokenizer

MAX_LENGTH = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    with args.pairs.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    random.Random(args.seed).shuffle(rows)
    pairs, left_out = [], 0
    for row in rows:
        if len(pairs) == args.count:
            break
        pair = {
            "prompt": row["prompt"].rstrip() + "\n",
            "chosen": row["chosen"],
            "rejected": row["rejected"],
        }
        if fits(tokenizer, pair):
            pairs.append(pair)
        else:
            left_out += 1
    if len(pairs) < args.count:
        raise SystemExit(f"{args.pairs} has only {len(pairs)} usable pairs of the {args.count} asked for")
    args.out.write_text("".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs))
    print(left_out)


def fits(tokenizer: Tokenizer, pair: dict[str, str]) -> bool:
    prompt = tokenizer.encode(pair["prompt"]).ids
    for name in ("chosen", "rejected"):
        completion = tokenizer.encode(pair[name]).ids
        joined = tokenizer.encode(pair["prompt"] + pair[name]).ids
        # one more for the token that ends the completion
        if joined != prompt + completion or len(joined) + 1 > MAX_LENGTH:
            return False
    return True


if __name__ == "__main__":
    main()
