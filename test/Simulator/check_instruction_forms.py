#!/usr/bin/env python3
"""Asks ptxas whether the forms of InstructionForms.txt exist on their targets.

usage: check_instruction_forms.py PTXAS
"""
import itertools
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def expand(line):
    """Every choice of the alternatives in `<a|b>`."""
    parts = re.split(r"<([^>]*)>", line)
    choices = [part.split("|") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def forms(target):
    """The forms of one target, `90`, `100` or `120`."""
    for line in open(os.path.join(HERE, "InstructionForms.txt")):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        line = line.removeprefix("! ")
        only = re.match(r"(90|100|120) ", line)
        if (only.group(1) != target) if only else target == "120":
            continue
        yield from expand(line[only.end():] if only else line)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failed = False
    prelude, epilogue = open(os.path.join(HERE, "InstructionForms.ptx")).read().split("INSTRUCTION\n")
    # A kernel has one .cta_group.
    for target, isPair in (("90", False), ("100", False), ("100", True), ("120", False)):
        listed = [form for form in forms(target) if (".cta_group::2" in form) == isPair]
        text = prelude.replace("TARGET", f"sm_{target}a")
        first = text.count("\n") + 1
        with tempfile.NamedTemporaryFile("w", suffix=".ptx") as source:
            source.write(text + "\n".join(listed) + "\n" + epilogue)
            source.flush()
            command = [sys.argv[1], f"-arch=sm_{target}a", "-O0", source.name, "-o", os.devnull]
            done = subprocess.run(command, capture_output=True, text=True)
        refused = re.findall(r"line (\d+); error *: (.*)", done.stderr)
        for line, message in refused:
            at = int(line) - first
            print(f"sm_{target}a: {listed[at] if at < len(listed) else line}: {message}")
        if done.returncode and not refused:
            print(done.stderr)
        failed |= done.returncode != 0
        print(f"sm_{target}a: {len(listed)} forms, {len(refused)} refused")
    sys.exit(failed)


if __name__ == "__main__":
    main()
