#!/usr/bin/env python3
"""Runs programs that this project did not write in girih-sim --host, without a GPU, and tells how each came out.

usage: benchmarks/foreign.py [OPTIONS] [NAME...]

  NAME               programs of the table below, by a part of their names; all unless given
  --list             print the table and end
  --sources FOLDER   where the checkouts are or come (a new folder under /tmp); a checkout that is there is taken as it is
  --out FOLDER       where programs and their output go (--sources)
  --rules NAME       hardware (unless given) or isa, as of girih-sim; by isa, a run goes on behind its verdicts
  --seconds N        how long a program may run (600)
  --build-only       compile the programs, run none
  --build FOLDER     the build whose girih-sim to use (build)

The sources come by git from GitHub; nothing of them is here. nvcc compiles each program as it is, with PTX for its chip; where
its main() has sizes that a simulator cannot do, or more kernels than nvcc builds in minutes, another one calls the same functions with
less. What belongs to a PyTorch extension is called by the programs of benchmarks/foreign, which compare with float64. Every
launch is judged, those of fills and references too. A row has what the program says of its own results, launches, warp
instructions, the time, and verdicts by class. The exit code is 1 when a program has not been built or has not come to its end.
"""
import argparse
import collections
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPOSITORIES = {"cutlass": ("https://github.com/NVIDIA/cutlass", "7107b05535f8977f5ecb9d01ee203205b1fd9bc4"),
                "ThunderKittens": ("https://github.com/HazyResearch/ThunderKittens",
                                   "0b55588d2769dde0c7a9a606ffc015b0ca7a9551"),
                "flash-attention": ("https://github.com/Dao-AILab/flash-attention",
                                    "0251105a2fb19d2957484b7f023cd8c115286ced"),
                "FlashMLA": ("https://github.com/deepseek-ai/FlashMLA", "9241ae3ef9bac614dd25e45e507e089f888280e0"),
                "DeepGEMM": ("https://github.com/deepseek-ai/DeepGEMM", "54e22612409371d6364144b69086735beb54e98b"),
                # Of tilelang_in_simulator.py.
                "tilelang": ("https://github.com/tile-ai/tilelang", "a35008a42531c62b976ae4cec3855d4383db0f3c")}
CUTLASS = ["-Icutlass/include", "-Icutlass/tools/util/include", "-Icutlass/examples/common"]


@dataclasses.dataclass
class Program:
    name: str
    chip: str
    source: str
    arguments: list
    # Of the chip: fills and references of the examples take all there are.
    multiprocessors: int = 132
    flags: list = dataclasses.field(default_factory=lambda: CUTLASS)
    standard: str = "c++17"
    # What stands in place of a main() that does too much, and the text of the source at which that begins, when calling it
    # another name does not keep its kernels away.
    main: str = ""
    cut: str = ""
    # Whether the source is one of benchmarks/foreign.
    ours: bool = False

    @property
    def repositories(self):
        """Those that the program needs."""
        return {name for name in REPOSITORIES if name in self.source or any(name in flag for flag in self.flags)}


def cute(name, chip, *arguments):
    return Program(f"cute {name}", chip, f"cutlass/examples/cute/tutorial/{name}.cu", arguments)


def example(number, chip, path, *arguments):
    folder = path.split("/")[0]
    source = f"{path}.cu" if "/" in path else f"{path}/{path}.cu"
    flags = [*CUTLASS, f"-Icutlass/examples/{folder}", "-lcuda"]
    return Program(f"cutlass {number}", chip, f"cutlass/examples/{source}", arguments, multiprocessors=8, flags=flags)


def fused(number, chip, path, calls, *arguments):
    """A fused attention of CUTLASS, with a few of its many kernels."""
    program = example(number, chip, path, *arguments)
    flags = [*program.flags, "--use_fast_math"]
    main = ("Options options; options.parse(argc, arguments); cutlass::KernelHardwareInfo hardware; "
            f"hardware.sm_count = hardware.query_device_multiprocessor_count(0); {calls} return 0;")
    return dataclasses.replace(program, flags=flags, main=main, cut="int main_single(")


def ours(name, chip, source, flags, standard="c++17"):
    return Program(name, chip, source, [], flags=flags, standard=standard, ours=True)


def flash_attention_3(name, source, *defines):
    return ours(f"FlashAttention-3 {name}", "sm_90a", source, [*CUTLASS, "-Iflash-attention/hopper", "--use_fast_math",
                                                              "--expt-extended-lambda", "-DNDEBUG", "-lcuda", *defines])


def flash_mla(name, chip, source):
    csrc = "FlashMLA/csrc"
    flags = [*CUTLASS, f"-I{csrc}", f"-I{csrc}/kerutils/include", f"-I{csrc}/sm90", "--use_fast_math", "--expt-extended-lambda",
             "-DNDEBUG", "-D_USE_MATH_DEFINES", "-lcuda"]
    return ours(f"FlashMLA {name}", chip, source, flags, "c++20")


def deep_gemm(name, chip, kernel):
    flags = [*CUTLASS, "-IDeepGEMM/deep_gemm/include", "--expt-extended-lambda", f"-DKERNEL={kernel}", "-lcuda"]
    return ours(f"DeepGEMM {name}", chip, "deepgemm.cu", flags, "c++20")


def kittens(name, chip, *sizes):
    family = "HOPPER" if chip == "sm_90a" else "BLACKWELL"
    root = "ThunderKittens"
    flags = [f"-I{root}/include", f"-I{root}/prototype", "--expt-extended-lambda", f"-DKITTENS_{family}", "-DNDEBUG", "-lcuda"]
    return Program(f"ThunderKittens {name}", chip, f"{root}/kernels/gemm/{name}.cu", [], flags=flags, standard="c++20",
                   main=f"return run_benchmark({', '.join(map(str, sizes))});")


def gemm(m, n, k, *others):
    return (f"--m={m}", f"--n={n}", f"--k={k}", "--iterations=0", *others)


def fmha(queries, keys, depth=128):
    return ("--b=1", "--h=1", f"--q={queries}", f"--k={keys}", f"--d={depth}", "--iterations=0", "--verify")


# Sizes that a simulator can do; more than one tile and step of each loop.
PROGRAMS = [
    cute("sgemm_1", "sm_90a", "128", "128", "16"),
    cute("sgemm_2", "sm_90a", "128", "128", "16"),
    cute("sgemm_sm70", "sm_90a", "128", "128", "64"),
    cute("sgemm_sm80", "sm_90a", "128", "128", "64", "T", "N"),
    cute("tiled_copy", "sm_90a"),
    cute("hopper/wgmma_sm90", "sm_90a", "256", "128", "256"),
    cute("hopper/wgmma_tma_sm90", "sm_90a", "256", "128", "256"),
    cute("blackwell/01_mma_sm100", "sm_100a", "128", "256", "128"),
    cute("blackwell/02_mma_tma_sm100", "sm_100a", "256", "256", "128"),
    cute("blackwell/03_mma_tma_multicast_sm100", "sm_100a", "512", "1024", "128"),
    cute("blackwell/04_mma_tma_2sm_sm100", "sm_100a", "512", "1024", "128"),
    cute("blackwell/05_mma_tma_epi_sm100", "sm_100a", "512", "1024", "128"),
    example("14", "sm_90a", "14_ampere_tf32_tensorop_gemm/ampere_tf32_tensorop_gemm", *gemm(128, 128, 64, "--iterations=1")),
    example("36", "sm_90a", "36_gather_scatter_fusion/gather_scatter_fusion", *gemm(128, 128, 64, "--index_size=64")),
    example("47", "sm_90a", "47_ampere_gemm_universal_streamk/ampere_gemm_universal_streamk", *gemm(128, 128, 64)),
    example("48", "sm_90a", "48_hopper_warp_specialized_gemm", *gemm(256, 128, 128)),
    example("54", "sm_90a", "54_hopper_fp8_warp_specialized_gemm", *gemm(128, 128, 256)),
    example("62", "sm_90a", "62_hopper_sparse_gemm", *gemm(256, 128, 256, "--warmup=0")),
    *(kittens(f"educational_h100/level_{level:02}", "sm_90a", 256, 256, 256) for level in range(2, 9)),
    *(kittens(f"educational_b200/level_{level:02}", "sm_100a", 256 if level < 9 else 512) for level in range(4, 10)),
    example("81", "sm_100a", "81_blackwell_gemm_blockwise/81_blackwell_gemm_blockwise", *gemm(256, 128, 256)),
    example("83", "sm_100a", "83_blackwell_sparse_gemm", *gemm(256, 128, 256)),
    fused("77 forward", "sm_100a", "77_blackwell_fmha/77_blackwell_fmha",
          "FwdRunner<false, Shape<_256, _128, _128>, void, NoMask, Option<Tag::kIsPersistent, std::false_type>> runner; "
          'print_result("forward", runner.run(options, hardware), false);', *fmha(128, 256)),
    fused("77 backward", "sm_100a", "77_blackwell_fmha/77_blackwell_fmha_bwd",
          "BwdRunner<false, false, Shape<_128, _128, _64, _64>, KernelCoop, NoMask> runner; "
          'print_result("backward", runner.run(options, hardware), false);', *fmha(256, 256, 64)),
    fused("88 cooperative", "sm_90a", "88_hopper_fmha/88_hopper_fmha",
          "FwdRunner<Shape<_128, _128, _128>, KernelCooperative, CausalFusion> runner; "
          'print_result("forward", runner.run(options, hardware), false);', *fmha(128, 256)),
    fused("88 ping-pong", "sm_90a", "88_hopper_fmha/88_hopper_fmha",
          "FwdRunner<Shape<_128, _128, _128>, KernelPingpong, DefaultFusion> runner; "
          'print_result("forward", runner.run(options, hardware), false);', *fmha(128, 256)),
    fused("88 backward", "sm_90a", "88_hopper_fmha/88_hopper_fmha",
          "BwdRunner<Shape<_64, _128, _128>, KernelCooperative, DefaultFusion> runner; "
          'print_result("backward", runner.run(options, hardware), false);', *fmha(128, 256)),
    flash_attention_3("forward", "flash_attention_3.cu"),
    flash_attention_3("forward, causal", "flash_attention_3.cu", "-DCAUSAL"),
    flash_mla("dense decoding", "sm_90a", "flashmla_dense.cu"),
    flash_mla("sparse prefill", "sm_90a", "flashmla_sparse.cu"),
    deep_gemm("bf16", "sm_90a", 1),
    deep_gemm("e4m3 with block scales", "sm_90a", 2),
    deep_gemm("bf16 by pairs of CTAs", "sm_100a", 3),
    example("70 fp16", "sm_100a", "70_blackwell_gemm/70_blackwell_fp16_gemm", *gemm(256, 128, 128)),
]


def run(command, folder, log, seconds=None):
    """The exit code, or None when it took too long; the output goes to a file."""
    with open(log, "w", encoding="utf-8") as out:
        try:
            return subprocess.run(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, timeout=seconds,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            return None


def rules(options):
    """What girih-sim is told to judge by. By the letter nearly all have verdicts, so that a run would end with its first misuse."""
    return ["--rules", options.rules, *(["--keep-going"] if options.rules == "isa" else [])]


def fetch(name, sources):
    url, commit = REPOSITORIES[name]
    folder = sources / name
    if folder.exists():
        return
    for command in (["init", "--quiet", folder], ["-C", folder, "fetch", "--quiet", "--depth", "1", url, commit],
                    ["-C", folder, "checkout", "--quiet", "FETCH_HEAD"]):
        if subprocess.run(["git", *command], check=False).returncode:
            shutil.rmtree(folder, ignore_errors=True)
            sys.exit(f"cannot get {url}; put a checkout of {commit} into {folder}")


def build(program, options):
    """The program, or None when nvcc refuses it."""
    made = options.out / re.sub(r"\W+", "_", program.name)
    if made.exists():
        return made
    arch = program.chip.replace("sm_", "compute_")
    source = program.source
    if program.ours:
        source = ROOT / "benchmarks/foreign" / program.source
    elif program.main:
        whole = options.sources / program.source
        before = f'#define main mainOfTheProgram\n#include "{whole}"\n#undef main\n'
        if program.cut:
            before = whole.read_text(encoding="utf-8").partition(program.cut)[0]
        source = made.with_suffix(".cu")
        source.write_text(f"{before}int main(int argc, const char **arguments) {{ {program.main} }}\n", encoding="utf-8")
    command = [shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc", f"-std={program.standard}", "-O1", "-lineinfo",
               "--expt-relaxed-constexpr", "-diag-suppress=20012", f"-gencode=arch={arch},code={arch}",
               *program.flags, "-o", made, source]
    return made if run(command, options.sources, made.with_suffix(".build.log")) == 0 else None


def judge(program, made, options):
    """A row of the table; whether the program has come to its end."""
    log = made.with_suffix(".log")
    began = time.monotonic()
    code = run([options.build / "bin/girih-sim", "--host", made, "--chip", program.chip, *rules(options),
                "--multiprocessors", str(program.multiprocessors), "--", *program.arguments], options.out, log,
               options.seconds)
    seconds = time.monotonic() - began
    text = log.read_text(encoding="utf-8", errors="replace")
    kinds = collections.Counter(re.findall(r"^launch \d+, .*?: (race|deadlock|misuse|uninitialised|assertion|unsupported"
                                           r"|syntax|note): ", text, re.M))
    verdicts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
    said = re.sub(r"^(?:ok|failed): .*$", "", text, flags=re.M)
    own = re.search(r"Disposition: \w+|Execution is \w+|Error count: \d+|Success|PASSED|FAILED|\[(?:OK|FAIL)\s*\]|GEMM.*(?:passed|failed)", said, re.I)
    summary = re.search(r"^(?:ok|failed): (\d+) launches, .*?(\d+) warp instructions", text, re.M)
    failed = re.search(r"^girih-sim: .* (ended with \d+|was ended by .*)$", text, re.M)
    result = "too slow" if code is None else failed[1] if failed else own[0] if own else "ended"
    launches, instructions = summary.groups() if summary else ("-", "-")
    return [program.name, program.chip, result, launches, instructions, f"{seconds:.0f} s", verdicts], summary and not failed


def judge_launch(name, chip, folder, options):
    """Runs the folder's launch.json, which says what to expect, prints the row of the table, and says whether it went well."""
    began = time.monotonic()
    command = [options.build / "bin/girih-sim", folder / "launch.json", "--check", *rules(options)]
    if options.schedules:
        command += ["--schedules", str(options.schedules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    log = done.stdout + done.stderr
    (folder / "log").write_text(log)
    kinds = collections.Counter(re.findall(r"^\S+: (race|deadlock|misuse|uninitialised|assertion|unsupported|syntax|mismatch"
                                           r"|note): ", log, re.M))
    instructions = re.search(r"(\d+) warp instructions", log)
    print(f"| {name} | {chip} | {'right' if done.returncode == 0 else 'see ' + str(folder / 'log')} | 1 |"
          f" {instructions[1] if instructions else '-'} | {time.monotonic() - began:.0f} s |"
          f" {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items())) or 'none'} |", flush=True)
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--sources", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--rules", choices=("hardware", "isa"), default="hardware")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    options = parser.parse_args()
    chosen = [each for each in PROGRAMS if not options.names or any(name in each.name for name in options.names)]
    if options.list:
        for each in chosen:
            print(f"{each.name}: {each.source} for {each.chip}, {' '.join(each.arguments)}")
        return 0
    options.sources = (options.sources or pathlib.Path(tempfile.mkdtemp(prefix="girih-foreign-"))).resolve()
    options.out = (options.out or options.sources).resolve()
    options.build = options.build.resolve()
    for folder in (options.sources, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    for repository in set().union(*(each.repositories for each in chosen)):
        fetch(repository, options.sources)
    if not options.build_only:
        print("| program | chip | result | launches | warp instructions | time | verdicts |")
        print("|---|---|---|---|---|---|---|")
    is_whole = True
    for each in chosen:
        made = build(each, options)
        if options.build_only:
            is_whole = is_whole and bool(made)
            print(f"{each.name}: {made or 'not built'}", flush=True)
            continue
        row, ended = judge(each, made, options) if made else ([each.name, each.chip, "not built", "-", "-", "-", "-"], False)
        is_whole = is_whole and bool(ended)
        print(f"| {' | '.join(row)} |", flush=True)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
