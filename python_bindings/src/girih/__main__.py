"""The tools from Python: python -m girih compile | opt | simulate | devices."""
from __future__ import annotations

import argparse
import sys

import girih
from girih import _girih
from girih._errors import text_of
from girih._kernel import DTYPES


def _read(path: str) -> tuple[str, str]:
    """The text, and what diagnostics call it."""
    if path == "-":
        return sys.stdin.read(), "<stdin>"
    with open(path, encoding="utf-8") as file:
        return file.read(), path


def _compile(options: argparse.Namespace) -> int:
    if (options.input is None) == (options.attention is None):
        raise girih.Error("give either an input file or --attention")
    source, name = (options.attention, "--attention") if options.attention is not None else _read(options.input)
    kernels = girih.compile_all(source, target=options.target, name=options.name, source_name=name)
    for kernel in kernels:
        print(kernel.report, end="")
        kernel.save(options.o)
    return 0


def _opt(options: argparse.Namespace) -> int:
    text, name = _read(options.input)
    sys.stdout.write(girih.optimize(text, options.pass_pipeline, source_name=name))
    return 0


def _simulate(options: argparse.Namespace) -> int:
    """Zeros as inputs: the shapes are what is tried."""
    kernel = girih.Kernel.load(options.manifest)
    sizes = {name: value for name, value in kernel.manifest["sizes"].items()}
    for text in options.size:
        name, _, value = text.partition("=")
        if name not in sizes or not value.isdigit():
            raise girih.Error(f"--size '{text}' should be NAME=N with one of {', '.join(sizes)}")
        sizes[name] = int(value)
    arrays = {}
    for tensor, declared in zip(kernel.tensors, kernel.manifest["tensors"]):
        shape = [sizes[extent] if isinstance(extent, str) else extent for extent in declared["shape"]]
        if None in shape:
            raise girih.Error(f"a size of '{tensor['name']}' is open: choose it with --size")
        if not tensor["is_output"]:
            arrays[tensor["name"]] = _girih.zeros(shape, DTYPES.index(tensor["dtype"]))
    run = girih.simulate(kernel, arrays, schedules=options.schedules, trace=bool(options.trace))
    if options.trace:
        with open(options.trace, "w", encoding="utf-8") as file:
            file.write(run.trace)
    for verdict in run.verdicts:
        print(verdict, file=sys.stderr)
    print(f"{'ok' if run.ok else 'failed'}: {run.warp_instructions} warp instructions")
    return 0 if run.ok else 1


def _devices(_: argparse.Namespace) -> int:
    count, said = _girih.device_count()
    if count < 0:
        raise girih.Error(text_of(said))
    for device in range(count):
        print(device, _girih.device_target(device)[0])
    return 0


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m girih", description="Girih's compiler and simulator.")
    root.add_argument("--version", action="version", version=girih.__version__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("compile", help="a problem or MLIR to PTX, cubin, manifest and C header")
    command.add_argument("input", nargs="?", help="a file of MLIR, or - for standard input")
    command.add_argument("--attention", metavar="SPEC", help="a problem, as b=4,h=32,sq=?,d=128,mask=causal")
    command.add_argument("--target", metavar="CHIP", help="the chip; that of the first GPU if left out")
    command.add_argument("--name", help="stem of the files' names")
    command.add_argument("-o", default=".", metavar="FOLDER", help="where the files go")
    command.set_defaults(run=_compile)
    command = commands.add_parser("opt", help="passes on MLIR")
    command.add_argument("input", nargs="?", default="-")
    command.add_argument("--pass-pipeline", required=True, metavar="PASSES")
    command.set_defaults(run=_opt)
    command = commands.add_parser("simulate", help="a kernel on zeros in the simulator")
    command.add_argument("manifest")
    command.add_argument("--size", action="append", default=[], metavar="NAME=N")
    command.add_argument("--schedules", type=int, default=1, metavar="N", help="random schedules to try")
    command.add_argument("--trace", metavar="FILE", help="write a timeline in Chrome's trace format")
    command.set_defaults(run=_simulate)
    command = commands.add_parser("devices", help="the GPUs and their targets")
    command.set_defaults(run=_devices)
    return root


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (girih.Error, ValueError, OSError) as error:
        text = str(error)
        print(text if ": error: " in text else f"error: {text}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
