// A C header that embeds a cubin and launches it through the CUDA driver API. It is
// C99 and C++11 without extensions, and includes nothing but cuda.h and stdint.h.
#include "Constraints.h"
#include "HeaderWriter.h"
#include "Identifiers.h"
#include "girih/Target/Manifest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

namespace json = llvm::json;
using llvm::formatv;
using llvm::StringRef;

namespace girih {

/// Raised when what a user of the header sees changes.
static constexpr int kHeaderVersion = 2;
static constexpr int64_t kWorkspaceAlignment = 256;

HeaderWriter::HeaderWriter(const json::Object &manifest, StringRef cubin)
    : manifest(manifest), cubin(cubin), name(makePrefix(*manifest.getString("name"))), out(text) {
  IdentifierScope sizeNames;
  for (const std::string &size : sizesInOrder(manifest))
    fields[size] = sizeNames.add(size);
  for (const json::Object *scalar : scalarList())
    scalars[*scalar->getString("name")] = sizeNames.add(*scalar->getString("name"));
  // What the functions use beside their tensors.
  IdentifierScope parameters(
      "kernel sizes stream items maps storage ones result parameters extents strides boxes CUresult CUdeviceptr "
      "CUstream CUtensorMap cuTensorMapEncodeTiled cuLaunchKernel cuuint32_t cuuint64_t int32_t int64_t uintptr_t");
  for (const char *suffix : {"check", "cubin", "kernel", "launch", "load", "sizes", "tensor", "unload"})
    parameters.add(name + "_" + suffix);
  for (size_t i = 0; i < array("arguments").size(); ++i)
    parameters.add("argument" + std::to_string(i));
  for (const json::Value &tensor : array("tensors")) {
    StringRef key = *tensor.getAsObject()->getString("name");
    tensors[key] = parameters.add(key);
  }
}

/// In words, which are aligned as the driver wants the code to be. Every machine
/// that CUDA runs on has the low byte first.
void HeaderWriter::writeCubin() {
  std::string bytes = cubin.str();
  bytes.resize(llvm::alignTo(bytes.size(), sizeof(uint64_t)));
  out << formatv("static const uint64_t {0}_cubin[{1}] = {{", name, bytes.size() / sizeof(uint64_t));
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t))
    out << (at % 48 == 0 ? "\n" : "") << "0x"
        << llvm::utohexstr(llvm::support::endian::read64le(bytes.data() + at), /*LowerCase=*/true) << "u,";
  out << "};\n\n";
}

void HeaderWriter::writeTypes() {
  size_t rank = 5;
  for (const json::Value &tensor : array("tensors"))
    rank = std::max(rank, tensor.getAsObject()->getArray("shape")->size());
  out << "/* A tensor on the device: its address, and the distance in elements between\n"
         "   neighbours in each dimension; the last is 1. */\n"
      << formatv("typedef struct {{ CUdeviceptr data; int64_t strides[{1}]; } {0}_tensor;\n\n", name, rank)
      << "/* The sizes that are chosen at launch, in the order in which the shapes name them"
      << (scalarList().empty() ? "" : ",\n   and the numbers that its functions use") << ". */\ntypedef struct {";
  bool any = false;
  for (const std::string &size : sizesInOrder(manifest))
    if (!manifest.getObject("sizes")->getInteger(size)) {
      out << " int64_t " << fields[size] << ";";
      any = true;
    }
  for (const json::Object *scalar : scalarList())
    out << (scalar->getString("dtype") == "f32" ? " float " : " int32_t ") << scalars[*scalar->getString("name")]
        << ";";
  if (!any && scalarList().empty())
    out << " int unused;";
  out << formatv(" } {0}_sizes;\n\n", name)
      << formatv("typedef struct {{ CUmodule module; CUfunction function; int multiprocessors;{1} } {0}_kernel;\n\n",
                 name, workspaceBytes() ? " CUdeviceptr workspace;" : "");
}

/// All workspaces of the kernel are one allocation.
int64_t HeaderWriter::workspaceBytes() {
  int64_t bytes = 0;
  for (const json::Value &argument : array("arguments"))
    bytes += llvm::alignTo(argument.getAsObject()->getInteger("bytes").value_or(0), kWorkspaceAlignment);
  return bytes;
}

void HeaderWriter::writeLoad() {
  int64_t bytes = workspaceBytes();
  std::string clear, allocate, free;
  if (bytes) {
    clear = "  kernel->workspace = 0;\n";
    allocate = formatv("  if (result == CUDA_SUCCESS) result = cuMemAlloc(&kernel->workspace, {0});\n"
                       "  if (result == CUDA_SUCCESS) result = cuMemsetD8(kernel->workspace, 0, {0});\n"
                       "  if (result == CUDA_SUCCESS) result = cuCtxSynchronize();\n",
                       bytes);
    free = "  CUresult freed = kernel->workspace ? cuMemFree(kernel->workspace) : CUDA_SUCCESS;\n";
  }
  out << formatv(R"(/* Loads the kernel into the current context. Whatever it returns, {0}_unload
   releases what was loaded.{3} */
static inline CUresult {0}_load({0}_kernel *kernel) {{
  CUdevice device;
  CUresult result;
  kernel->function = 0;
  kernel->multiprocessors = 0;
{4}  result = cuModuleLoadData(&kernel->module, {0}_cubin);
  if (result != CUDA_SUCCESS) {{
    kernel->module = 0;
    return result;
  }
  result = cuModuleGetFunction(&kernel->function, kernel->module, "{1}");
  if (result == CUDA_SUCCESS)
    result = cuFuncSetAttribute(kernel->function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, {2});
  if (result == CUDA_SUCCESS) result = cuCtxGetDevice(&device);
  if (result == CUDA_SUCCESS)
    result = cuDeviceGetAttribute(&kernel->multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device);
{5}  return result;
}

/* Unloads the kernel; no launch of it may be running. */
static inline CUresult {0}_unload({0}_kernel *kernel) {{
{6}  CUresult result = kernel->module ? cuModuleUnload(kernel->module) : CUDA_SUCCESS;
  kernel->module = 0;
  kernel->function = 0;
  kernel->multiprocessors = 0;
{4}  return {7};
}

)",
                 name, *manifest.getString("kernel"), *launch().getInteger("shared_bytes"),
                 bytes ? " Its launches share memory: they must not run at the same\n   time." : "", clear, allocate,
                 free, bytes ? "result != CUDA_SUCCESS ? result : freed" : "result");
}

std::string HeaderWriter::tensorParameters() {
  std::string list;
  for (const json::Value &tensor : array("tensors"))
    list += formatv(", const {0}_tensor *{1}", name, tensors[*tensor.getAsObject()->getString("name")]);
  return list;
}

/// One cuTensorMapEncodeTiled, by the modes of the recipe.
void HeaderWriter::writeTensorMap(size_t index, const json::Object &argument) {
  StringRef key = *argument.getString("tensor");
  const json::Object &described = tensor(key);
  StringRef dtype = *described.getString("dtype");
  bool isNarrow = dtype == "e4m3" || dtype == "e5m2" || dtype == "ue8m0";
  int64_t bytes = isNarrow ? 1 : dtype == "f32" ? 4 : 2;
  llvm::SmallVector<std::string> extents, strides, boxes;
  for (const json::Value &value : *argument.getArray("modes")) {
    const json::Object &mode = *value.getAsObject();
    auto dim = mode.getInteger("dim"), extent = mode.getInteger("extent"), own = mode.getInteger("bytes");
    extents.push_back(extent ? std::to_string(*extent) : "(cuuint64_t)" + shapeOf(described, *dim));
    std::string stride = own ? std::to_string(*own) : "";
    if (int64_t step = mode.getInteger("step").value_or(1) * bytes; dim)
      stride += formatv("{0}(cuuint64_t){1}->strides[{2}] * {3}", own ? step < 0 ? " - " : " + " : "", tensors[key],
                        *dim, std::abs(step));
    strides.push_back(stride);
    boxes.push_back(std::to_string(*mode.getInteger("box")));
  }
  strides.erase(strides.begin()); // the innermost one is the element, and is not given
  StringRef type = isNarrow ? "UINT8" : dtype == "bf16" ? "BFLOAT16" : dtype == "f16" ? "FLOAT16" : "FLOAT32";
  int64_t swizzle = *argument.getInteger("swizzle");
  out << formatv(R"(  {{
    const cuuint64_t extents[] = {{{1}};
    const cuuint64_t strides[] = {{{2}};
    const cuuint32_t boxes[] = {{{3}};
    result = cuTensorMapEncodeTiled(&maps[{0}], CU_TENSOR_MAP_DATA_TYPE_{4}, {5}, (void *)(uintptr_t){6}->data,
        extents, strides, boxes, ones, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_{7},
        CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result != CUDA_SUCCESS) return result;
  }
)",
                 index, llvm::join(extents, ", "), strides.empty() ? "0" : llvm::join(strides, ", "),
                 llvm::join(boxes, ", "), type, boxes.size(), tensors[key],
                 swizzle ? std::to_string(swizzle) + "B" : "NONE");
}

void HeaderWriter::writeLaunch() {
  out << "/* Starts the kernel on a stream; CUDA_ERROR_INVALID_VALUE when the check above\n   finds something. Shapes:";
  for (const json::Value &value : array("tensors")) {
    const json::Object &described = *value.getAsObject();
    out << " " << tensors[*described.getString("name")] << " [";
    llvm::interleaveComma(*described.getArray("shape"), out,
                          [&](const json::Value &dim) { out << fields[*dim.getAsString()]; });
    out << "]";
  }
  size_t maps = llvm::count_if(array("arguments"), [](const json::Value &argument) {
    return argument.getAsObject()->getString("kind") == "tensor_map";
  });
  std::string names;
  for (const json::Value &tensor : array("tensors"))
    names += ", " + tensors[*tensor.getAsObject()->getString("name")];
  out << ". */\n"
      << formatv("static inline CUresult {0}_launch(const {0}_kernel *kernel, const {0}_sizes *sizes{1}, "
                 "CUstream stream) {{\n",
                 name, tensorParameters());
  std::string setup, parameters;
  llvm::raw_string_ostream arguments(setup);
  llvm::SmallVector<const json::Object *> mapArguments;
  int64_t workspaceOffset = 0;
  for (const auto &[i, value] : llvm::enumerate(array("arguments"))) {
    const json::Object &argument = *value.getAsObject();
    StringRef kind = *argument.getString("kind");
    std::string tensor = tensors.lookup(argument.getString("tensor").value_or(""));
    if (kind == "tensor_map") {
      parameters += formatv("&maps[{0}], ", mapArguments.size());
      mapArguments.push_back(&argument);
      continue;
    }
    if (kind == "size")
      arguments << formatv("  int32_t argument{0} = (int32_t){1};\n", i, size(*argument.getString("size")));
    else if (kind == "scalar")
      arguments << formatv("  {0} argument{1} = sizes->{2};\n",
                           argument.getString("dtype") == "f32" ? "float" : "int32_t", i,
                           scalars[*argument.getString("scalar")]);
    else if (kind == "workspace") {
      arguments << formatv("  CUdeviceptr argument{0} = kernel->workspace + {1};\n", i, workspaceOffset);
      workspaceOffset += llvm::alignTo(*argument.getInteger("bytes"), kWorkspaceAlignment);
    } else if (kind == "pointer")
      arguments << formatv("  CUdeviceptr argument{0} = {1}->data;\n", i, tensor);
    else
      arguments << formatv("  int64_t argument{0} = {1}->strides[{2}];\n", i, tensor, *argument.getInteger("dim"));
    parameters += formatv("&argument{0}, ", i);
  }
  out << formatv("  if (!kernel || kernel->multiprocessors < {2} || {0}_check(sizes{1})) return "
                 "CUDA_ERROR_INVALID_VALUE;\n",
                 name, names, *launch().getInteger("cluster"));
  if (maps)
    out << formatv("  /* Tensor maps are at multiples of 64 bytes. */\n"
                   "  CUtensorMap storage[{0}];\n"
                   "  CUtensorMap *maps = (CUtensorMap *)(((uintptr_t)storage + 63) / 64 * 64);\n"
                   "  const cuuint32_t ones[] = {{1, 1, 1, 1, 1};\n  CUresult result;\n",
                   maps + 1);
  out << setup << formatv("  void *parameters[] = {{{0}};\n", StringRef(parameters).drop_back(2));
  for (const auto &[i, argument] : llvm::enumerate(mapArguments))
    writeTensorMap(i, *argument);
  writeItems("");
  // The CTAs of a cluster share an item; the kernel itself says how many they are.
  int64_t cluster = *launch().getInteger("cluster");
  std::string clusters = cluster > 1 ? formatv(" / {0}", cluster).str() : "",
              all = cluster > 1 ? formatv(" * {0}", cluster).str() : "";
  if (launch().getString("grid") == "persistent")
    out << formatv("  if (items > {0} * kernel->multiprocessors{1}) items = {0} * kernel->multiprocessors{1};\n",
                   *launch().getInteger("ctas"), clusters);
  out << formatv("  return cuLaunchKernel(kernel->function, (unsigned)items{2}, 1, 1, {0}, 1, 1, {1}, stream, "
                 "parameters, 0);\n}\n",
                 *launch().getInteger("threads"), *launch().getInteger("shared_bytes"), all);
}

std::string HeaderWriter::write() {
  writeCubin();
  writeTypes();
  writeLoad();
  writeCheck();
  writeLaunch();
  // The guard knows what it guards, so that two kernels of one name are noticed.
  return formatv("/* {0}: a kernel for {1}, compiled by girih-compile. C99 or C++11, and the CUDA\n"
                 "   driver API. */\n"
                 "#ifdef GIRIH_{2}_H\n#if GIRIH_{2}_H != 0x{3}u\n#error \"two kernels are called {2}\"\n#endif\n"
                 "#else\n#define GIRIH_{2}_H 0x{3}u\n"
                 "/* Of this interface: it changes when a user of the header may have to. */\n"
                 "#define {2}_VERSION {4}\n\n#include <cuda.h>\n#include <stdint.h>\n\n{5}\n#endif\n",
                 *manifest.getString("name"), *manifest.getString("target"), name,
                 llvm::utohexstr(uint32_t(llvm::xxh3_64bits(text)), /*LowerCase=*/true), kHeaderVersion, text);
}

std::string makeHeader(const json::Object &manifest, StringRef cubin) { return HeaderWriter(manifest, cubin).write(); }

} // namespace girih
