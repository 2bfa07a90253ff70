//===- CompareForms.cpp - Forms on a GPU and in the simulator ------------===//
#include "CompareForms.h"

#include "girih/Support/Error.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <iostream>

namespace girih::sim {
namespace {

struct Difference {
  size_t differing = 0, first = 0;
  uint64_t mostUlps = 0;
};

/// Units in the last place between two floats of one sign; both NaN is none.
uint64_t ulpsBetween(uint32_t a, uint32_t b) {
  if (std::isnan(std::bit_cast<float>(a)) && std::isnan(std::bit_cast<float>(b)))
    return 0;
  auto ordered = [](uint32_t bits) { return bits >> 31 ? -int64_t(bits & 0x7fffffffu) : int64_t(bits); };
  return uint64_t(std::llabs(ordered(a) - ordered(b)));
}

Difference compare(const Form &form, const std::vector<uint8_t> &device, const std::vector<uint8_t> &simulated) {
  Difference difference;
  for (size_t i = 0; i < device.size() / form.resultBytes; ++i) {
    const uint8_t *a = device.data() + i * form.resultBytes, *b = simulated.data() + i * form.resultBytes;
    if (std::memcmp(a, b, form.resultBytes) == 0)
      continue;
    if (!difference.differing++)
      difference.first = i;
    uint32_t x, y;
    std::memcpy(&x, a, 4);
    std::memcpy(&y, b, 4);
    difference.mostUlps = std::max(difference.mostUlps, ulpsBetween(x, y));
  }
  return difference;
}

uint64_t bitsAt(const Form &form, const std::vector<uint8_t> &bytes, size_t index) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data() + index * form.resultBytes, form.resultBytes);
  return bits;
}

} // namespace

int compareForms(const std::string &folder, const std::string &device, const std::string &recordPath,
                 const std::function<void(const std::string &, Launch &)> &runOnDevice) {
  Recorded recorded{device, {}};
  unsigned count = 0, same = 0;
  for (const Form &form : readForms(folder)) {
    ++count;
    try {
      Launch launch = form.launch;
      runOnDevice(form.ptx, launch);
      std::vector<uint8_t> &bytes = launch.buffers[1].bytes;
      unifyNaNs(form, bytes);
      if (form.isExact())
        recorded.hashes[form.name] = hashOf(bytes);
      std::vector<uint8_t> simulated = simulate(form).buffers[1].bytes;
      Difference difference = compare(form, bytes, simulated);
      if (form.isExact() ? !difference.differing : difference.mostUlps <= form.ulps) {
        ++same;
        continue;
      }
      std::cout << form.name << ": " << difference.differing << " of " << bytes.size() / form.resultBytes
                << " results differ, by at most " << difference.mostUlps << " ulps; result " << difference.first
                << std::hex << ": device " << bitsAt(form, bytes, difference.first) << ", simulator "
                << bitsAt(form, simulated, difference.first) << std::dec << "\n";
    } catch (const Stop &stop) {
      std::cout << form.name << ": " << stop.found.str() << "\n";
    } catch (const Error &error) {
      std::cout << form.name << ": " << error.what() << "\n";
    }
  }
  std::cout << same << " of " << count << " forms agree with " << device << "\n";
  if (!recordPath.empty())
    writeRecorded(recordPath, recorded);
  return same == count ? 0 : 1;
}

} // namespace girih::sim
