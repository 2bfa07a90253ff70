//===- Cublas.cpp - cuBLAS's matrix product as a peer ---------------------===//
//
// Five functions of a stable C interface, found at run time and declared here,
// so that neither its headers nor its libraries are needed to build.
//
//===----------------------------------------------------------------------===//

#include "girih/Runtime/Peer.h"
#include "girih/Runtime/SharedLibrary.h"
#include "girih/Support/Error.h"

using namespace girih;
using namespace girih::runtime;

namespace {

using Handle = struct cublasContext *;

// Values of cublas_api.h and library_types.h.
constexpr int opNone = 0;            // CUBLAS_OP_N
constexpr int computeFloat = 68;     // CUBLAS_COMPUTE_32F
constexpr int algorithmDefault = -1; // CUBLAS_GEMM_DEFAULT

int dataType(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return 14; // CUDA_R_16BF
  case ElementType::F16:
    return 2; // CUDA_R_16F
  case ElementType::F32:
    return 0; // CUDA_R_32F
  case ElementType::E4M3:
    return 28; // CUDA_R_8F_E4M3
  case ElementType::E5M2:
    return 29; // CUDA_R_8F_E5M2
  default:
    throw Error(std::string("there is no library call for elements of ") + elementTypeName(type));
  }
}

struct Cublas {
  SharedLibrary library;
  int (*create)(Handle *);
  int (*destroy)(Handle);
  int (*setStream)(Handle, CUstream);
  int (*setWorkspace)(Handle, void *, size_t);
  int (*getVersion)(Handle, int *);
  int (*gemm)(Handle, int transposeA, int transposeB, int m, int n, int k, const void *alpha, const void *a, int typeA,
              int strideA, const void *b, int typeB, int strideB, const void *beta, void *c, int typeC, int strideC,
              int compute, int algorithm);

  Cublas() {
    std::vector<std::string> folders{"cu13", "cublas"};
    // cuBLAS links cuBLASLt, which pip's folder holds beside it.
    SharedLibrary::open(nvidiaLibraryCandidates("GIRIH_CUBLASLT_LIBRARY", "libcublasLt.so.13", folders));
    library = SharedLibrary::open(nvidiaLibraryCandidates("GIRIH_CUBLAS_LIBRARY", "libcublas.so.13", folders));
    if (!library)
      throw Error("no cuBLAS: libcublas.so.13 not found; install nvidia-cublas "
                  "into .venv or set "
                  "GIRIH_CUBLAS_LIBRARY");
    create = library.require<decltype(create)>("cublasCreate_v2");
    destroy = library.require<decltype(destroy)>("cublasDestroy_v2");
    setStream = library.require<decltype(setStream)>("cublasSetStream_v2");
    setWorkspace = library.require<decltype(setWorkspace)>("cublasSetWorkspace_v2");
    getVersion = library.require<decltype(getVersion)>("cublasGetVersion_v2");
    gemm = library.require<decltype(gemm)>("cublasGemmEx");
  }
};

void check(int status, const char *call) {
  if (status != 0)
    throw Error(std::string(call) + " failed with status " + std::to_string(status));
}

class CublasPeer : public Peer {
public:
  explicit CublasPeer(const Binding &binding) : workspace(workspaceBytes) {
    const char *names[3] = {"a", "b", "c"};
    for (int i = 0; i < 3; ++i) {
      operands[i].index = binding.tensorIndex(names[i]);
      operands[i].type = dataType(binding.manifest->tensors[operands[i].index].type);
      operands[i].stride = narrow(binding.layout(names[i]).strides[0]);
    }
    m = narrow(binding.size("m"));
    n = narrow(binding.size("n"));
    k = narrow(binding.size("k"));
    check(cublas.create(&handle), "cublasCreate");
    // Without a workspace of its own it would allocate while a graph is
    // recorded.
    check(cublas.setWorkspace(handle, reinterpret_cast<void *>(workspace.address()), workspaceBytes),
          "cublasSetWorkspace");
  }

  ~CublasPeer() override {
    if (!deviceAbandoned())
      cublas.destroy(handle);
  }

  std::string name() const override {
    int version = 0;
    cublas.getVersion(handle, &version);
    return "cuBLAS " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
  }

  void enqueue(const Stream &stream, const std::vector<CUdeviceptr> &tensors) override {
    check(cublas.setStream(handle, stream.native()), "cublasSetStream");
    // cublasSetStream puts the default workspace back.
    check(cublas.setWorkspace(handle, reinterpret_cast<void *>(workspace.address()), workspaceBytes),
          "cublasSetWorkspace");
    float one = 1, zero = 0;
    auto address = [&](int i) { return reinterpret_cast<void *>(tensors[operands[i].index]); };
    // cuBLAS counts columns first: the transposed product of row-major
    // matrices.
    check(cublas.gemm(handle, opNone, opNone, n, m, k, &one, address(1), operands[1].type, operands[1].stride,
                      address(0), operands[0].type, operands[0].stride, &zero, address(2), operands[2].type,
                      operands[2].stride, computeFloat, algorithmDefault),
          "cublasGemmEx");
  }

private:
  static constexpr size_t workspaceBytes = 64 << 20; // enough for every kernel of Hopper

  struct Operand {
    int index = 0, type = 0, stride = 0;
  };

  static int narrow(int64_t value) {
    if (value > INT32_MAX)
      throw Error("cuBLAS takes sizes up to 2147483647, not " + std::to_string(value));
    return int(value);
  }

  Cublas cublas;
  Handle handle = nullptr;
  DeviceBuffer workspace;
  Operand operands[3];
  int m = 0, n = 0, k = 0;
};

} // namespace

std::unique_ptr<Peer> runtime::makeCublasPeer(const Binding &binding) {
  if (binding.manifest->problem.kind != "gemm")
    throw Error(binding.manifest->path + ": cublas compares with problems of kind 'gemm', not '" +
                binding.manifest->problem.kind + "'");
  return std::make_unique<CublasPeer>(binding);
}

std::unique_ptr<Peer> runtime::makePeer(const std::string &name, const Binding &binding) {
  if (name == "cudnn")
    return makeCudnnPeer(binding);
  if (name == "cublas")
    return makeCublasPeer(binding);
  throw Error("'" + name + "' is not a library to compare with: 'cudnn' or 'cublas'");
}
