//===- Cost.cpp - What machine code an instruction becomes ----------------===//
//
// Counted in the machine code of kernels with `nvdisasm -c`; what no rule names
// is one instruction of the integer pipe.
//
//===----------------------------------------------------------------------===//
#include "Cost.h"

#include <algorithm>
#include <initializer_list>

namespace girih::sim {
namespace {

using Kind = Cost::Kind;

bool startsWithAny(std::string_view opcode, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return opcode.starts_with(prefix); });
}
bool contains(std::string_view opcode, std::string_view part) { return opcode.find(part) != opcode.npos; }
bool isWide(std::string_view opcode) { return opcode.ends_with("64") || contains(opcode, ".wide"); }

Cost costOfMemory(std::string_view opcode) {
  // Atomics and strong accesses are synchronisation.
  if (startsWithAny(opcode, {"atom", "red."}) || contains(opcode, ".acquire") || contains(opcode, ".release") ||
      contains(opcode, ".volatile") || contains(opcode, ".relaxed") || contains(opcode, ".mmio"))
    return {Kind::Other, 1, 1};
  if (opcode.starts_with("ld.param"))
    return {Kind::Free, 0, 0};
  if (contains(opcode, ".shared") || startsWithAny(opcode, {"ldmatrix", "stmatrix"}))
    return {Kind::Shared, 1, 1};
  return {Kind::Global, 1, 1};
}

Cost costOfFloat(std::string_view opcode) {
  if (startsWithAny(opcode, {"neg", "abs"})) // modifiers of operands
    return {Kind::Free, 0, 0};
  if (startsWithAny(opcode, {"min", "max", "setp", "set."}))
    return {Kind::Alu, 1, 1};
  if (startsWithAny(opcode, {"ex2", "lg2", "rcp", "rsqrt", "sin", "cos", "tanh", "sqrt"}))
    return {Kind::Mufu, 1, 1};
  if (opcode.starts_with("div"))
    return {Kind::Mufu, 2, 1};
  if (contains(opcode, "f32x2")) // one issue, both halves of the lanes
    return {Kind::Fma, 1, 2};
  return {Kind::Fma, 1, uint8_t(opcode.ends_with("f64") ? 2 : 1)};
}

Cost costOfConversion(std::string_view opcode) {
  if (contains(opcode, "x2.") || contains(opcode, "x4."))
    return {Kind::Alu, 1, 1};
  bool isInteger = !contains(opcode, ".f") && !contains(opcode, ".bf");
  if (isInteger)
    return {Kind::Free, 0, 0};
  // Half formats to f32 is a shift or a permutation; integers to f32 are 2
  // cycles, as the micro-benchmarks have it.
  if (opcode.ends_with("bf16") || opcode.ends_with(".f16") || opcode.ends_with("32.s32") || opcode.ends_with("32.u32"))
    return {Kind::Alu, 1, 1};
  return {Kind::Mufu, 1, 1};
}

Cost costOfOrdered(std::string_view opcode) {
  if (opcode.starts_with("mbarrier")) // ptxas makes MEMBAR.GPU of a cluster's scope
    return {contains(opcode, ".release.cluster")   ? Kind::WideRelease
            : contains(opcode, ".acquire.cluster") ? Kind::WideAcquire
                                                   : Kind::Barrier,
            1, 1};
  if (opcode.starts_with("bar"))
    return {Kind::NamedBarrier, 1, 1};
  if (startsWithAny(opcode, {"wgmma.mma_async"}))
    return {Kind::MatrixIssue, 4, 1}; // with its descriptor in uniform registers
  if (startsWithAny(opcode, {"wgmma.wait_group"}))
    return {Kind::MatrixWait, 1, 1};
  if (startsWithAny(opcode, {"fence", "membar"}))
    return {Kind::Fence, 1, 1};
  if (opcode.starts_with("setmaxnreg"))
    return {Kind::RegisterChange, 1, 1};
  if (startsWithAny(opcode, {"tcgen05.wait"}))
    return {Kind::TensorWait, 1, 1};
  if (startsWithAny(opcode, {"tcgen05.mma", "cp.async.bulk", "cp.reduce"}))
    return {Kind::Other, 4, 1};
  return {Kind::Other, 1, 1};
}

} // namespace

Cost costOf(std::string_view opcode) {
  if (startsWithAny(opcode, {"mov.", "cvta", "pragma", "not.pred", "isspacep"}))
    return {Kind::Free, 0, 0};
  if (startsWithAny(opcode, {"bra", "brx", "ret", "exit", "call", "trap"}) && !opcode.starts_with("brev"))
    return {Kind::Branch, 1, 1};
  if (startsWithAny(opcode, {"mbarrier", "bar.", "barrier", "wgmma", "tcgen05", "fence", "membar", "setmaxnreg", "cp.",
                             "griddepcontrol", "clusterlaunchcontrol", "st.async", "red.async", "tensormap"}))
    return costOfOrdered(opcode);
  if (startsWithAny(opcode, {"ld", "st.", "stmatrix", "atom", "red.", "prefetch"}))
    return costOfMemory(opcode);
  if (startsWithAny(opcode, {"shfl", "redux", "match"}))
    return {Kind::Shuffle, 1, 1};
  if (opcode.starts_with("cvt"))
    return costOfConversion(opcode);
  if (opcode.ends_with("f32") || opcode.ends_with("f64") || contains(opcode, "f32x2") || contains(opcode, "f16"))
    return costOfFloat(opcode);
  if (startsWithAny(opcode, {"mul", "mad"}))
    return {Kind::Fma, uint8_t(isWide(opcode) ? 2 : 1), 2};
  if (startsWithAny(opcode, {"popc", "clz", "bfind", "brev"}))
    return {Kind::Mufu, 1, 1};
  if (opcode.starts_with("mma."))
    return {Kind::Fma, 1, 16};
  uint8_t count = isWide(opcode) ? 2 : 1;
  return {Kind::Alu, count, count};
}

} // namespace girih::sim
