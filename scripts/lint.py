#!/usr/bin/env python3
"""Rules of this code base that no compiler checks. Prints what breaks them.

  scripts/lint.py             check everything
  scripts/lint.py --no-docs   do not ask for the passes' pages
  scripts/lint.py --fix       format the sources first
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ("dialects", "include", "lib", "tools", "test", "python_bindings")
MAX_LINES = 400
# A longer file says why, in its first lines, in a sentence with these words.
LONG_FILE = re.compile(r"\b(one file|long) because\b")


def files(*suffixes, folders=SOURCES):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
                            cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [ROOT / line for line in listed.stdout.splitlines()]
    else:  # an unpacked archive, without git
        paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return [path for path in paths if path.suffix in suffixes and path.is_file()]


def text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def line_matches(path, pattern):
    for number, line in enumerate(text(path).splitlines(), 1):
        if re.search(pattern, line):
            yield f"{path.relative_to(ROOT)}:{number}"


def check_passes(docs):
    """Every pass has a source, a lit test and, with `docs`, a page, all found by name."""
    tests = {path.stem for path in files(".mlir", folders=["test"])}
    folders = {path.parent.name for path in files(".mlir", folders=["test"])}
    sources = {path.stem: path for path in files(".cpp", folders=["lib"])}
    pass_files = "".join(text(path) for path in sources.values())
    for table in files(".td", folders=["include"]):
        for name, argument in re.findall(r'^def (\w+)Pass\s*:\s*Pass<"([\w-]+)"', text(table), re.M):
            # A conversion is a folder of pattern files with its own folder of tests.
            short = name.removeprefix("Convert")
            if f"GEN_PASS_DEF_{name.upper()}PASS" not in pass_files:
                yield f"{table.relative_to(ROOT)}: pass {argument} has no source"
            elif short == name and name not in sources:
                yield f"{table.relative_to(ROOT)}: pass {argument} is not in a file {name}.cpp"
            if argument not in tests and short not in folders:
                yield f"{table.relative_to(ROOT)}: pass {argument} has no test {argument}.mlir"
            if docs and not (ROOT / "docs" / "passes" / f"{argument}.md").exists():
                yield f"{table.relative_to(ROOT)}: pass {argument} has no page docs/passes/{argument}.md"


def check_targets():
    """Chips are known to lib/Target alone; shared code asks for abilities."""
    # The runner and the simulator read the names that manifests and PTX carry.
    readers = ("lib/Runtime/", "include/girih/Runtime/", "lib/Simulator/", "include/girih/Simulator/", "tools/girih-run/",
               "tools/girih-sim/")
    for path in files(".cpp", ".h", ".td", folders=("dialects", "include", "lib", "tools")):
        inside = path.relative_to(ROOT).as_posix()
        if not inside.startswith(("lib/Target/", *readers)):
            yield from (f"{place}: names a chip" for place in line_matches(path, r"sm_(90|100|103|120)"))


def check_options():
    """Options of passes are in their Passes.td, where pipelines can print them."""
    for path in files(".cpp", ".h", folders=["lib"]):
        yield from (f"{place}: a cl::opt in a library" for place in line_matches(path, r"\bcl::(opt|list)\b"))


def check_length():
    for path in files(".cpp", ".h", ".td", ".py"):
        lines = text(path).splitlines()
        if len(lines) > MAX_LINES and not LONG_FILE.search(" ".join(lines[:30])):
            yield f"{path.relative_to(ROOT)}: {len(lines)} lines, more than {MAX_LINES}, and no reason given"


def check_format(fix):
    formatter = shutil.which("clang-format-22")
    if not formatter:
        yield "clang-format-22 is not installed: run scripts/setup"
        return
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]
    result = subprocess.run([formatter, *mode, *map(str, files(".cpp", ".h"))], cwd=ROOT, capture_output=True, text=True)
    wrong = re.findall(r"^(\S+?):\d+:\d+: error", result.stderr, re.M)
    for path in sorted(set(wrong)):
        yield f"{pathlib.Path(path).relative_to(ROOT)}: not formatted: run scripts/lint.py --fix"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-docs", action="store_true")
    parser.add_argument("--fix", action="store_true")
    options = parser.parse_args()
    problems = [*check_passes(not options.no_docs), *check_targets(), *check_options(), *check_length(),
                *check_format(options.fix)]
    print("\n".join(problems) if problems else "clean")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
