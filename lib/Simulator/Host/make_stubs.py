#!/usr/bin/env python3
"""Writes a function for every one that CUDA's headers declare, weak, so that those that are simulated take
its place: it says that it is not simulated, and returns an error.

  make_stubs.py INCLUDE OUTPUT

The forms for per-thread default streams (_ptds, _ptsz) go on to the plain ones.
"""
import pathlib
import re
import sys

HEADERS = {"cuda.h": "CUDAAPI", "cuda_runtime_api.h": "CUDARTAPI"}

STUB = """WEAK int {name}() {{ return girihUnsupported("{name}"); }}"""
FORWARD = """asm(".globl {alias}\\n.type {alias}, @function\\n{alias}: jmp {name}@PLT");"""
HEAD = """// Written by make_stubs.py.
#define WEAK extern "C" __attribute__((weak, visibility("default")))
extern "C" int girihUnsupported(const char *name);
"""


def read_names(text, call):
    """The functions of a header as they are declared, what macros make of them, and their per-thread forms."""
    declared = set(re.findall(rf"\b{call}\s+(cu\w+)\s*\(", text))
    renamed = dict(re.findall(r"#\s*define\s+(cu\w+)\s+(cu\w+_v\d+|cuGraphInstantiateWithFlags)\s*$", text, re.M))
    aliases = {}
    for name, form, target in re.findall(r"#\s*define\s+(cu\w+)\s+__CUDA(?:RT)?_API_(PTDS|PTSZ)\((\w+)\)", text):
        if name != target:
            renamed[name] = target
        aliases[f"{target}_{form.lower()}"] = target
    return {renamed.get(name, name) for name in declared}, aliases


def main():
    include, output = map(pathlib.Path, sys.argv[1:])
    names, aliases = set(), {}
    for header, call in HEADERS.items():
        found, forms = read_names((include / header).read_text(encoding="utf-8", errors="replace"), call)
        names |= found
        aliases |= forms
    names -= aliases.keys()
    lines = [STUB.format(name=name) for name in sorted(names)]
    lines += [FORWARD.format(alias=alias, name=name) for alias, name in sorted(aliases.items()) if name in names]
    output.write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
