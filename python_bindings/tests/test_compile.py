"""Problems and texts to kernels, passes on text, and what is said of wrong ones."""
import concurrent.futures
import pickle

import pytest
from conftest import TARGET

import girih

MODULE = """
func.func @mine(%q: tensor<1x2x128x64xbf16>, %k: tensor<1x2x128x64xbf16>) -> tensor<1x2x128x64xbf16> {
  %o = attn.forward %q, %k, %k : tensor<1x2x128x64xbf16>, tensor<1x2x128x64xbf16>, tensor<1x2x128x64xbf16>
      -> tensor<1x2x128x64xbf16>
  return %o : tensor<1x2x128x64xbf16>
}
"""


def test_kernel_tells_of_itself(kernel):
    assert kernel.name == "attention_nxnxnx64_f16_causal_lse" and kernel.target == TARGET
    assert ".entry attention" in kernel.ptx and kernel.cubin.startswith(b"\x7fELF")
    assert kernel.manifest["problem"]["mask"] == "causal"
    assert "registers at launch" in kernel.report and kernel.resources["spill_bytes"] == 0
    assert "_launch(" in kernel.header
    assert [tensor["name"] for tensor in kernel.tensors] == ["q", "k", "v", "o", "lse"]
    assert [tensor["is_output"] for tensor in kernel.tensors] == [False] * 3 + [True] * 2
    assert kernel.tensors[4] == {"name": "lse", "dtype": "f32", "rank": 3, "is_output": True}


def test_phases(kernel):
    assert kernel.phases[0] == "attn-schedule" and kernel.phases[-1] == "convert-tile-to-nvvm"
    assert "attn.forward" in kernel.ir("attn-schedule") and "llvm" in kernel.ir("convert-tile-to-nvvm")
    with pytest.raises(KeyError, match="no phase 'tile'; there are attn-schedule, "):
        kernel.ir("tile")


def test_module_of_mlir():
    kernel = girih.compile(MODULE, target=TARGET)
    assert kernel.name == "mine" and kernel.phases == ()
    with pytest.raises(girih.Error, match="compile with phases=True"):
        kernel.ir("attn-tile")


def test_module_of_two_kernels():
    both = MODULE + MODULE.replace("@mine", "@yours")
    with pytest.raises(girih.Error, match="the text has 2 kernels: use girih.compile_all"):
        girih.compile(both, target=TARGET)
    assert [kernel.name for kernel in girih.compile_all(both, target=TARGET)] == ["mine", "yours"]


@pytest.mark.parametrize("source", [
    "b=1,h=2,sq=128,d=64,mask=causal",
    girih.Problem(64, b=1, h=2, sq=128, mask="causal"),
    {"d": 64, "b": 1, "h": 2, "sq": 128, "mask": "causal"},
])
def test_ways_to_give_a_problem(source):
    assert girih.compile(source, target="sm_100a").name == "attention_1x2x128x64_bf16_causal"


def test_problem_as_a_line():
    assert str(girih.Problem(128)) == "b=?,h=?,hkv=?,sq=?,skv=?,d=128,dtype=bf16,mask=none,lse=0"
    assert str(girih.Problem(64, order="bshd", v_order="keys")).endswith("lse=0,order=bshd,v_order=keys")
    assert str(girih.Problem(192, dv=128)).endswith("lse=0,dv=128") and str(girih.Problem(64, dv=64)) == str(girih.Problem(64))
    problem = girih.Problem(64, h=8, hkv=2, sq=5, scale=0.5, lse=True, schedule={"stages": 2})
    assert str(problem) == "b=?,h=8,hkv=2,sq=5,skv=5,d=64,dtype=bf16,mask=none,lse=1,scale=0.5,stages=2"


def test_diagnostic_of_a_problem():
    with pytest.raises(girih.CompileError) as caught:
        girih.compile("b=1,h=1,sq=128,d=84", target=TARGET)
    found = caught.value.diagnostics[0]
    assert (found.severity, found.file, found.line, found.column) == ("error", "--attention", 1, 16)
    assert found.message == "head size 84 is not supported on sm_90a; multiples of 8 from 16 to 256 are"
    assert "b=1,h=1,sq=128,d=84\n" + 15 * " " + "^" in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.diagnostics == caught.value.diagnostics


@pytest.mark.parametrize("source, options, message", [
    ("func.func @f(", {}, "mine.mlir:1:1[0-9]: error"),
    ("module {}", {}, "there is nothing to compile"),
    ("", {}, "there is nothing to compile"),
    (MODULE, {"target": "sm_75"}, "sm_75"),
    (MODULE, {"name": "a/b"}, "'a/b' cannot be the name"),
    (MODULE, {"ptxas": "/nowhere/ptxas"}, "/nowhere/ptxas"),
    ("b=1,h=2,sq=1,d=64,stages=99", {}, "stages is '99', its range is 1 to 32"),
    ("b=1,h=2,sq=1,d=64,mask=window(4)", {}, "mask is 'window\\(4\\)', must be one of none causal"),
])
def test_wrong_sources(source, options, message):
    with pytest.raises(girih.CompileError, match=message):
        girih.compile(source, **({"target": TARGET, "source_name": "mine.mlir"} | options))


def test_target_is_needed_without_a_gpu():
    try:
        assert girih.compile(MODULE).target.startswith("sm_")
    except girih.Error as error:
        assert str(error).startswith("give a target, such as target='sm_90a': no CUDA driver")


def test_wrong_types():
    for call in (lambda: girih.compile(7, target=TARGET), lambda: girih.compile({"size": 3}, target=TARGET),
                 lambda: girih.compile(MODULE, target=90), lambda: girih.compile(MODULE, target=TARGET, colour=1)):
        with pytest.raises(TypeError):
            call()


def test_optimize():
    text = girih.optimize(MODULE, ["attn-schedule{target=sm_90a}", "attn-tile"])
    assert "gpu.func @mine" in text and "attn.forward" not in text
    assert girih.opt(text, "builtin.module(canonicalize)").count("gpu.func @mine") == 1
    with pytest.raises(girih.CompileError, match="no-such-pass"):
        girih.optimize(MODULE, "no-such-pass")
    with pytest.raises(girih.CompileError, match="mine.mlir:1:1: error"):
        girih.optimize("x", "cse", source_name="mine.mlir")


def test_files(kernel, tmp_path):
    path = kernel.save(tmp_path / "new" / "folder")
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".cubin", ".h", ".json", ".ptx"]
    again = girih.Kernel.load(path)
    assert again.ptx == kernel.ptx and again.cubin == kernel.cubin and again.manifest == kernel.manifest
    path.with_suffix(".cubin").write_bytes(b"else")
    with pytest.raises(girih.Error, match="manifest and cubin do not belong together"):
        girih.Kernel.load(path)
    path.write_text("[]")
    with pytest.raises(girih.Error, match="is not a kernel's manifest"):
        girih.Kernel.load(path)
    with pytest.raises(OSError):
        girih.Kernel.load(tmp_path / "absent.json")


def test_threads_compile_at_the_same_time():
    lines = [f"b=1,h=1,sq={128 * n},d=64" for n in range(1, 5)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        kernels = list(pool.map(lambda line: girih.compile(line, target=TARGET), lines))
    assert [kernel.name for kernel in kernels] == [f"attention_1x1x{128 * n}x64_bf16_none" for n in range(1, 5)]
