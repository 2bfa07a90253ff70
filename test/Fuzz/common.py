"""What the fuzzers share: running a tool under limits, and saying what was wrong."""
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROCESSOR_SECONDS = 60  # of one tool, after which it counts as hung
MEMORY_BYTES = 3 << 30

# What no tool may ever say, whatever its exit code.
CRASH = re.compile(
    r"LLVM ERROR|PLEASE submit|Assertion .* failed|AddressSanitizer|runtime error:|terminate called|Stack dump")
PLACE = re.compile(r"^\S.*:\d+:\d+: error: ", re.M)


class Fault(Exception):
    """Something that must not happen, with the command that shows it again."""

    def __init__(self, what, command):
        super().__init__(what)
        self.what = what
        self.command = command if isinstance(command, str) else shlex.join(map(str, command))


class Tools:
    """The tools of one build folder."""

    def __init__(self, build):
        self.build = build.resolve()
        # The sanitizers reserve far more addresses than they use.
        cache = (self.build / "CMakeCache.txt").read_text()
        self.has_sanitizers = "GIRIH_SANITIZE:BOOL=ON" in cache

    def path(self, name):
        path = self.build / "bin" / name
        return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

    def limits(self):
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not self.has_sanitizers:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    def run(self, name, *arguments):
        """Runs a tool to its end. A crash or a hang is a Fault."""
        command = [self.path(name), *map(str, arguments)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=self.limits, cwd=ROOT)
        result.stdout, result.stderr = (text.decode(errors="replace") for text in (result.stdout, result.stderr))
        if result.returncode < 0:
            raise Fault(how_it_died(result.returncode), command)
        found = CRASH.search(result.stdout + result.stderr)
        if found:
            raise Fault(f"crash: {found[0]}", command)
        return result


def how_it_died(code):
    if -code in (signal.SIGXCPU, signal.SIGPROF, signal.SIGKILL):
        return "hang"
    return f"crash: {signal.Signals(-code).name}" if code < 0 else f"crash: exit code {code}"


def generator(seed, index):
    return random.Random(seed << 32 | index)


class Folder:
    """A scratch folder, kept when what happens in it is a fault."""

    def __init__(self, keep, name):
        self.keep, self.name = keep, name

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="girih-fuzz-"))
        return self.path

    def __exit__(self, kind, error, _):
        if isinstance(error, Fault) and self.keep:
            kept = self.keep / self.name
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.path, kept)
            error.command = error.command.replace(str(self.path), str(kept))
        shutil.rmtree(self.path, ignore_errors=True)


def check_compile(tools, out, *arguments, target="sm_90a"):
    """girih-compile: the manifest's path, or the text of a well-formed refusal."""
    command = ["girih-compile", *arguments, "--quiet", "--target", target, "-o", out]
    result = tools.run(*command)
    shown = [tools.path(command[0]), *command[1:]]
    written = sorted(path.suffix for path in out.iterdir()) if out.exists() else []
    if result.returncode == 0:
        if written != [".cubin", ".h", ".json", ".ptx"]:
            raise Fault(f"accepted, but wrote {written}", shown)
        return next(out.glob("*.json")), result.stderr
    if result.returncode != 1:
        raise Fault(f"exit code {result.returncode}", shown)
    if written:
        raise Fault(f"refused, but wrote {written}", shown)
    if not PLACE.search(result.stderr):
        raise Fault(f"an error without a place: {result.stderr.strip()}", shown)
    return None, result.stderr
