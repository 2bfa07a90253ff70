//===- Cudnn.cpp - cuDNN's attention as a peer ----------------------------===//
//
// The graph is built with NVIDIA's header-only cudnn-frontend, which calls the
// library through the handle below: nothing is linked.
//
//===----------------------------------------------------------------------===//

#include "girih/Runtime/Peer.h"
#include "girih/Runtime/ProblemData.h"
#include "girih/Runtime/SharedLibrary.h"
#include "girih/Support/Error.h"
#include <cudnn_frontend.h>

using namespace girih;
using namespace girih::runtime;
namespace fe = cudnn_frontend;

namespace cudnn_frontend {
/// What cudnn-frontend's functions are looked up in.
void *cudnn_dlhandle = nullptr;
} // namespace cudnn_frontend

namespace {

void loadCudnn() {
  if (fe::cudnn_dlhandle)
    return;
  // cudnn-frontend opens the CUDA runtime by its short name, which works once
  // it is open, wherever it was found.
  SharedLibrary::open(nvidiaLibraryCandidates("GIRIH_CUDART_LIBRARY", "libcudart.so.13", {"cu13", "cuda_runtime"}));
  SharedLibrary library =
      SharedLibrary::open(nvidiaLibraryCandidates("GIRIH_CUDNN_LIBRARY", "libcudnn.so.9", {"cudnn", "cu13"}));
  if (!library)
    throw Error("no cuDNN: libcudnn.so.9 not found; install nvidia-cudnn-cu13 "
                "into .venv or set "
                "GIRIH_CUDNN_LIBRARY");
  fe::cudnn_dlhandle = library.native();
}

void check(fe::error_t error, const char *step) {
  if (error.is_bad())
    throw Error(std::string("cuDNN cannot ") + step + ": " + error.get_message());
}

fe::DataType_t dataType(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return fe::DataType_t::BFLOAT16;
  case ElementType::F16:
    return fe::DataType_t::HALF;
  case ElementType::F32:
    return fe::DataType_t::FLOAT;
  case ElementType::E4M3:
    return fe::DataType_t::FP8_E4M3;
  case ElementType::E5M2:
    return fe::DataType_t::FP8_E5M2;
  default:
    throw Error(std::string("there is no library call for elements of ") + elementTypeName(type));
  }
}

class CudnnPeer : public Peer {
public:
  explicit CudnnPeer(const Binding &binding) {
    check(fe::detail::create_handle(&handle));
    try {
      build(binding);
    } catch (...) {
      fe::detail::destroy_handle(handle);
      throw;
    }
  }

  ~CudnnPeer() override {
    if (!deviceAbandoned())
      fe::detail::destroy_handle(handle);
  }

  std::string name() const override {
    size_t version = fe::detail::get_backend_version();
    return "cuDNN " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
  }

  void enqueue(const Stream &stream, const std::vector<CUdeviceptr> &tensors) override {
    check(fe::detail::set_stream(handle, stream.native()));
    for (auto &[key, address] : addresses)
      address = reinterpret_cast<void *>(tensors[size_t(key - firstKey)]);
    ::check(graph.execute(handle, addresses, reinterpret_cast<void *>(workspace.address())), "run this problem");
  }

private:
  static constexpr int64_t firstKey = 1; ///< of the manifest's first tensor

  static void check(cudnnStatus_t status) {
    if (status != CUDNN_STATUS_SUCCESS)
      throw Error("cuDNN failed with status " + std::to_string(int(status)));
  }

  /// Names a tensor by its place in the manifest, which is also its key at run
  /// time.
  fe::graph::Tensor_attributes attributes(const Binding &binding, const char *tensor) {
    int index = binding.tensorIndex(tensor);
    TensorLayout layout = binding.tensors[size_t(index)];
    while (layout.shape.size() < 4) { // LSE is [b, h, sq, 1] there
      layout.shape.push_back(1);
      layout.strides.push_back(1);
    }
    addresses[firstKey + index] = nullptr;
    return fe::graph::Tensor_attributes()
        .set_name(tensor)
        .set_uid(firstKey + index)
        .set_dim(layout.shape)
        .set_stride(layout.strides)
        .set_data_type(dataType(binding.manifest->tensors[size_t(index)].type));
  }

  void build(const Binding &binding) {
    const Manifest &manifest = *binding.manifest;
    bool hasLogSumExp = manifest.findTensor("lse") >= 0;
    graph.set_io_data_type(dataType(manifest.tensors[size_t(binding.tensorIndex("q"))].type))
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    auto options = fe::graph::SDPA_attributes()
                       .set_name("attention")
                       .set_generate_stats(hasLogSumExp)
                       .set_attn_scale(float(manifest.problem.scale));
    setMask(options, binding);
    auto [output, stats] = graph.sdpa(graph.tensor(attributes(binding, "q")), graph.tensor(attributes(binding, "k")),
                                      graph.tensor(attributes(binding, "v")), options);
    setOutput(*output, attributes(binding, "o"));
    if (hasLogSumExp)
      setOutput(*stats, attributes(binding, "lse"));
    ::check(graph.build(handle, {fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}), "build this problem");
    int64_t bytes = 0;
    ::check(graph.get_workspace_size(bytes), "size its workspace");
    workspace = DeviceBuffer(size_t(bytes));
  }

  static void setOutput(fe::graph::Tensor_attributes &tensor, const fe::graph::Tensor_attributes &declared) {
    tensor.set_output(true)
        .set_uid(declared.get_uid())
        .set_dim(declared.get_dim())
        .set_stride(declared.get_stride())
        .set_data_type(declared.get_data_type());
  }

  static void setMask(fe::graph::SDPA_attributes &options, const Binding &binding) {
    using Kind = reference::Mask::Kind;
    reference::Mask mask = problemMask(*binding.manifest, capturesOf(binding, {}));
    // For a square problem both alignments are one; top left is the older and
    // wider supported path.
    bool topLeft = mask.kind == Kind::CausalTopLeft || binding.size("sq") == binding.size("skv");
    if (mask.kind == Kind::None)
      return;
    if (topLeft)
      options.set_causal_mask(true);
    else
      options.set_causal_mask_bottom_right(true);
    if (mask.kind == Kind::SlidingWindow)
      options.set_sliding_window_length(int(mask.window));
  }

  cudnnHandle_t handle = nullptr;
  fe::graph::Graph graph;
  std::unordered_map<int64_t, void *> addresses;
  DeviceBuffer workspace;
};

} // namespace

std::unique_ptr<Peer> runtime::makeCudnnPeer(const Binding &binding) {
  const ProblemDeclaration &problem = binding.manifest->problem;
  if (problem.weightExponent)
    throw Error(binding.manifest->path + ": cudnn compares with inputs of 16 bits, not with those of 8");
  if (problem.outputScale != 1)
    throw Error(binding.manifest->path + ": cudnn compares with problems without an output scale");
  const Manifest &manifest = *binding.manifest;
  auto has = [&](const char *name) { return manifest.findTensor(name) >= 0 || manifest.findScalar(name) >= 0; };
  if (hasSequences(manifest) || has("sinks") || has("q_descale") || has("k_descale") || has("v_descale") ||
      has(queryScales) || has(dropoutState) || has(partialOutput) || problem.blocks)
    throw Error(manifest.path + ": cudnn compares with problems without lengths of sequences, sinks, descales, "
                                "block scales, dropout, merge and lists of blocks");
  if (problem.kind != "attention.forward" || problem.hasScore || !problem.maskProgram.empty())
    throw Error(binding.manifest->path + ": cudnn compares with problems of kind 'attention.forward' without a score "
                                         "function and with a mask that has a name");
  loadCudnn();
  // Anything the frontend throws must end as our one exception.
  try {
    return std::make_unique<CudnnPeer>(binding);
  } catch (const Error &) {
    throw;
  } catch (const std::exception &error) {
    throw Error(std::string("cuDNN cannot be used: ") + error.what());
  }
}
