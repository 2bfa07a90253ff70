// A C header that embeds a cubin and launches it through the CUDA driver API.
#include "girih/Target/Manifest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace json = llvm::json;
using llvm::formatv;
using llvm::StringRef;

namespace girih {
namespace {

class HeaderWriter {
public:
  HeaderWriter(const json::Object &manifest, const CompiledKernel &compiled)
      : manifest(manifest), compiled(compiled), name(identifier(compiled.name)), out(text) {}

  std::string write();

private:
  static std::string identifier(StringRef text) {
    std::string result;
    for (char c : text)
      result += llvm::isAlnum(c) ? c : '_';
    if (result.empty() || llvm::isDigit(result[0]))
      result.insert(result.begin(), '_');
    return result;
  }

  void writeCubin();
  void writeTypes();
  void writeLoad();
  void writeLaunch();
  void writeTensorMap(size_t index, const json::Object &argument);
  void writeGrid();

  const json::Array &array(StringRef key) { return *manifest.getArray(key); }
  const json::Object &launch() { return *manifest.getObject("launch"); }
  const json::Object &tensor(StringRef wanted) {
    for (const json::Value &value : array("tensors"))
      if (value.getAsObject()->getString("name") == wanted)
        return *value.getAsObject();
    llvm_unreachable("the manifest names each tensor it uses");
  }
  /// A size: its number if it is static, else the caller's argument.
  std::string size(StringRef key) {
    if (auto known = manifest.getObject("sizes")->getInteger(key))
      return std::to_string(*known);
    return ("sizes->" + key).str();
  }
  std::string shapeOf(const json::Object &tensor, int64_t dim) {
    return size(*(*tensor.getArray("shape"))[dim].getAsString());
  }

  const json::Object &manifest;
  const CompiledKernel &compiled;
  std::string name, text;
  llvm::raw_string_ostream out;
};

void HeaderWriter::writeCubin() {
  StringRef bytes = compiled.cubin;
  out << formatv("static const unsigned char {0}_cubin[{1}] __attribute__((aligned(16))) = {{", name, bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i)
    out << (i % 24 == 0 ? "\n" : "") << static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) << ",";
  out << "};\n\n";
}

void HeaderWriter::writeTypes() {
  out << "/* A tensor on the device: its address, and the distance in elements between\n"
         "   neighbours in each dimension; the last is 1. */\n"
      << formatv("typedef struct {{ CUdeviceptr data; int64_t strides[5]; } {0}_tensor;\n\n", name)
      << "/* The sizes that are chosen at launch. */\ntypedef struct {";
  bool any = false;
  for (const auto &entry : *manifest.getObject("sizes"))
    if (entry.second.getAsNull()) {
      out << " int32_t " << entry.first.str() << ";";
      any = true;
    }
  if (!any)
    out << " int unused;";
  out << formatv(" } {0}_sizes;\n\n", name)
      << formatv("typedef struct {{ CUmodule module; CUfunction function; int multiprocessors; } {0}_kernel;\n\n",
                 name);
}

void HeaderWriter::writeLoad() {
  out << formatv(R"(/* Loads the kernel into the current context. */
static inline CUresult {0}_load({0}_kernel *kernel) {{
  CUdevice device;
  CUresult result = cuModuleLoadData(&kernel->module, {0}_cubin);
  if (result == CUDA_SUCCESS) result = cuModuleGetFunction(&kernel->function, kernel->module, "{1}");
  if (result == CUDA_SUCCESS)
    result = cuFuncSetAttribute(kernel->function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, {2});
  if (result == CUDA_SUCCESS) result = cuCtxGetDevice(&device);
  if (result == CUDA_SUCCESS)
    result = cuDeviceGetAttribute(&kernel->multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device);
  return result;
}

)",
                 name, *manifest.getString("kernel"), *launch().getInteger("shared_bytes"));
}

/// One cuTensorMapEncodeTiled, by the modes of the recipe.
void HeaderWriter::writeTensorMap(size_t index, const json::Object &argument) {
  StringRef tensorName = *argument.getString("tensor");
  const json::Object &described = tensor(tensorName);
  StringRef dtype = *described.getString("dtype");
  int64_t bytes = dtype == "f32" ? 4 : 2;
  std::string extents, strides, boxes, ones;
  const json::Array &modes = *argument.getArray("modes");
  for (const json::Value &value : modes) {
    const json::Object &mode = *value.getAsObject();
    int64_t dim = *mode.getInteger("dim");
    auto extent = mode.getInteger("extent");
    extents += (extent ? std::to_string(*extent) : "(cuuint64_t)" + shapeOf(described, dim)) + ", ";
    if (&value != &modes.front())
      strides += formatv("(cuuint64_t){0}->strides[{1}] * {2}, ", tensorName, dim,
                         mode.getInteger("step").value_or(1) * bytes);
    boxes += std::to_string(*mode.getInteger("box")) + ", ";
    ones += "1, ";
  }
  StringRef type = dtype == "bf16" ? "BFLOAT16" : dtype == "f16" ? "FLOAT16" : "FLOAT32";
  out << formatv(R"(  {{
    cuuint64_t extents[] = {{{1}}, strides[] = {{{2}};
    cuuint32_t boxes[] = {{{3}}, ones[] = {{{4}};
    CUresult result = cuTensorMapEncodeTiled(&map{0}, CU_TENSOR_MAP_DATA_TYPE_{5}, {6}, (void *){7}->data, extents, strides,
        boxes, ones, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_{8}B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result != CUDA_SUCCESS) return result;
  }
)",
                 index, extents, strides, boxes, ones, type, modes.size(), tensorName, *argument.getInteger("swizzle"));
}

void HeaderWriter::writeGrid() {
  out << "  int64_t items = 1;\n";
  for (const json::Value &value : *launch().getArray("work")) {
    const json::Object &item = *value.getAsObject();
    int64_t tile = *item.getInteger("tile");
    out << formatv("  items *= ((int64_t){0} + {1}) / {2};\n", size(*item.getString("size")), tile - 1, tile);
  }
  if (launch().getString("grid") == "persistent")
    out << "  if (items > kernel->multiprocessors) items = kernel->multiprocessors;\n";
  out << "  if (items > 0x7fffffff) return CUDA_ERROR_INVALID_VALUE;\n";
}

void HeaderWriter::writeLaunch() {
  out << "/* Starts the kernel on a stream. Shapes:";
  for (const json::Value &value : array("tensors")) {
    const json::Object &described = *value.getAsObject();
    out << " " << *described.getString("name") << " [";
    llvm::interleaveComma(*described.getArray("shape"), out,
                          [&](const json::Value &dim) { out << *dim.getAsString(); });
    out << "]";
  }
  out << ". */\n"
      << formatv("static inline CUresult {0}_launch(const {0}_kernel *kernel, const {0}_sizes *sizes", name);
  for (const json::Value &value : array("tensors"))
    out << formatv(", const {0}_tensor *{1}", name, *value.getAsObject()->getString("name"));
  out << ", CUstream stream) {\n  (void)sizes;\n";
  std::string parameters;
  for (const auto &[i, value] : llvm::enumerate(array("arguments"))) {
    const json::Object &argument = *value.getAsObject();
    StringRef kind = *argument.getString("kind");
    if (kind == "tensor_map") {
      out << formatv("  CUtensorMap map{0} __attribute__((aligned(64)));\n", i);
      writeTensorMap(i, argument);
      parameters += formatv("&map{0}, ", i);
      continue;
    }
    if (kind == "size")
      out << formatv("  int32_t argument{0} = {1};\n", i, size(*argument.getString("size")));
    else if (kind == "pointer")
      out << formatv("  CUdeviceptr argument{0} = {1}->data;\n", i, *argument.getString("tensor"));
    else
      out << formatv("  int64_t argument{0} = {1}->strides[{2}];\n", i, *argument.getString("tensor"),
                     *argument.getInteger("dim"));
    parameters += formatv("&argument{0}, ", i);
  }
  writeGrid();
  out << formatv(
      "  void *parameters[] = {{{0}};\n"
      "  return cuLaunchKernel(kernel->function, (unsigned)items, 1, 1, {1}, 1, 1, {2}, stream, parameters, 0);\n}\n",
      parameters, *launch().getInteger("threads"), *launch().getInteger("shared_bytes"));
}

std::string HeaderWriter::write() {
  std::string guard = llvm::StringRef(name).upper() + "_H";
  out << formatv("/* {0}: a kernel for {1}, compiled by girih-compile. Needs the CUDA driver API. */\n"
                 "#ifndef {2}\n#define {2}\n\n#include <cuda.h>\n#include <stdint.h>\n\n",
                 compiled.name, *manifest.getString("target"), guard);
  writeCubin();
  writeTypes();
  writeLoad();
  writeLaunch();
  out << formatv("\n#endif /* {0} */\n", guard);
  return text;
}

} // namespace

std::string makeHeader(const json::Object &manifest, const CompiledKernel &compiled) {
  return HeaderWriter(manifest, compiled).write();
}

} // namespace girih
