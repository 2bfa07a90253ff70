# Configuration of the lit tests; the build fills in lit.site.cfg.py.in first.
import glob
import os
import shutil
import subprocess

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "Girih"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt", "lit.cfg.py", "lit.site.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.girih_binary_dir, "test")

# A variable that one function captures is not visible in the next.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --allow-unused-prefixes=false"


def cuda_root():
    """The folder with bin/ptxas, looked for as scripts/common.sh does."""
    on_path = shutil.which("ptxas")
    candidates = [os.environ.get(name) for name in ("CUDA_ROOT", "CUDA_HOME", "CUDA_PATH")]
    candidates += ["/usr/local/cuda", on_path and os.path.dirname(os.path.dirname(on_path))]
    candidates += glob.glob(os.path.join(config.girih_source_dir, ".venv/lib/python3*/site-packages/nvidia/cu13"))
    return next((path for path in candidates if path and os.access(os.path.join(path, "bin/ptxas"), os.X_OK)), None)


def has_gpu():
    try:
        return b"GPU" in subprocess.run(["nvidia-smi", "-L"], capture_output=True).stdout
    except OSError:
        return False


root = cuda_root()
if root:
    config.available_features.add("ptxas")
    config.environment["CUDA_ROOT"] = root
    llvm_config.with_environment("PATH", os.path.join(root, "bin"), append_path=True)
    config.substitutions.append(("%cuda_include", f"-I{root}/include"))
    # PyPI's package of nvcc comes without the compiler behind it.
    if all(os.access(os.path.join(root, path), os.X_OK) for path in ("bin/nvcc", "nvvm/bin/cicc")):
        config.available_features.add("nvcc")
        config.substitutions.append(("%nvcc", os.path.join(root, "bin/nvcc")))
config.substitutions.append(("%clang", config.c_compiler))
if os.path.exists(os.path.join(config.girih_binary_dir, "lib/girih-host/libcuda.so.1")):
    config.available_features.add("girih-host")
if has_gpu():
    config.available_features.add("gpu")

# With GIRIH_ROUNDTRIP, every girih-opt also prints its input, parses that, and
# compares.
roundtrip = ["--verify-roundtrip"] if os.environ.get("GIRIH_ROUNDTRIP") else []
tools = [ToolSubst("girih-opt", extra_args=roundtrip)]
for name in ("girih-compile", "girih-run", "girih-sim", "girih-lsp-server", "girih-fuzz", "girih-tune"):
    if os.access(os.path.join(config.girih_tools_dir, name), os.X_OK):
        config.available_features.add(name)
        tools.append(name)

llvm_config.with_environment("PATH", [config.girih_tools_dir, config.llvm_tools_dir], append_path=True)
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(tools, [config.girih_tools_dir, config.llvm_tools_dir])
