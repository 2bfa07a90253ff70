//===- Equivalence.cpp - Faults that are none -----------------------------===//
//
// A mutant that behaves as the kernel does is no gap of the checker. These
// rules look at the text around the place, in the order in which it stands
// there, and are asked only where no schedule has shown anything.
//
//===----------------------------------------------------------------------===//
#include "Faults.h"

#include <algorithm>

namespace girih::sim {
namespace {

bool startsWith(const SyntaxInstruction &instruction, std::initializer_list<const char *> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](const char *start) { return instruction.opcode.starts_with(start); });
}

bool isTensorWork(const SyntaxInstruction &instruction) {
  return startsWith(instruction, {"tcgen05.mma", "tcgen05.ld", "tcgen05.st", "tcgen05.cp"});
}
bool isBarrier(const SyntaxInstruction &instruction) {
  return startsWith(instruction, {"bar.sync", "bar.cta", "barrier.sync", "barrier.cta"});
}
bool touchesMemory(const SyntaxInstruction &instruction) {
  return startsWith(instruction, {"ld.", "st.", "atom", "red", "mbarrier", "cp.", "tcgen05", "wgmma", "ldmatrix",
                                  "stmatrix", "call"}) &&
         !startsWith(instruction, {"ld.param", "tcgen05.fence"});
}

/// Whether something holds for an instruction in front of one that ends the
/// search, from the place on.
template <class Found, class End> bool comesFirst(const Site &site, Found found, End end) {
  for (size_t at = site.at + 1; at < site.function.body.size(); ++at) {
    if (found(site.function.body[at]))
      return true;
    if (end(site.function.body[at]))
      return false;
  }
  return false;
}

bool isBehindAllTensorWork(const Site &site) {
  auto next = [](const SyntaxInstruction &each) { return each.opcode.starts_with("tcgen05.dealloc"); };
  return comesFirst(site, next, isTensorWork);
}

bool isBeforeAllTensorWork(const Site &site) {
  auto begin = site.function.body.begin();
  return std::none_of(begin, begin + ptrdiff_t(site.at), isTensorWork);
}

/// The role ends behind its wait: there is nothing that the wait could guard.
bool endsBehind(const Site &site) {
  auto ends = [](const SyntaxInstruction &each) { return startsWith(each, {"ret", "exit", "bra.uni"}); };
  // The loop of the wait itself stands behind it.
  const auto &body = site.function.body;
  size_t at = site.at + 1;
  while (at < body.size() && at < site.at + 4 && startsWith(body[at], {"bra", "selp", "setp"}) &&
         !(body[at].opcode == "bra.uni" && !body[at].guard))
    ++at;
  for (; at < body.size(); ++at) {
    if (ends(body[at]) && !body[at].guard)
      return true;
    if (touchesMemory(body[at]) || startsWith(body[at], {"bra", "brx"}) || isBarrier(body[at])) {
      // A chain of such waits ends where its last one does.
      if (body[at].opcode.starts_with("mbarrier.try_wait"))
        return endsBehind(Site{site.function, at, ""});
      return false;
    }
  }
  return false;
}

} // namespace

std::string reasonOfEquivalence(const std::string &fault, const Site &site) {
  bool isFence = fault.starts_with("fence::");
  if (fault == "bar.warp.sync dropped" && comesFirst(site, isBarrier, touchesMemory))
    return "a barrier of the CTA follows before any access";
  if (fault == "registers not given back")
    return "the launch has enough of them, or the warps that take them would wait for ever";
  if (fault == "permit to allocate kept")
    return "no other CTA is on the multiprocessor";
  if (isFence && isBeforeAllTensorWork(site))
    return "no work on tensor memory has been issued, and tcgen05.alloc is synchronous";
  if ((isFence || fault == "barrier of the CTA or a role dropped") && isBehindAllTensorWork(site))
    return "tcgen05.dealloc follows, which is synchronous, and its warp has met the others elsewhere";
  if (fault.starts_with("wait ") && endsBehind(site))
    return "the warp ends behind the wait, whose barrier is of this CTA";
  if (fault == "all lanes in place of one" &&
      comesFirst(
          site, [](const SyntaxInstruction &each) { return each.opcode.find("global.shared") != std::string::npos; },
          [](const SyntaxInstruction &each) { return startsWith(each, {"mbarrier", "tcgen05", "bra.uni"}); }))
    return "lanes with the same operands make one store";
  if (fault == "tcgen05.wait::st dropped" &&
      comesFirst(
          site, [](const SyntaxInstruction &each) { return each.opcode.starts_with("tcgen05.wait::st"); },
          [](const SyntaxInstruction &each) { return startsWith(each, {"mbarrier.try_wait", "mbarrier.test_wait"}); }))
    return "a later tcgen05.wait::st comes before any wait for another thread";
  return "";
}

} // namespace girih::sim
