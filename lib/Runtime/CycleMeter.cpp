//===- CycleMeter.cpp - The clock at which cycles go by -------------------===//

#include "girih/Runtime/Bench.h"
#include "girih/Runtime/Statistics.h"
#include "girih/Support/Error.h"
#include <cstring>

using namespace girih;
using namespace girih::runtime;

namespace {

/// Each multiprocessor that has a CTA writes its cycles and the time; both go on between launches.
constexpr const char *ptx = R"(
.version 7.8
.target sm_70
.address_size 64
.visible .entry read_clocks(.param .u64 to)
{
  .reg .u32 %m;
  .reg .u64 %to, %cycles, %time;
  ld.param.u64 %to, [to];
  cvta.to.global.u64 %to, %to;
  mov.u32 %m, %smid;
  mad.wide.u32 %to, %m, 16, %to;
  mov.u64 %cycles, %clock64;
  mov.u64 %time, %globaltimer;
  st.global.v2.u64 [%to], {%cycles, %time};
  ret;
}
)";

constexpr int mostMultiprocessors = 1024;

} // namespace

struct CycleMeter::Code {
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  int multiprocessors = 0;
  DeviceBuffer before{16 * mostMultiprocessors}, after{16 * mostMultiprocessors};

  void read(const DeviceBuffer &to, const Stream &stream) const {
    to.fill(0, stream.native());
    CUlaunchConfig config = {};
    // Several times as many CTAs as multiprocessors, so that none of these is left out.
    config.gridDimX = unsigned(8 * multiprocessors);
    config.gridDimY = config.gridDimZ = config.blockDimX = config.blockDimY = config.blockDimZ = 1;
    config.hStream = stream.native();
    CUdeviceptr address = to.address();
    void *arguments[] = {&address};
    GIRIH_CUDA(cuLaunchKernelEx, &config, function, arguments, nullptr);
  }
};

CycleMeter::CycleMeter(const DeviceFacts &device) {
  CUmodule module = nullptr;
  // A driver without a compiler of PTX has no such clock.
  if (driver().cuModuleLoadDataEx(&module, ptx, 0, nullptr, nullptr) != CUDA_SUCCESS)
    return;
  code = std::make_unique<Code>();
  code->module = module;
  code->multiprocessors = device.multiprocessors;
  GIRIH_CUDA(cuModuleGetFunction, &code->function, module, "read_clocks");
}

CycleMeter::~CycleMeter() {
  if (code && !deviceAbandoned())
    driver().cuModuleUnload(code->module);
}

void CycleMeter::begin(const Stream &stream) const {
  if (code)
    code->read(code->before, stream);
}

void CycleMeter::end(const Stream &stream) const {
  if (code)
    code->read(code->after, stream);
}

std::optional<double> CycleMeter::megahertz() const {
  if (!code)
    return std::nullopt;
  std::vector<uint8_t> first = code->before.download(), last = code->after.download();
  std::vector<double> found;
  for (size_t at = 0; at < first.size(); at += 16) {
    uint64_t from[2], to[2];
    std::memcpy(from, &first[at], sizeof from);
    std::memcpy(to, &last[at], sizeof to);
    if (from[1] && to[1] > from[1] && to[0] > from[0])
      found.push_back(1e3 * double(to[0] - from[0]) / double(to[1] - from[1]));
  }
  return found.empty() ? std::nullopt : std::optional(median(found));
}
