"""Calls by chance: an error or a result, never the end of the process."""
import os
import pathlib
import subprocess
import sys

import pytest


def calls(script, count, **variables):
    folder = pathlib.Path(__file__).parent
    result = subprocess.run([sys.executable, script, "1", str(count)], capture_output=True, text=True, check=False,
                            cwd=folder, env=os.environ | variables)
    assert result.returncode == 0, result.stderr[-3000:]
    print(result.stdout)


def test_calls_by_chance():
    calls("fuzz_api.py", 1500)


def test_calls_from_jax_by_chance():
    pytest.importorskip("jax")
    calls("fuzz_jax.py", 25)
