"""Mutants of kernels at every phase, by girih-fuzz; some of what it accepts is simulated."""
import re
import shlex
import subprocess

from common import Fault, Folder, ROOT, check_compile, how_it_died

COUNT = 1500  # in CI
# What each chip gets, in turn by batch.
KERNELS = {"sm_90a": ["test/Fuzz/Inputs/attention.mlir", "test/Fuzz/Inputs/causal.mlir", "test/Fuzz/Inputs/window.mlir",
                      "benchmarks/kernels/gemm.mlir", "benchmarks/kernels/gemm_multicast.mlir"],
           "sm_100a": ["test/Fuzz/Inputs/attention.mlir", "test/Fuzz/Inputs/causal_tensor_memory.mlir",
                       "benchmarks/kernels/gemm_tensor_memory.mlir", "benchmarks/kernels/gemm_pair.mlir",
                       "benchmarks/kernels/gemm_scaled.mlir"]}
BATCH = 250
SIZES = {"m": 130, "n": 136, "k": 80, "m_blocks": 2, "n_blocks": 2, "k_blocks": 1, "sq": 130, "skv": 100}


def command_for(tools, seed, first, count, *more):
    target = target_of(first)
    return [tools.path("girih-fuzz"), f"--target={target}", f"--seed={seed}", f"--first={first}", f"--count={count}",
            *more, *KERNELS[target]]


def target_of(mutant):
    return list(KERNELS)[int(mutant) // BATCH % len(KERNELS)]


def simulate(tools, mutant, folder, repeat):
    """A mutant computes something else, but no kernel may race, hang or break a rule."""
    out = folder / "out"
    target = target_of(mutant.stem)
    manifest, _ = check_compile(tools, out, mutant, target=target)
    if not manifest:
        return
    dynamic = re.findall(r'"(\w+)": null', manifest.read_text())
    if not set(dynamic) <= set(SIZES):
        return
    sizes = [word for name in dynamic for word in ("--size", f"{name}={SIZES[name]}")]
    command = ["girih-sim", manifest, "--rules", "assumed", "--schedules", 2, "--multiprocessors", 2, "--threads", 1, *sizes]
    compiling = [tools.path("girih-compile"), mutant, "--target", target, "-o", out]
    result = tools.run(*command)
    verdict = re.search(r"\b(race|deadlock): .*", result.stdout + result.stderr)
    # Where results go is the mutant's own affair.
    if verdict and "global memory" not in verdict[0]:
        raise Fault(f"accepted, but {verdict[0]}", f"{shlex.join(repeat)}; {shlex.join(map(str, compiling))}; "
                    f"{tools.path(command[0])} {shlex.join(map(str, command[1:]))}")


def run(tools, options, seed, batch):
    """One batch; yields the outcome of each mutant."""
    first, last = batch * BATCH, (batch + 1) * BATCH
    with Folder(None, "") as folder:
        while first < last:
            command = command_for(tools, seed, first, last - first, f"--keep={folder}")
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace",
                                    env={"LLVM_DISABLE_SYMBOLIZATION": "1"})
            started = first
            for line in result.stdout.splitlines():
                index, _, outcome = line.partition(" ")
                started = int(index)
                if not outcome:
                    continue
                repeat = command_for(tools, seed, started, 1, "--print")
                if outcome.startswith("FAULT"):
                    yield started, Fault(outcome.removeprefix("FAULT "), repeat)
                else:
                    yield started, outcome
            if result.returncode == 0:
                break
            if result.returncode == 2 or not result.stdout:
                raise Fault(f"the inputs do not compile: {result.stderr}", command)
            repeat = command_for(tools, seed, started, 1, "--print")
            died = how_it_died(result.returncode) + signature(result.stderr)
            yield started, "upstream crash" if is_upstream(result.stderr) else Fault(died, repeat)
            first = started + 1
        kept = sorted(folder.glob("*.mlir"), key=lambda path: int(path.stem))
        for mutant in kept[::options.simulate_one_in]:
            with Folder(options.keep, f"ir-{seed}-{mutant.stem}") as place:
                copy = place / mutant.name
                copy.write_text(mutant.read_text())
                repeat = command_for(tools, seed, mutant.stem, 1, f"--keep={place}")
                try:
                    simulate(tools, copy, place, repeat)
                    yield mutant.stem, "simulated"
                except Fault as fault:
                    yield mutant.stem, fault


def is_upstream(stack):
    """Whether a crash has no function of this project between MLIR's entry and where it happened."""
    stack = stack.rpartition("llvm::sys::RunSignalHandlers")[2]  # above it is what prints the stack
    entry = re.search(r"mlir::(PassManager::run|parseSourceFile|parseAttribute|Operation::print|verify)\(", stack)
    return bool(entry) and "girih-fuzz " not in stack[:entry.start()]


def signature(stack):
    """Where a crash was, for a reader who compares many."""
    abort = re.search(r"LLVM ERROR.*|.*Assertion.*|SUMMARY.*|.*runtime error.*", stack)
    frames = re.findall(r"^ *#?\d+ \S+ \S+ (\S+?)\(", stack, re.M)
    frames = [frame for frame in frames if not frame.startswith("llvm::sys::")]
    return f": {abort[0]}" if abort else f" in {' < '.join(frames[:3])}" if frames else ""
