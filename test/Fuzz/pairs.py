"""Random problems with random schedules, for every target.

A pair in range is refused with a diagnostic that names a knob and a limit, or it compiles
and gives the right result in the simulator, whatever the order of its asynchronous units.
"""
import json
import re

import masks
from common import Fault, Folder, check_compile, generator

COUNT = 80  # in CI
# Each knob with values that make sense together, and its range.
KNOBS = {
    "rows": ([64, 128, 192, 256, 320, 384], (1, 1024)), "columns": ([16, 32, 64, 80, 96, 112, 128, 160, 176], (1, 1024)),
    "workers": ([1, 2, 3], (1, 7)), "stages": ([1, 2, 3, 4], (1, 32)), "item_stages": ([1, 2, 3], (1, 32)), "accumulators": ([1, 2], (1, 8)),
    "load_registers": ([24, 32, 40, 56], (24, 256)), "compute_registers": ([160, 192, 224, 232, 240], (24, 256)),
    "correction_registers": ([0], (0, 256)),
    "overlap": ([0, 1], (0, 1)), "oldest_first": ([0, 1], (0, 1)), "strict": ([0, 0, 1], (0, 1)), "last_part": ([0, 2, 4], (0, 8)), "left_in_registers": ([0, 1], (0, 1)), "ping_pong": ([0, 1], (0, 1)), "exp2_polynomial": ([0, 2, 4, 16], (0, 16)), "two_level": ([0, 1], (0, 1)), "fixed_maximum": ([0], (0, 1)), "persistent": ([0, 1, 2], (0, 2)),
    "ctas": ([1, 1, 1, 2, 3], (1, 8)), "cluster": ([1, 1, 1, 1, 2], (1, 2)), "splits": ([1, 1, 2, 3, 4, 8], (1, 8)), "heads": ([1, 2, 4, 8], (1, 1024)),
    "longest_first": ([0, 1], (0, 1)), "group_bytes": ([0, 1 << 20, 1 << 25], (0, 1 << 40)), "anchor": ([0, 1, 8, 33], (0, 256)),
}
TARGETS = {"sm_90a": KNOBS, "sm_100a": KNOBS | {
    "rows": ([128, 256], (1, 1024)), "workers": ([1, 2], (1, 7)), "load_registers": ([48, 56, 64, 96], (24, 256)),
    "compute_registers": ([144, 152, 160, 184, 192, 208, 224, 240], (24, 256)), "correction_registers": ([0, 0, 72, 88, 160], (0, 256)),
    "overlap": ([1, 1, 1, 0], (0, 1)), "left_in_registers": ([0, 0, 0, 1], (0, 1)), "two_level": ([0, 0, 0, 1], (0, 1)),
}}
LENGTHS = [1, 2, 63, 64, 65, 100, 127, 128, 129, 150, 192, 200, 255, 256, 257, 300]
NAMES = re.compile(r"\b(" + "|".join([*KNOBS, "registers", "shared memory", "tensor memory", "head size", "sizes?"]) + r")\b")


def pair(seed, index):
    """The target, the problem with its schedule, the sizes that dynamic ones get at launch, and functions in MLIR."""
    random = generator(seed, index)
    target = random.choice(list(TARGETS))
    heads = random.choice([1, 1, 1, 1, 2, 3, 4, 8])
    length = lambda: random.choice([*LENGTHS, random.randint(1, 300)])
    sizes = {"b": random.choice([1, 1, 1, 1, 2]), "h": heads, "hkv": random.choice([1, heads]), "sq": length(), "skv": length()}
    grouped = sizes["h"] != sizes["hkv"]
    if grouped and random.random() < 0.5:  # few queries, whose heads share tiles
        sizes["sq"] = random.choice([1, 1, 2, 3, 5, 9, 33])
    dynamic = {name for name in sizes if random.random() < 0.25}
    if dynamic & {"h", "hkv"}:  # both or none
        dynamic |= {"h", "hkv"}
    spec = [f"{name}={'?' if name in dynamic else size}" for name, size in sizes.items()]
    spec.append(f"d={random.choice([64, 64, 128, 128, 8 * random.randint(2, 32)])}")
    if random.random() < 0.2:
        spec.append(f"dv={random.choice([64, 128, 8 * random.randint(2, 32)])}")
    for key, choices in (("dtype", ["bf16", "f16", "e4m3", "e5m2"]), ("out", ["bf16", "f16", "f32"]), ("v_order", ["keys", "head_size"]), ("mask", ["causal", *(masks.named(random) for _ in range(3))]), ("order", ["bhsd", "bshd"]),
                         ("lse", ["0", "1"]), ("query_lengths", ["1"]), ("key_lengths", ["1"]), ("packed", ["1"]), ("blocks", ["128x128", "256x64", "384x96", "128x32", "64x128"]), ("full_blocks", ["0", "1"]), ("sink", ["1"]), ("merge", ["0", "1"]), ("dropout", ["0", "0.1", "0.75"]), *((f"{x}_descale", ["tensor", "head"]) for x in "qkv"), ("block_scales", ["qk", "none"]), ("scale", ["0.1", "1", "0.03"]), ("output_scale", ["0.5", "-3"]),
                         ("score", ["softcap(3)", "alibi(slopes)+temperature", "bias", "bias(hq)+softcap(9)", "relative(20)",
                                    *(["alibi", "alibi+softcap(20)"] if "h" not in dynamic else [])])):
        if random.random() < 0.4:
            spec.append(f"{key}={random.choice(choices)}")
    if "v_order=keys" in spec:  # which has no lengths of keys
        spec = [entry for entry in spec if entry not in ("key_lengths=1", "packed=1")]
    if "packed=1" in spec or random.random() < 0.5:  # whose blocks nobody lists; others are left for other things
        spec = [entry for entry in spec if not entry.startswith("blocks=")]
    listed = next((entry.partition("=")[2] for entry in spec if entry.startswith("blocks=")), None)
    if listed is None:
        spec = [entry for entry in spec if not entry.startswith("full_blocks=")]
    else:
        rows, columns = map(int, listed.split("x"))
        if "sq" in dynamic:
            sizes |= {"query_blocks": -(-sizes["sq"] // rows)}
        if "skv" in dynamic:
            sizes |= {"listed": random.randint(1, 8), "full_listed": -(-sizes["skv"] // columns)}
        dynamic |= sizes.keys() & {"query_blocks", "listed"} | ({"full_listed"} & sizes.keys() if "full_blocks=1" in spec else set())
    if "packed=1" in spec and "b" in dynamic:
        sizes |= {"starts": random.randint(2, 12)}
        dynamic = dynamic - {"b"} | {"starts"}
        if any(entry in ("query_lengths=1", "key_lengths=1") or entry.endswith("_descale=head") for entry in spec):
            sizes["sequences"] = sizes["starts"] - 1
            dynamic |= {"sequences"}
    # Scales are refused with most problems: a quarter of those that can have some keep them.
    if target != "sm_100a" or "packed=1" in spec or not any(e.startswith("dtype=e") for e in spec) or random.random() < 0.5:
        spec = [entry for entry in spec if not entry.startswith("block_scales=")]
    elif "block_scales=qk" in spec:
        spec = [entry if not entry.startswith("d=") else f"d={random.choice([32, 64, 96, 128])}" for entry in spec]
        scale_rows = {f"{x}_scale_rows": -(-sizes[length] // 128) * 32 for x, length in (("q", "sq"), ("k", "skv"))}
        sizes |= scale_rows
        dynamic |= {f"{x}_scale_rows" for x, length in (("q", "sq"), ("k", "skv")) if length in dynamic}
    share = random.choice([0.1, 0.3, 0.6])
    for knob, (usual, (low, high)) in TARGETS[target].items():
        if random.random() < share and (grouped or knob != "heads") and not (listed and knob in ("heads", "splits")):
            spec.append(f"{knob}={random.choice(usual) if random.random() < 0.85 else random.randint(low, high)}")
    function = None
    if random.random() < 0.3:
        function = masks.Function(random).text
        spec = [entry for entry in spec if not entry.startswith("mask=")]
    return target, ",".join(spec), {name: size for name, size in sizes.items() if name in dynamic}, function


def run(tools, options, seed, index):
    target, spec, sizes, function = pair(seed, index)
    with Folder(options.keep, f"pairs-{seed}-{index}") as folder:
        arguments = ["--attention", spec]
        if function:
            (folder / "mask.mlir").write_text(function)
            arguments += ["--functions", folder / "mask.mlir"]
        manifest, said = check_compile(tools, folder / "out", *arguments, target=target)
        if not manifest:
            if not NAMES.search(said) or not re.search(r"\d", said.partition("error:")[2]):
                raise Fault(f"a refusal without knob and limit: {said.strip()}",
                            [tools.path("girih-compile"), *arguments, "--target", target])
            yield index, f"refused on {target}"
            return
        about = json.loads(manifest.read_text())
        spilled = about["resources"]["spill_bytes"]
        given = [word for name, size in sizes.items() for word in ("--size", f"{name}={size}")]
        given += ["--rules", "assumed"]  # strict=0: an order of MMAs that the PTX ISA does not promise
        for how in (["--schedule", "late" if index % 2 else "early"], ["--schedules", 3, "--seed", index]):
            command = ["girih-sim", manifest, "--check", "--multiprocessors", 2, "--threads", 1, *how, *given]
            result = tools.run(*command)
            if result.returncode:
                raise Fault(f"{target} {spec} {function or ''}: {(result.stdout + result.stderr).strip()}", [tools.path(command[0]), *command[1:]])
    yield index, f"simulated on {target}" + (" with spills" if spilled else "")
