"""Compiles a kernel for tensor memory, breaks its PTX in many ways, one at a time, and asks girih-sim.

usage: ptx_mutants.py OUT [--target CHIP] (--attention SPEC | --file KERNEL) --sizes NAME=N,... [--only REGEX] [--each N] [--verbose]

Every mutant is run with --check under the schedules below until one of them has a verdict. One that passes under all
is missed, unless the place is never reached with these sizes (a trap there changes nothing) or EQUIVALENT says why it
is no fault. `--only` keeps the faults whose name it matches, `--each N` N places of each fault, spread over the
kernel. Prints how many of each fault were caught and as what, and "N mutants: N caught, N never reached, N equivalent, N missed".
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SCHEDULES = [["--schedule", "deterministic"], ["--schedule", "late"], ["--schedule", "early"], ["--schedules", "2"]]

WAIT = r"\{ \.reg \.pred done; again: mbarrier\.try_wait\.parity((?:\.acquire\.cluster)?)\.shared::cta\.b64 done, (\[.*?\]), (%r\d+); @!done bra again; \}"
MMA = r"(tcgen05\.mma\.\S+ )\[(%r\d+)\], (\S+), b, (\d+), (\w+);"
SCALED = r"(tcgen05\.mma\S*block_scale\S* [^;]*? b, )(\d+),"


def wait_with(parity):
    return (rf"{{ .reg .pred done; .reg .b32 q; {parity} again: mbarrier.try_wait.parity\1.shared::cta.b64 done, \2, q; "
            r"@!done bra again; }")


def value_of(match, register):
    """The number that a register always holds; -1 when there is none."""
    values = re.findall(rf"^\s*(\w\S*)\s+{register}, (-?\w+)", match.string, re.MULTILINE)
    return int(values[0][1]) if len(values) == 1 and values[0][0] == "mov.b32" and values[0][1].isdigit() else -1


def halved(m):
    count = value_of(m, m[2])
    return f"{m[1]}, {count // 2};" if count > 1 else m[0]


def added(m):
    """The first product of a sum keeps what is there, where it does not do so anyway."""
    source = re.findall(r"setp\.ne\.b32 p, (%r\d+), 0;", m.string[:m.start()])[-1]
    return m[0].replace(", p;", ", 1;") if m[5] == "p" and value_of(m, source) != 1 else m[0]


# What is broken: a name, the text that it is found by, and what takes its place. Of a line with several, the first.
FAULTS = [
    ("wait dropped", WAIT, ""),
    ("wait for the other parity", WAIT, wait_with(r"xor.b32 q, \3, 1;")),
    ("wait for parity 0 always", WAIT, wait_with("mov.b32 q, 0;")),
    ("wait for parity 1 always", WAIT, wait_with("mov.b32 q, 1;")),
    ("wait on the next barrier", WAIT, lambda m: m[0].replace(m[2], m[2][:-1] + "+8]")),
    ("arrival dropped", r"(?:@\w+ )?mbarrier\.arrive\.shared\S* [^;]*;", ""),
    ("arrival twice", r"(?:@\w+ )?mbarrier\.arrive\.shared\S* [^;]*;", r"\g<0> \g<0>"),
    ("arrival of the first of four warps", r"@first mbarrier\.arrive\.shared\S* _, (\[.*?\]);",
     r".reg .b32 w; mov.u32 w, %tid.x; and.b32 w, w, 127; setp.eq.and.u32 first, w, 0, first; @first mbarrier.arrive.shared::cta.b64 _, \1, 4;"),
    ("half of the bytes expected", r"((?:@\w+ )?mbarrier\.arrive\.expect_tx\S* _, \S+), (%r\d+);",
     r"{ .reg .b32 h; shr.u32 h, \2, 1; \1, h; }"),
    ("twice the bytes expected", r"((?:@\w+ )?mbarrier\.arrive\.expect_tx\S* _, \S+), (%r\d+);",
     r"{ .reg .b32 h; shl.b32 h, \2, 1; \1, h; }"),
    ("no bytes expected", r"mbarrier\.arrive\.expect_tx(\S* _, \S+), (%r\d+);", r"mbarrier.arrive\1;"),
    ("arrival with bytes dropped", r"mbarrier\.arrive\.expect_tx[^;]*;", ""),
    ("one arrival too many expected", r"(mbarrier\.init\S*\s+\S+), (%r\d+);",
     r"{ .reg .b32 c; add.u32 c, \2, 1; \1, c; }"),
    ("half of the arrivals expected", r"(mbarrier\.init\S*\s+\S+), (%r\d+);", lambda m: halved(m)),
    ("barrier not initialised", r"mbarrier\.init[^;]*;", ""),
    ("initialisation not fenced", r"fence\.mbarrier_init[^;]*;", ""),
    ("commit dropped", r"(?:@\w+ )?tcgen05\.commit[^;]*;", ""),
    ("commit twice", r"(?:@\w+ )?tcgen05\.commit[^;]*;", r"\g<0> \g<0>"),
    ("commit on the next barrier", r"(tcgen05\.commit\S*\s+)\[(\S+)\];", r"\1[\2+8];"),
    ("arrival in place of a commit", r"((?:@\w+ )?)tcgen05\.commit\S*\s+\[(%r)(d?\d+)\];",
     lambda m: f"{m[1]}mbarrier.arrive.shared::cta.b64 _, [{m[2]}{m[3]}];" if m[3][0] != "d" else
     f"{{ .reg .b32 a; cvt.u32.u64 a, {m[2]}{m[3]}; {m[1]}mbarrier.arrive.shared::cta.b64 _, [a]; }}"),
    ("remote arrival dropped", r"(?:@\w+ )?mbarrier\.arrive\.release\.cluster[^;]*;", ""),
    ("remote arrival twice", r"(?:@\w+ )?mbarrier\.arrive\.release\.cluster[^;]*;", r"\g<0> \g<0>"),
    ("remote arrival without its scope", r"mbarrier\.arrive\.release\.cluster", "mbarrier.arrive"),
    ("wait without the scope of remote arrivals", r"try_wait\.parity\.acquire\.cluster", "try_wait.parity"),
    ("own barrier in place of the leader's", r"mapa\.shared::cluster\.u32\s+(%r\d+), (%r\d+), 0;", r"mov.b32 \1, \2;"),
    ("barrier of the other CTA in place of the leader's", r"(mapa\.shared::cluster\.u32\s+%r\d+, %r\d+), 0;", r"\1, 1;"),
    ("own barrier in place of the other CTA's", r"mapa\.shared::cluster\.u32\s+(%r\d+), (%r\d+), 1;", r"mov.b32 \1, \2;"),
    ("remote arrival with bytes dropped", r"(?:@\w+ )?mbarrier\.arrive\.expect_tx\.release\.cluster[^;]*;", ""),
    ("work item for the leader alone", r"\.multicast::cluster::all", ""),
    ("commit to the leader alone", r"mov\.b16 both, 3;", "mov.b16 both, 1;"),
    ("commit to the other CTA alone", r"mov\.b16 both, 3;", "mov.b16 both, 2;"),
    ("commit without its mask", r"\.multicast::cluster(\.b64\s+\[%r\d+\]), both;", r"\1;"),
    ("bytes expected in both CTAs", r"@leader mbarrier\.arrive\.expect_tx", "mbarrier.arrive.expect_tx"),
    ("barrier of the cluster dropped", r"barrier\.cluster\.arrive\S*;\s*(?:// [^\n]*\s*)*barrier\.cluster\.wait\S*;", "bar.sync 0;"),
    ("barrier of the cluster relaxed", r"barrier\.cluster\.arrive\.aligned;", "barrier.cluster.arrive.relaxed.aligned;"),
    ("tcgen05.wait::ld dropped", r"tcgen05\.wait::ld\S*;", ""),
    ("tcgen05.wait::st dropped", r"tcgen05\.wait::st\S*;", ""),
    ("fence::before_thread_sync dropped", r"tcgen05\.fence::before_thread_sync;", ""),
    ("fence::after_thread_sync dropped", r"tcgen05\.fence::after_thread_sync;", ""),
    ("proxy fence dropped", r"fence\.proxy\.async\S*;", ""),
    ("proxy fence of global memory", r"fence\.proxy\.async\S*;", "fence.proxy.async.global;"),
    ("barrier of the CTA or a role dropped", r"bar\.sync\s+[^;]*;", ""),
    ("bar.warp.sync dropped", r"bar\.warp\.sync\s+[^;]*;", ""),
    ("columns not allocated", r"tcgen05\.alloc[^;]*;", ""),
    ("half of the columns allocated", r"(tcgen05\.alloc\S*\s+\S+), (%r\d+);", r"{ .reg .b32 c; shr.u32 c, \2, 1; \1, c; }"),
    ("columns not given back", r"tcgen05\.dealloc[^;]*;", ""),
    ("permit to allocate kept", r"tcgen05\.relinquish\S*;", ""),
    ("product added to what is there", MMA, added),
    ("product not added", r"((?:@\w+ )?tcgen05\.mma\.\S+ \[%r\d+\], \S+, b, \d+), 1;", r"{ .reg .pred n; setp.ne.u32 n, 0, 0; \1, n; }"),
    ("product 8 columns further", MMA, r"\1[\2+8], \3, b, \4, \5;"),
    ("product in another tile", MMA, r"\1[\2+64], \3, b, \4, \5;"),
    ("operand A transposed", MMA, lambda m: m[0].replace(m[4], str(int(m[4]) ^ 1 << 15))),
    ("operand B transposed", MMA, lambda m: m[0].replace(m[4], str(int(m[4]) ^ 1 << 16))),
    ("operand 32 bytes further", r"add\.s32 w, (%r\d+), (\d+); mov\.b64 b,", lambda m: m[0].replace(f", {m[2]};", f", {int(m[2]) + 2};")),
    ("scales not copied", r"(?:@\w+ )?tcgen05\.cp[^;]*;", ""),
    ("scales copied 4 columns further", r"(tcgen05\.cp\S* \[%r\d+)\+(\d+)\]", lambda m: f"{m[1]}+{int(m[2]) + 4}]"),
    ("scales of 32 bytes further", r"add\.s32 w, (%r\d+), (\d+); mov\.b64 s,", lambda m: m[0].replace(f", {m[2]};", f", {int(m[2]) + 2};")),
    ("scales of A of another step", SCALED, lambda m: f"{m[1]}{int(m[2]) ^ 1 << 29},"),
    ("scales of B of another step", SCALED, lambda m: f"{m[1]}{int(m[2]) ^ 1 << 4},"),
    ("scales of B of the other half of a block", r"(\{ \.reg \.pred p; )([^{}]*(?:\{[^}]*\}[^{}]*)*?block_scale\S* [^;]*?\[%r\d+\], )\[(%r\d+)\]",
     r"\1.reg .b32 h; xor.b32 h, \3, 2; \2[h]"),
    ("scales of A for B", r"(block_scale[^;]*?)\[(%r\d+)\], \[(%r\d+)\], (\w+);", r"\1[\2], [\2], \4;"),
    ("tensor memory read 8 columns further", r"(tcgen05\.ld\S* \{[^}]*\}, \[%r\d+)\+(\d+)\]", lambda m: f"{m[1]}+{int(m[2]) + 8}]"),
    ("tensor memory written 8 columns further", r"(tcgen05\.st\S* \[%r\d+)\+(\d+)\]", lambda m: f"{m[1]}+{int(m[2]) + 8}]"),
    ("tensor memory read in other lanes", r"(tcgen05\.ld\S* \{[^}]*\}, \[%r\d+)\+(\d+)\]",
     lambda m: f"{m[1]}+{int(m[2]) + (32 << 16)}]"),
    ("tensor copy dropped", r"cp\.async\.bulk\.tensor[^;]*;", ""),
    ("tensor copy from 8 elements further", r"(cp\.async\.bulk\.tensor\S* \[\S+\], \[\S+, \{)(%r\d+),([^;]*;)",
     r"{ .reg .b32 x; add.u32 x, \2, 8; \1x,\3 }"),
    ("tensor copy into the next tile", r"(cp\.async\.bulk\.tensor\S*complete_tx::bytes \[%rd\d+)\]", r"\1+8192]"),
    ("tensor copy counted on the next barrier", r"(cp\.async\.bulk\.tensor\S*complete_tx::bytes [^;]*\[%rd\d+)\]", r"\1+8]"),
    ("bulk group not committed", r"cp\.async\.bulk\.commit_group;", ""),
    ("no wait for the last copies out", r"cp\.async\.bulk\.wait_group\s+0;", ""),
    ("no wait before the staging tile is reused", r"cp\.async\.bulk\.wait_group\.read\s+0;", ""),
    ("registers not given back", r"setmaxnreg\.dec\S*\s+\d+;", ""),
    ("all lanes in place of one", r"elect\.sync\s+(\S+)\|(\S+), -1;", r"setp.eq.u32 \2, 0, 0;"),
]


# Which faults are none: the text before the place ends, or that behind it begins, in this form.
BEFORE, BEHIND = 0, 1
WORK = r"tcgen05\.(?:mma|ld|st|cp)"
EQUIVALENT = [
    ("permit to allocate kept", BEHIND, r"", "no other CTA is on the multiprocessor"),
    ("bar.warp.sync dropped", BEHIND, r"", "bar.sync waits for all lanes"),
    ("remote arrival without its scope", BEFORE, r"(?:(?!tcgen05\.st)[\s\S])*$", "it tells of reads, which are over"),
    ("wait without the scope", BEFORE, r"(?:(?!tcgen05\.st)[\s\S])*$", "it hears of reads, which are over"),
    ("barrier of the cluster relaxed", BEFORE, r"(?:(?!tcgen05)[\s\S])*fence\.mbarrier_init(?:(?!try_wait|setmaxnreg)[\s\S])*$",
     "fence.mbarrier_init stands before it for that"),
    ("registers not given back", BEFORE, rf"(?:(?!{WORK})[\s\S])*$", "the launch has enough of them"),
    ("fence::", BEFORE, rf"(?:(?!{WORK})[\s\S])*$", "tcgen05.alloc is synchronous"),
    ("fence::", BEHIND, r"[^$]*?bar\.sync\s+0;[^$]*?\$L\w+;[^$]*?tcgen05\.dealloc", "tcgen05.dealloc is synchronous"),
    ("fence::after", BEHIND, r"[^$]*?tcgen05\.dealloc", "tcgen05.dealloc is synchronous"),
    ("wait ", BEHIND, r"(?:(?!tcgen05|arrive|cp\.async|bra\s)[\s\S])*?bra\.uni\s+\S+;\s*(?:\$L\w+:|//|\}|$)",
     "the load role's last waits, for slots that nobody fills again"),
    ("all lanes in place of one", BEHIND, r"[^:]*?cp\.async\.bulk\.tensor\S*global\.shared", "lanes with one box make one store"),
    ("tcgen05.wait::st", BEHIND, r"(?:(?!try_wait)[\s\S])*?tcgen05\.wait::st",
     "the next store is waited for before the MMA may begin"),
    ("tcgen05.wait::ld", BEHIND, r"\s*// end inline asm\s*// begin inline asm\s*tcgen05\.ld[^;]*;\s*tcgen05\.wait::ld",
     "the load behind it waits for both"),
    ("barrier of the CTA", BEHIND, r"[^$]*?\$L\w+;[^$]*?tcgen05\.dealloc",
     "the role that gives columns back has met at its own barrier after its last read"),
]


def reason(fault, m):
    texts = m.string[:m.start()], m.string[m.end():]
    return next((why for name, side, form, why in EQUIVALENT if fault.startswith(name) and re.match(form, texts[side])), None)


def mutants(text, only, each):
    """(fault, place, text) of every mutant that differs from the kernel."""
    for fault, pattern, by in FAULTS:
        if not re.search(only, fault):
            continue
        places = [m for m in re.finditer(pattern, text) if (m.expand(by) if isinstance(by, str) else by(m)) != m[0]]
        if each and len(places) > each:
            places = [places[i * (len(places) - 1) // max(each - 1, 1)] for i in range(each)]
        for m in places:
            changed = m.expand(by) if isinstance(by, str) else by(m)
            # An instruction that goes takes its guard with it.
            before = re.sub(r"@!?%?\w+\s+$", "", text[:m.start()]) if not changed else text[:m.start()]
            yield fault, m, before + changed + text[m.end():]


def judge(path, manifest, text, cluster, sizes):
    """The kind of the first verdict, and the verdict; none when there is none."""
    path.write_text(text)
    command = ["girih-sim", str(manifest), "--ptx", str(path), "--check", "--quiet", "--multiprocessors", str(cluster), "--threads", "1",
               "--instruction-limit", "1000000", *sizes]
    for schedule in SCHEDULES:
        run = subprocess.run(command + schedule, capture_output=True, text=True)
        if run.returncode:
            said = run.stderr.replace(f"{path}: ", "")
            return said.split(":")[0], said
    return None, ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--attention")
    source.add_argument("--file")
    parser.add_argument("--target", default="sm_100a")
    parser.add_argument("--sizes", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--each", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    kernel = ["--attention", options.attention] if options.attention else [options.file]
    subprocess.run(["girih-compile", "--quiet", "--target", options.target, "-o", str(options.out)] + kernel, check=True)
    manifest = next(options.out.glob("*.json"))
    text = manifest.with_suffix(".ptx").read_text()
    cluster = json.loads(manifest.read_text())["launch"]["cluster"]
    sizes = [word for size in options.sizes.split(",") if size for word in ("--size", size)]
    all_mutants = list(mutants(text, options.only, options.each))

    def outcome(item):
        number, (fault, m, changed) = item
        path = options.out / f"{number}.ptx"
        kind, said = judge(path, manifest, changed, cluster, sizes)
        if kind in ("syntax", "unsupported", "error"):
            sys.exit(f"{fault}: no PTX: {said}")
        if not kind:
            start = text.rfind("\n", 0, m.start()) + 1
            if not judge(path, manifest, text[:start] + "trap;\n" + text[start:], cluster, sizes)[0]:
                return "never reached", ""
            why = reason(fault, m)
            return ("equivalent", why) if why else ("missed", "")
        return kind, said.splitlines()[0]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(outcome, enumerate(all_mutants)))
    table = collections.defaultdict(collections.Counter)
    for (fault, m, _), (kind, said) in zip(all_mutants, found):
        table[fault][kind] += 1
        if options.verbose or kind == "missed":
            print(f"{fault}, line {text.count(chr(10), 0, m.start()) + 1}: {kind} {said}")
    for fault, kinds in table.items():
        print(f"{fault}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    total = sum(table.values(), collections.Counter())
    rest = {kind: total[kind] for kind in ("never reached", "equivalent", "missed")}
    print(f"{len(all_mutants)} mutants: {len(all_mutants) - sum(rest.values())} caught, "
          + ", ".join(f"{n} {kind}" for kind, n in rest.items()))


main()
