"""Breaks kernels on purpose, one way at a time, and asks tile-verify-barriers what is wrong.

usage: mutants.py KERNELS.mlir TABLE

KERNELS.mlir has gpu.modules on explicit barriers. Each line `// kernels | role | op | change | message` of TABLE
makes a mutant of each kernel: of the op of that role the line is changed, and a diagnostic must match the message.
An op is a mnemonic and, for barriers and buffers, a name, as in `barrier_wait k_full`; `#n` chooses the n-th, from 0
or, if negative, from the last. Changes:

  drop, double         the op is gone, or there twice
  before OP, after OP  it moves up to the nearest such op, or down
  flip                 a wait is for the other parity
  without WORD         an attribute is not there
  to NAME              another array of barriers or slots
  slot N               index N instead of the computed one
  depth N              the buffer has N slots
  A = N                the number N behind `A` or `A = `: bytes, in_flight, arrivals, registers, tile.shared_bytes, ...
"""
import bisect
import pathlib
import re
import subprocess
import sys

PIPELINE = "builtin.module(gpu.module(gpu.func(tile-verify-barriers)))"


class Kernel:
    def __init__(self, text):
        self.lines = text.splitlines()
        arrays = re.findall(r'(%\w+) = tile\.(?:alloc|barriers) "(\w+)"', text)
        self.arrays = {name: value for value, name in arrays}

    def find(self, role, op):
        """The number of the line of an op."""
        op, _, count = op.partition("#")
        mnemonic, _, array = op.partition(" ")
        lines = range(len(self.lines))
        if role:
            start = next(i for i in lines if f'tile.role "{role}"' in self.lines[i])
            indent = re.match(" *", self.lines[start])[0]
            lines = range(start, next(i for i in lines if i > start and self.lines[i] == indent + "}"))
        pattern = rf"\b{mnemonic}\b" + (rf".*(?:{self.arrays[array]}\[|\"{array}\")" if array else "")
        return [i for i in lines if re.search(pattern, self.lines[i])][int(count or 0)]

    def change(self, role, op, how):
        at = self.find(role, op)
        line = self.lines[at]
        verb, _, argument = how.partition(" ")
        if how == "drop":
            del self.lines[at]
        elif how == "double":
            self.lines.insert(at, re.sub(r"^( *)%\w+ =", r"\1%twice =", line))
        elif verb in ("before", "after"):
            del self.lines[at]
            line = re.sub(r" after %\w+\[\d+\] : .*(?= : <)", "", line)  # what a release waits for
            lines = range(at - 1, 0, -1) if verb == "before" else range(at, len(self.lines))
            to = next(i for i in lines if re.search(rf"\b{argument}\b", self.lines[i]))
            self.lines.insert(to if verb == "before" else to + 1, line)
        elif how == "flip":
            parity = re.search(r"parity\((%\w+)\)", line)[1]
            self.lines[at:at + 1] = ["%bit = arith.constant 1 : i32", f"%flipped = arith.xori {parity}, %bit : i32",
                                     line.replace(f"parity({parity})", "parity(%flipped)")]
        elif verb == "without":
            self.lines[at] = line.replace(f" {argument}", "")
            assert self.lines[at] != line, f"no {argument} in: {line}"
        elif verb == "slot":
            self.lines[at:at + 1] = [f"%fixed = arith.constant {argument} : index",
                                     re.sub(r"\[%\w+\]", "[%fixed]", line, count=1)]
        elif verb == "to":
            old = self.arrays[op.partition("#")[0].split()[1]]
            self.lines[at] = line.replace(old + "[", self.arrays[argument] + "[")
        elif verb == "depth":
            name = self.arrays[op.split()[1]]
            self.lines = [re.sub(r"<\d+ x tensor", f"<{argument} x tensor", each)
                          if name + "[" in each or name + " =" in each else each for each in self.lines]
        elif verb == "arrivals":
            name = self.arrays[op.split()[1]]
            self.lines = [re.sub(r"arrivals = \d+", f"arrivals {argument}", each)
                          if name + "[" in each or name + " =" in each else each for each in self.lines]
        else:
            name, number = how.split(" = ")
            self.lines[at], count = re.subn(rf"({re.escape(name)}(?: = |\())\d+", rf"\g<1>{number}", line)
            assert count, f"no {name} in: {line}"


def verdicts(kernels):
    """What one run of the proof over all kernels says about each; nothing about one that it accepts."""
    command = ["girih-opt", "-", f"--pass-pipeline={PIPELINE}", "--split-input-file", "--mlir-print-op-on-diagnostic=false"]
    starts, lines = [], []
    for kernel in kernels:
        starts.append(len(lines))
        lines += [*kernel.lines, "// -----"]
    run = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f"girih-opt exits with {run.returncode}:\n{run.stderr}")
    said = [""] * len(kernels)
    for at, message in re.findall(r"^<stdin>:(\d+):\d+: (.*\n)", run.stderr, re.M):
        said[bisect.bisect(starts, int(at) - 1) - 1] += message
    return said


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    aliases = "".join(line for line in text.splitlines(True) if line[0] in "#!")
    modules = {name: aliases + body for body, name in re.findall(r"(^  gpu\.module @(\w+).*?^  }\n)", text, re.M | re.S)}
    mutants, names, wanted = [], [], []
    for row in re.findall(r"^// (\w+(?: \w+)* +\|.*)$", pathlib.Path(sys.argv[2]).read_text(), re.M):
        kernels, role, op, how, message = (field.strip() for field in row.split("|", 4))
        for name in kernels.split():
            mutant = Kernel(modules[name])
            mutant.change(role, op, how)
            mutants.append(mutant)
            names.append(f"{name}: {role} {op}, {how}")
            wanted.append(message)

    said = verdicts([Kernel(body) for body in modules.values()] + mutants)
    for name, errors in zip(modules, said):
        if errors:
            sys.exit(f"{name} is right, but:\n{errors}")
    print(f"{len(modules)} kernels accepted")
    missed = 0
    for name, message, errors in zip(names, wanted, said[len(modules):]):
        if not re.search("error: .*" + message, errors):
            print(f'{name}: no "{message}" but:\n{errors}', file=sys.stderr)
            missed += 1
    print(f"{len(mutants) - missed} mutants caught, {missed} missed")
    return bool(missed)


sys.exit(main())
