"""The package itself: what an import costs, what else may be in the process, the command line, the types."""
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import TARGET, run_python

import girih
from girih.__main__ import main


def test_import_is_alone():
    code = "import sys, time; begin = time.perf_counter(); import girih; print(sorted({'numpy', 'torch', 'jax'} & set(sys.modules)))\n" \
           "print(f'{time.perf_counter() - begin:.2f} s')"
    output = run_python(code)
    print(output)
    assert output.startswith("[]\n")


BOTH = """
import numpy
{imports}
kernel = girih.compile("b=1,h=1,sq=128,d=64", target="sm_90a")
x = jax.numpy.asarray(numpy.random.default_rng(0).standard_normal((1, 1, 128, 64)), jax.numpy.bfloat16)
result = girih.simulate(kernel, {{"q": x, "k": x, "v": x}}, check=True).raise_for_verdicts()
o = result.outputs["o"]
reference = jax.jit(lambda x: jax.nn.softmax(x @ x.swapaxes(2, 3) / 8) @ x)(x.astype(jax.numpy.float32))
assert isinstance(o, jax.Array) and o.dtype == jax.numpy.bfloat16, type(o)
print(bool(abs(o - reference).max() < 2e-2))
"""


@pytest.mark.parametrize("imports", ["import girih, jax", "import jax, girih"])
def test_with_jax(imports):
    """Which brings another LLVM and another MLIR into the process."""
    pytest.importorskip("jax")
    assert run_python(BOTH.format(imports=imports)) == "True\n"


def test_only_the_extension_and_one_library():
    folder = pathlib.Path(girih.__file__).parent
    names = {path.name.split(".")[0] for path in folder.glob("*.so")}
    assert names == {"_girih", "libgirih"}


def test_command_line(tmp_path, capsys):
    assert main(["compile", "--attention", "b=1,h=1,sq=128,d=64", "--target", TARGET, "-o", str(tmp_path)]) == 0
    assert "registers at launch" in capsys.readouterr().out
    manifest = tmp_path / "attention_1x1x128x64_bf16_none.json"
    trace = tmp_path / "trace.json"
    assert main(["simulate", str(manifest), "--trace", str(trace)]) == 0 and trace.stat().st_size > 1000
    assert capsys.readouterr().out.startswith("ok: ")
    text = tmp_path / "text.mlir"
    text.write_text("func.func private @f()")
    assert main(["opt", str(text), "--pass-pipeline", "cse"]) == 0
    assert "func.func private @f()" in capsys.readouterr().out


@pytest.mark.parametrize("arguments, message", [
    (["compile"], "error: give either an input file or --attention"),
    (["compile", "--attention", "b=1,h=1,sq=128,d=84", "--target", TARGET], "--attention:1:16: error: head size 84"),
    (["compile", "/nowhere/x.mlir", "--target", TARGET], "error: [Errno 2] No such file"),
    (["simulate", "/nowhere/x.json"], "error: [Errno 2] No such file"),
    (["opt", "/dev/null", "--pass-pipeline", "no-such-pass"], "no-such-pass"),
])
def test_command_line_refuses(arguments, message, capsys):
    assert main(arguments) == 1 and message in capsys.readouterr().err


def test_module_runs():
    result = subprocess.run([sys.executable, "-m", "girih", "--version"], capture_output=True, text=True, check=True,
                            cwd=pathlib.Path(__file__).parent)
    assert result.stdout.strip() == girih.__version__
    assert shutil.which("girih", path=str(pathlib.Path(sys.executable).parent))


def test_ptxas_comes_with_the_package(monkeypatch):
    from girih._ptxas import find_ptxas

    find_ptxas.cache_clear()
    monkeypatch.setenv("GIRIH_PTXAS", "/mine/ptxas")
    assert find_ptxas() == "/mine/ptxas"
    find_ptxas.cache_clear()
    monkeypatch.delenv("GIRIH_PTXAS")
    found = find_ptxas()
    find_ptxas.cache_clear()
    assert found is None or pathlib.Path(found).name == "ptxas"


def test_names_are_documented():
    for name in girih.__all__:
        thing = getattr(girih, name)
        assert name.startswith("__") or thing.__doc__, name


def test_types(tmp_path):
    """The package, and what a caller writes, by pyright."""
    pytest.importorskip("pyright")
    source = pathlib.Path(__file__).parents[1] / "src" / "girih"
    # A framework that is not installed would be taken for our module of that name.
    needs = {"torch": ["torch"], "_torch": ["torch"], "_graph": ["torch"], "flash_attn": ["torch"], "jax": ["jax"], "transformers": ["torch", "transformers"]}
    left_out = [f"{name}.py" for name, names in needs.items() if not all(map(importlib.util.find_spec, names))]
    shutil.copytree(source, tmp_path / "package" / "girih", ignore=shutil.ignore_patterns(*left_out))
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps({"include": ["package"], "typeCheckingMode": "standard"}))
    caller = tmp_path / "caller" / "caller.py"
    caller.parent.mkdir()
    caller.write_text("import girih\nkernel: girih.Kernel = girih.compile(girih.Problem(64, score='alibi'), target='sm_90a')\n"
                      "text: str = kernel.ptx\nwrong: int = kernel.ptx\n")
    result = subprocess.run([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--project", str(project)],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    result = subprocess.run([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(caller)],
                            capture_output=True, text=True, check=False, cwd=caller.parent)
    assert "caller.py:4:14 - error" in result.stdout and "1 error" in result.stdout, result.stdout
