"""Compiled kernels on disk: whole or not there, bounded, never fatal."""
import os
import stat
import subprocess
import sys
import time

import pytest
from conftest import TARGET, run_python

import girih
from girih import _cache

PROBLEM = girih.Problem(64, b=1, h=1, sq=128)


@pytest.fixture(autouse=True)
def forget():
    _cache._memory.clear()
    yield
    _cache._memory.clear()


@pytest.fixture
def compilations(monkeypatch):
    """The problems that went to the compiler."""
    seen = []
    monkeypatch.setattr(_cache, "compile", lambda problem, **options: seen.append(problem) or girih.compile(
        problem, **options))
    return seen


def files():
    return sorted(_cache.folder().glob("*")) if _cache.folder().exists() else []


def test_memory_then_disk(compilations):
    kernel = _cache.compiled(PROBLEM, TARGET)
    assert _cache.compiled(PROBLEM, TARGET) is kernel and len(compilations) == 1
    _cache._memory.clear()
    again = _cache.compiled(PROBLEM, TARGET)
    assert again.cubin == kernel.cubin and again.manifest == kernel.manifest and len(compilations) == 1
    _cache.compiled(PROBLEM, "sm_100a")
    assert len(compilations) == 2 and len(files()) == 2


def test_memory_is_bounded(compilations, monkeypatch):
    """The last made ones; nothing else is kept of the others, nor of those that failed."""
    monkeypatch.setattr(_cache, "_MOST_IN_MEMORY", 1)
    _cache.compiled(PROBLEM, TARGET)
    _cache.compiled(PROBLEM, "sm_100a")
    assert list(_cache._memory) == [(str(PROBLEM), "sm_100a")] and _cache._locks == {}
    assert _cache.compiled(PROBLEM, TARGET) and len(compilations) == 2
    with pytest.raises(girih.CompileError):
        _cache.compiled(girih.Problem(84), TARGET)
    assert _cache._locks == {}


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-1], lambda data: data + b"x",
                                    lambda data: data.replace(b"sm_90a", b"sm_99a"), lambda data: b"\0" * len(data)])
def test_damaged_file_is_compiled_anew(compilations, damage):
    kernel = _cache.compiled(PROBLEM, TARGET)
    file, = files()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    _cache._memory.clear()
    assert _cache.compiled(PROBLEM, TARGET).ptx == kernel.ptx and len(compilations) == 2
    _cache._memory.clear()
    assert _cache.compiled(PROBLEM, TARGET) and len(compilations) == 2


def test_folder_is_bounded(monkeypatch):
    _cache.compiled(PROBLEM, TARGET)
    first, = files()
    monkeypatch.setenv("GIRIH_CACHE_BYTES", str(int(1.5 * first.stat().st_size)))
    os.utime(first, (1, 1))
    _cache.compiled(girih.Problem(64, b=1, h=2, sq=128), TARGET)
    assert len(files()) == 1 and files() != [first]


def test_folder_that_cannot_be_used(compilations, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "below", ""):
        monkeypatch.setenv("GIRIH_CACHE_DIR", str(folder))
        _cache._memory.clear()
        assert _cache.compiled(PROBLEM, TARGET).target == TARGET
    assert len(compilations) == 2


def test_failed_compilations_are_not_kept(compilations):
    for _ in range(2):
        with pytest.raises(girih.UnsupportedError):
            _cache.compiled(girih.Problem(84), TARGET, girih.UnsupportedError)
    assert files() == []


def test_nothing_is_left_beside_the_files():
    _cache.compiled(PROBLEM, TARGET)
    assert [file.suffix for file in files()] == [".kernel"] and stat.S_ISREG(files()[0].stat().st_mode)


def test_folder_that_can_only_be_read(compilations, monkeypatch):
    """No time is noted in it, but what is there is used."""
    def refuse(*_):
        raise PermissionError

    kernel = _cache.compiled(PROBLEM, TARGET)
    _cache._memory.clear()
    monkeypatch.setattr(os, "utime", refuse)
    assert _cache.compiled(PROBLEM, TARGET).cubin == kernel.cubin and len(compilations) == 1


def test_what_killed_processes_leave(monkeypatch):
    monkeypatch.setenv("GIRIH_CACHE_BYTES", "many")  # no number: as if it were not set
    _cache.folder().mkdir()
    old, new = (_cache.folder() / f"{name}.part" for name in ("old", "new"))
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1, 1))
    _cache.compiled(PROBLEM, TARGET)
    assert not old.exists() and new.exists() and len(files()) == 2


SHARED = """
import sys, time
from girih import Problem, _cache
time.sleep(max(0, float(sys.argv[1]) - time.time()))
print(*(_cache.compiled(Problem(64, b=1, h=h, sq=128), "sm_90a").name for h in (1, 2)))
"""


def test_processes_share_the_folder(monkeypatch):
    """At the same time, in a folder that holds one kernel: files come and go while others read them."""
    _cache.compiled(PROBLEM, TARGET)
    monkeypatch.setenv("GIRIH_CACHE_BYTES", str(int(1.5 * files()[0].stat().st_size)))
    arguments = [sys.executable, "-c", SHARED, str(time.time() + 1)]
    processes = [subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.communicate() == ("attention_1x1x128x64_bf16_none attention_1x2x128x64_bf16_none\n", "")
    assert [file.suffix for file in files()] == [".kernel"]


def test_file_of_another_process(compilations):
    assert run_python(f"from girih import Problem, _cache; print(_cache.compiled(Problem(64, b=1, h=1, sq=128), {TARGET!r}).name)")
    assert _cache.compiled(PROBLEM, TARGET) and compilations == []
