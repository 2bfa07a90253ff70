"""Counts the tiles that a kernel with a mask loads, in the simulator's timeline.

usage: mask_copies.py OUT MASK --sq N --skv N (--seen EXPRESSION | --blocks QxK [--more ,KEY=VALUE]) [--target CHIP]

MASK is what --attention takes. EXPRESSION says in Python whether query i sees key j, p being the
query's place among the keys and ids the captured documents. Prints "N tiles of K and V loaded, of M" if these are just the tiles
in which some query of a block sees some key, or one where it sees none. With --blocks, tiles are those of the
blocks that the simulator's lists have.
"""
import argparse
import array
import json
import pathlib
import shutil
import subprocess
import sys

ROWS, COLUMNS = 128, 64


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("mask")
    parser.add_argument("--sq", type=int, required=True)
    parser.add_argument("--skv", type=int, required=True)
    parser.add_argument("--seen")
    parser.add_argument("--blocks")
    parser.add_argument("--more", default="")
    parser.add_argument("--target", default="sm_90a")
    options = parser.parse_args()

    shutil.rmtree(options.out, ignore_errors=True)
    workers = 2 if options.target == "sm_90a" else 1
    spec = f"b=1,h=1,sq={options.sq},skv={options.skv},d=64,rows={ROWS},columns={COLUMNS},workers={workers},mask={options.mask}"
    if options.blocks:
        spec += f",blocks={options.blocks}{options.more}"
    subprocess.run(["girih-compile", "--quiet", "--target", options.target, "-o", str(options.out), "--attention", spec], check=True)
    timeline = options.out / "timeline"
    command = ["girih-sim", str(next(options.out.glob("*.json"))), "--check", "--trace", str(timeline), "--save", str(options.out)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    loaded = sum(event["name"] == "tensor load" for event in json.loads(timeline.read_text())["traceEvents"])

    if options.blocks:
        return count_listed(options, loaded)
    documents = options.out / "documents.in"
    numbers = array.array("i", documents.read_bytes() if documents.exists() else b"")
    ids = lambda place: numbers[min(max(place, 0), options.skv - 1)]  # queries past the end too have an id
    sees = eval(f"lambda i, j, p: {options.seen}", {"ids": ids})
    blocks = range(0, options.sq, ROWS)
    needed = 0
    for first in blocks:
        queries = range(first, first + ROWS)  # bounds are those of a whole block
        tiles = sum(any(sees(i, j, i + options.skv - options.sq) for i in queries for j in range(key, min(key + COLUMNS, options.skv)))
                    for key in range(0, options.skv, COLUMNS))
        needed += max(tiles, 1)
    of_keys = loaded - len(blocks)  # one tile of Q for each block
    if of_keys != 2 * needed:
        sys.exit(f"{of_keys} tiles of K and V were loaded, {2 * needed} are needed")
    print(f"{of_keys} tiles of K and V loaded, of {2 * len(blocks) * -(-options.skv // COLUMNS)}")


def count_listed(options, loaded):
    def read(name):
        found = options.out / f"{name}.in"
        return array.array("i", found.read_bytes() if found.exists() else b"")

    queries, keys = map(int, options.blocks.split("x"))
    needed = items = 0
    for row in range(-(-options.sq // ROWS)):
        block = row * ROWS // queries
        listed = sum(min(max(counts[block], 0), -(-options.skv // keys)) for counts in (read("kv_num_blocks"), read("full_kv_num_blocks")) if counts)
        needed += max(listed * (keys // COLUMNS), 1)
        items += 1
    if loaded - items != 2 * needed:
        sys.exit(f"{loaded - items} tiles of K and V were loaded, {2 * needed} are needed")
    print(f"{2 * needed} tiles of K and V loaded, of {2 * items * -(-options.skv // COLUMNS)}")


main()
