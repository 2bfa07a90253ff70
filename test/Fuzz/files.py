"""Broken manifests and launch descriptions: the simulator refuses them by name or runs them to a verdict."""
import copy
import functools
import json
import pathlib
import re
import shutil
import threading

from common import Fault, Folder, ROOT, check_compile, generator

COUNT = 1000  # in CI
LAUNCHES = ["reduce_sm90.json", "gemm_sm80_one_step.json", "attention_sm90_one_step.json", "gemm_sm100_cta1_one_step.json"]
SPEC = "b=1,h=?,hkv=?,sq=?,skv=?,d=64,lse=1,stages=2,columns=64"
SIZES = {"h": 2, "hkv": 1, "sq": 65, "skv": 100}
ODD = [None, True, 0, -1, 1, 2, 3, 1.5, 1e300, 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64, -2 ** 63, 10 ** 30, "", "x", "q", "\0", "-1",
       "../..", [], [[]], {}, [-1], [2 ** 32] * 3, {"dim": 0}]

BASES = threading.Lock()


def places(value, path=()):
    """Every place in the document, as the path to it."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


def mutate(document, random):
    path = random.choice([path for path in places(document) if path])
    parent = functools.reduce(lambda value, key: value[key], path[:-1], document)
    key, kind = path[-1], random.randrange(6)
    if kind == 0:
        del parent[key]
    elif kind == 1 and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif kind == 1:
        parent[f"{key}x"] = parent.pop(key)
    elif kind == 2 and isinstance(parent[key], int):
        parent[key] += random.choice([1, -1, 8, parent[key], -2 * parent[key]])
    elif kind == 3:
        other = random.choice([path for path in places(document) if path])
        parent[key] = copy.deepcopy(functools.reduce(lambda value, key: value[key], other, document))
    else:
        parent[key] = random.choice(ODD)


def break_text(text, random):
    at = random.randrange(len(text))
    kind = random.randrange(3)
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + random.choice("{}[]\",:0e-\\\x01é") + text[at + 1:]
    return text[:at] + text[at + random.randrange(40):]


def bases(tools):
    """Descriptions and a manifest, each with the folder of what it names. Jobs that begin together make them once."""
    with BASES:
        return make_bases(tools)


@functools.cache
def make_bases(tools):
    kernels = ROOT / "test/Simulator/Kernels"
    out = tools.build / "fuzz-manifest"
    shutil.rmtree(out, ignore_errors=True)
    manifest, said = check_compile(tools, out, "--attention", SPEC)
    if not manifest:
        raise Fault(f"the input does not compile: {said}", SPEC)
    return [pathlib.Path(manifest)] * len(LAUNCHES) + [kernels / name for name in LAUNCHES]


def link(document, folder, base):
    """What the description names lies beside it."""
    for path in base.parent.iterdir():
        if path.suffix in (".ptx", ".cubin"):
            (folder / path.name).symlink_to(path)


def run(tools, options, seed, index):
    random = generator(seed, index)
    base = random.choice(bases(tools))
    document = json.loads(base.read_text())
    for _ in range(random.choice([1, 1, 2, 3])):
        if document:
            mutate(document, random)
    text = json.dumps(document)
    if random.random() < 0.2:
        text = break_text(text, random)
    sizes = [word for name, size in SIZES.items() for word in ("--size", f"{name}={size}")] if "fuzz" in str(base) else []
    with Folder(options.keep, f"files-{seed}-{index}") as folder:
        link(document, folder, base)
        (folder / base.name).write_text(text)
        command = ["girih-sim", folder / base.name, "--check", "--threads", 1, "--instruction-limit", 200000, *sizes]
        result = tools.run(*command)
        shown = [tools.path(command[0]), *command[1:]]
        if result.returncode not in (0, 1, 2):
            raise Fault(f"exit code {result.returncode}: {result.stderr.strip()}", shown)
        # The member of a description, the file, or the line of the PTX; not what a library thought.
        if result.returncode and re.search(r"^error:|json\.exception\.(?!parse)", result.stderr):
            raise Fault(f"an error without a place: {result.stderr.strip()}", shown)
    yield index, ["accepted", "verdict", "refused"][result.returncode]
