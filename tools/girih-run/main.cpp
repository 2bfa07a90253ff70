//===- main.cpp - girih-run: check and time kernels -----------------------===//

#include "Options.h"
#include "girih/Runtime/Chip.h"
#include "girih/Runtime/Files.h"
#include "girih/Support/Error.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

using namespace girih;
using namespace girih::run;
using namespace girih::runtime;

static int runAll(const Options &options) {
  Device device(options.device);
  RunReport report;
  report.device = device.facts();
  report.peakFlops = peakFlops(device.facts());
  for (const KernelEntry &entry : options.kernels) {
    report.kernels.push_back(runKernel(device, entry, options.session, report.peer));
    std::fprintf(stderr, "%s: %s\n", report.kernels.back().name.c_str(),
                 report.kernels.back().passed() ? "done" : "FAILED");
    if (deviceAbandoned())
      break;
  }
  std::string text = options.csv ? formatCsv(report) : options.markdown ? formatMarkdown(report) : formatTable(report);
  std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0)
    throw Error("cannot write the report: " + std::string(std::strerror(errno)));
  if (!options.jsonFile.empty())
    writeWholeFile(options.jsonFile, formatJson(report));
  return report.passed() ? 0 : 1;
}

int main(int argc, char **argv) {
  int code = 2;
  try {
    Options options;
    if (std::optional<int> done = parseOptions(argc, argv, options))
      return *done;
    code = runAll(options);
  } catch (const Error &error) {
    std::fprintf(stderr, "girih-run: error: %s\n", error.what());
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "girih-run: error: out of host memory\n");
  }
  std::fflush(nullptr);
  // Libraries of CUDA wait for the device when they are unloaded, which a
  // kernel that never ends would make wait for ever.
  if (deviceAbandoned())
    std::_Exit(code == 0 ? 1 : code);
  return code;
}
