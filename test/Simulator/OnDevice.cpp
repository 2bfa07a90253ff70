//===- OnDevice.cpp - The same launch on a GPU and in the simulator -------===//
//
// girih-sim-on-device NAME.json [CUBIN] [name=value ...] runs a launch on
// device 0 and on the CPU with the same inputs and compares every buffer: how
// many elements differ in their bits, and by how much. Both results are also
// checked against the reference where the launch has one. With --time it is
// timed on the device, and nothing is compared.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Launch/ManifestLaunch.h"
#include "Recorded/CompareForms.h"
#include "girih/Runtime/Bench.h"
#include "girih/Runtime/Device.h"
#include "girih/Runtime/Statistics.h"
#include "girih/Support/ElementType.h"
#include "girih/Support/Error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace girih;
using namespace girih::sim;

namespace {

CUtensorMapDataType dataType(MapElement element) {
  switch (element) {
  case MapElement::U8:
    return CU_TENSOR_MAP_DATA_TYPE_UINT8;
  case MapElement::U16:
    return CU_TENSOR_MAP_DATA_TYPE_UINT16;
  case MapElement::U32:
    return CU_TENSOR_MAP_DATA_TYPE_UINT32;
  case MapElement::S32:
    return CU_TENSOR_MAP_DATA_TYPE_INT32;
  case MapElement::U64:
    return CU_TENSOR_MAP_DATA_TYPE_UINT64;
  case MapElement::S64:
    return CU_TENSOR_MAP_DATA_TYPE_INT64;
  case MapElement::F16:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  case MapElement::F32:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  case MapElement::F64:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT64;
  case MapElement::BF16:
    return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  case MapElement::TF32:
    return CU_TENSOR_MAP_DATA_TYPE_TFLOAT32;
  case MapElement::F32Ftz:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ;
  case MapElement::TF32Ftz:
    return CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ;
  case MapElement::U4x16:
    return CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B;
  case MapElement::U4x16Padded:
    return CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN16B;
  case MapElement::U6x16Padded:
    return CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B;
  }
  return CU_TENSOR_MAP_DATA_TYPE_UINT8;
}

CUtensorMapSwizzle swizzleOf(const TensorMapRecipe &recipe) {
  if (recipe.swizzle == 128 && recipe.swizzleAtom == 64)
    return CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B;
  if (recipe.swizzle == 128 && recipe.swizzleAtom == 32)
    return recipe.flipsHalves ? CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B_FLIP_8B : CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B;
  return recipe.swizzle == 128  ? CU_TENSOR_MAP_SWIZZLE_128B
         : recipe.swizzle == 64 ? CU_TENSOR_MAP_SWIZZLE_64B
         : recipe.swizzle == 32 ? CU_TENSOR_MAP_SWIZZLE_32B
                                : CU_TENSOR_MAP_SWIZZLE_NONE;
}

CUtensorMap encode(const TensorMapRecipe &recipe, CUdeviceptr address) {
  CUtensorMap map;
  cuuint64_t sizes[5], strides[4];
  for (uint32_t i = 0; i < recipe.rank; ++i) {
    sizes[i] = recipe.sizes[i];
    if (i)
      strides[i - 1] = recipe.strides[i];
  }
  CUtensorMapSwizzle swizzle = swizzleOf(recipe);
  auto fill = recipe.fillsNaN ? CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA : CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;
  auto pointer = reinterpret_cast<void *>(address);
  if (recipe.mode == MapMode::Im2col)
    GIRIH_CUDA(cuTensorMapEncodeIm2col, &map, dataType(recipe.element), recipe.rank, pointer, sizes, strides,
               recipe.lowerCorner.data(), recipe.upperCorner.data(), recipe.channelsPerPixel, recipe.pixelsPerColumn,
               recipe.elementStrides.data(), CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
               fill);
  else
    GIRIH_CUDA(cuTensorMapEncodeTiled, &map, dataType(recipe.element), recipe.rank, pointer, sizes, strides,
               recipe.box.data(), recipe.elementStrides.data(), CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle,
               CU_TENSOR_MAP_L2_PROMOTION_L2_256B, fill);
  return map;
}

template <class T> std::vector<uint8_t> bytesOf(const T &value) {
  auto *bytes = reinterpret_cast<const uint8_t *>(&value);
  return {bytes, bytes + sizeof value};
}

/// A kernel on the device, and copies of what it is launched with.
class Loaded {
public:
  Loaded(const std::string &code, const Launch &launch) : launch(launch) {
    GIRIH_CUDA(cuModuleLoadDataEx, &module, code.c_str(), 0, nullptr, nullptr);
    GIRIH_CUDA(cuModuleGetFunction, &function, module, launch.kernel.c_str());
    GIRIH_CUDA(cuFuncSetAttribute, function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
               int(launch.dynamicSharedBytes));
    cluster.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    cluster.value.clusterDim = {launch.cluster[0], launch.cluster[1], launch.cluster[2]};
  }

  struct Copy {
    std::vector<runtime::DeviceBuffer> buffers;
    std::vector<std::vector<uint8_t>> parameters;
    std::vector<void *> pointers;
  };
  Copy copy() const {
    Copy made;
    for (const Buffer &buffer : launch.buffers) {
      made.buffers.emplace_back(buffer.bytes.size());
      made.buffers.back().upload(buffer.bytes);
    }
    for (const sim::Argument &given : launch.arguments)
      made.parameters.push_back(parameterBytes(given, [&](const sim::Argument &argument) {
        CUdeviceptr address = made.buffers[argument.buffer].address() + argument.offset;
        if (argument.kind == sim::Argument::Kind::TensorMap)
          return bytesOf(encode(argument.map, address));
        return bytesOf(address);
      }));
    for (std::vector<uint8_t> &parameter : made.parameters)
      made.pointers.push_back(parameter.data());
    return made;
  }

  void enqueue(Copy &copy, const runtime::Stream &stream) {
    CUlaunchConfig config{};
    config.gridDimX = launch.grid[0], config.gridDimY = launch.grid[1], config.gridDimZ = launch.grid[2];
    config.blockDimX = launch.block[0], config.blockDimY = launch.block[1], config.blockDimZ = launch.block[2];
    config.sharedMemBytes = launch.dynamicSharedBytes;
    config.hStream = stream.native();
    config.attrs = &cluster;
    config.numAttrs = 1;
    GIRIH_CUDA(cuLaunchKernelEx, &config, function, copy.pointers.data(), nullptr);
  }

private:
  const Launch &launch;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUlaunchAttribute cluster{};
};

void runOnDevice(const std::string &code, Launch &launch) {
  Loaded loaded(code, launch);
  Loaded::Copy copy = loaded.copy();
  runtime::Stream stream;
  loaded.enqueue(copy, stream);
  stream.synchronize();
  for (size_t i = 0; i < copy.buffers.size(); ++i)
    launch.buffers[i].bytes = copy.buffers[i].download();
}

/// As girih-run times kernels: milliseconds, the spread in percent, and both clocks, separated by commas.
void timeOnDevice(const std::string &code, const Launch &launch, const runtime::DeviceFacts &device) {
  Loaded loaded(code, launch);
  int64_t bytes = 0;
  for (const Buffer &buffer : launch.buffers)
    bytes += int64_t(buffer.bytes.size());
  runtime::BenchOptions options{2, 200, runtime::copiesBeyondCache(bytes, device.cacheBytes), 1};
  std::vector<Loaded::Copy> copies;
  for (int i = 0; i < options.copies; ++i)
    copies.push_back(loaded.copy());
  runtime::Stream stream;
  auto enqueue = [&](int copy) { loaded.enqueue(copies[size_t(copy)], stream); };
  runtime::Timing timing = runtime::race(stream, {{"", enqueue}}, options, runtime::Meters(device))[0];
  std::cout << runtime::median(timing.milliseconds) << "," << runtime::spreadPercent(timing.milliseconds) << ","
            << runtime::median(timing.clockMHz) << "," << runtime::median(timing.cyclesMHz) << "\n";
}

bool compare(const Buffer &device, const Buffer &simulated) {
  auto type = parseElementType(device.elementType);
  size_t size = type ? elementBytes(*type) : 1, differing = 0, count = device.bytes.size() / size;
  double largest = 0, magnitude = 0;
  for (size_t i = 0; i < count; ++i) {
    differing += std::memcmp(device.bytes.data() + i * size, simulated.bytes.data() + i * size, size) != 0;
    if (!type)
      continue;
    double a = loadElement(*type, device.bytes.data(), i), b = loadElement(*type, simulated.bytes.data(), i);
    if (std::isfinite(a) && std::isfinite(b)) {
      largest = std::max(largest, std::fabs(a - b));
      magnitude = std::max(magnitude, std::fabs(a));
    }
  }
  std::cout << "  " << device.name << ": " << differing << " of " << count << " elements differ in their bits";
  if (type)
    std::cout << ", by at most " << largest << " where the largest is " << magnitude;
  std::cout << "\n";
  return differing == 0;
}

int run(int argc, char **argv) {
  std::string path = argv[1], cubin;
  ManifestChoices choices;
  bool isTimed = false;
  for (int i = 2; i < argc; ++i) {
    std::string text = argv[i];
    size_t equals = text.find('=');
    if (text == "--time")
      isTimed = true;
    else if (equals == text.npos)
      cubin = readTextFile(text);
    else
      choices.sizes[text.substr(0, equals)] = std::atoll(text.c_str() + equals + 1);
  }
  auto json = nlohmann::json::parse(readTextFile(path), nullptr, false);
  runtime::Device gpu(0);
  choices.multiprocessors = uint32_t(gpu.facts().multiprocessors);
  LaunchTask task = json.contains("girih_launch") ? readDescription(path) : readManifestLaunch(path, choices);
  bool hasContents = std::any_of(task.launch.buffers.begin(), task.launch.buffers.end(),
                                 [](const Buffer &buffer) { return !buffer.contents.empty(); });
  if (hasContents || !task.following.empty() || !task.launch.values.empty() || task.launch.preferredCluster[0])
    throw Error(path + ": contents of buffers, variables, preferred clusters and sequences run in the simulator only");
  if (isTimed) {
    timeOnDevice(cubin.empty() ? task.ptx : cubin, task.launch, gpu.facts());
    return 0;
  }
  Launch onDevice = task.launch, simulated = task.launch;
  runOnDevice(cubin.empty() ? task.ptx : cubin, onDevice);
  Report report = Simulator(task.ptx).run(simulated, {});
  std::cout << path << " on " << gpu.facts().name << "\n";
  for (const Verdict &verdict : report.verdicts)
    std::cout << "  simulator: " << verdict.str() << "\n";
  if (task.check) {
    auto device = task.check(onDevice), cpu = task.check(simulated);
    std::cout << "  device: " << (device ? device->str() : "right") << "\n  simulator: " << (cpu ? cpu->str() : "right")
              << "\n";
    if (device || cpu)
      return 1;
  }
  for (size_t i = 0; i < onDevice.buffers.size(); ++i)
    if (!onDevice.buffers[i].isReadOnly)
      compare(onDevice.buffers[i], simulated.buffers[i]);
  return report.isClean() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::cerr << "usage: girih-sim-on-device NAME.json [CUBIN] [name=value ...] [--time]\n"
                 "       girih-sim-on-device --recorded FOLDER [RECORD]\n";
    return 2;
  }
  try {
    if (std::string(argv[1]) == "--recorded" && argc > 2) {
      runtime::Device gpu(0);
      return compareForms(argv[2], gpu.facts().name, argc > 3 ? argv[3] : "", runOnDevice);
    }
    return run(argc, argv);
  } catch (const Stop &stop) {
    std::cerr << stop.found.str() << "\n";
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 2;
}
