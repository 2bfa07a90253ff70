//===- Faults.cpp - Waits, arrivals, fences and barriers that are wrong ---===//
//
// The faults of the tables of test/Simulator/Mutants and of real kernels, in
// forms that any PTX has. A register `girih_q` holds what is changed.
//
//===----------------------------------------------------------------------===//
#include "Faults.h"

#include <regex>

namespace girih::sim {
namespace {

using Text = std::optional<std::string>;

/// The text with the pattern's first match replaced.
Text replaced(const Site &site, const std::string &pattern, const std::string &by) {
  std::regex regex(pattern);
  if (!std::regex_search(site.text, regex))
    return std::nullopt;
  return std::regex_replace(site.text, regex, by, std::regex_constants::format_first_only);
}

/// Another operand in place of the last one before the semicolon, which is a
/// register or a number: `how` computes girih_q from $2.
Text lastOperand(const Site &site, const std::string &how) {
  return replaced(site, R"(^([\s\S]*,\s*)([%$\w]+)\s*;$)", "{ .reg .b32 girih_q; " + how + " @$1girih_q; }");
}

/// The address in the `which`-th brackets, so many bytes further.
Text shifted(const Site &site, unsigned which, int64_t delta) {
  size_t open = site.text.find('[');
  for (; which && open != site.text.npos; --which)
    open = site.text.find('[', open + 1);
  if (open == site.text.npos)
    return std::nullopt;
  size_t end = site.text.find_first_of(",]", open), plus = site.text.find('+', open);
  if (plus != site.text.npos && plus < end) {
    delta += std::atoll(site.text.c_str() + plus + 1);
    return "@" + site.text.substr(0, plus) + "+" + std::to_string(delta) + site.text.substr(end);
  }
  return "@" + site.text.substr(0, end) + "+" + std::to_string(delta) + site.text.substr(end);
}

Text dropWhere(bool isThere) { return isThere ? Text("") : std::nullopt; }
Text twiceWhere(const Site &site, bool isThere) {
  return isThere ? Text("@" + site.text + " @" + site.text) : std::nullopt;
}

bool isWait(const Site &site) { return site.is("mbarrier.try_wait") || site.is("mbarrier.test_wait"); }
bool isArrival(const Site &site) {
  return site.is("mbarrier.arrive") && site.opcode().find("expect_tx") == std::string::npos;
}
bool expectsBytes(const Site &site) {
  return site.is("mbarrier.") && site.opcode().find("expect_tx") != std::string::npos;
}
bool isCopy(const Site &site) {
  bool isBulk = site.is("cp.async.bulk.") || site.is("cp.reduce.async.bulk.");
  return isBulk && site.opcode().find("_group") == std::string::npos && !site.is("cp.async.bulk.prefetch");
}
bool countsBytes(const Site &site) { return site.opcode().find("complete_tx::bytes") != std::string::npos; }

/// A wait for a parity that `how` puts into girih_q.
Text waitFor(const Site &site, const std::string &how) {
  if (!isWait(site) || site.opcode().find(".parity") == std::string::npos)
    return std::nullopt;
  return replaced(site, R"(^(\S+\s+[%$\w]+\s*,\s*\[[^\]]*\]\s*,\s*)([%$\w]+)([\s\S]*)$)",
                  "{ .reg .b32 girih_q; " + how + " @$1girih_q$3 }");
}

Text waitForParity(const Site &site, uint64_t parity) {
  // Where it is this one anyway, nothing is wrong.
  if (!isWait(site) || site.constant(site.instruction().operands[2]) == parity)
    return std::nullopt;
  return waitFor(site, "mov.b32 girih_q, " + std::to_string(parity) + ";");
}

Text halfOfTheArrivals(const Site &site) {
  auto count = site.is("mbarrier.init") ? site.constant(site.instruction().operands.back()) : std::nullopt;
  return count && *count > 1 ? lastOperand(site, "mov.b32 girih_q, " + std::to_string(*count / 2) + ";") : std::nullopt;
}

/// One group more may be in flight.
Text waitForOneLess(const Site &site) {
  bool isGroup = site.opcode().find("wait_group") != std::string::npos;
  if (!isGroup || site.instruction().operands.empty())
    return std::nullopt;
  return replaced(site, R"(^(\S+\s+)\d+)", "@$01" + std::to_string(site.instruction().operands[0].value + 1));
}

Text arrivalForCommit(const Site &site) {
  if (!site.is("tcgen05.commit") || site.opcode().find("multicast") != std::string::npos)
    return std::nullopt;
  const SyntaxOperand &base = site.instruction().operands[0].elements[0];
  bool isWide = base.kind == SyntaxOperand::Kind::Register && base.reg.bits == 64;
  return replaced(site, R"(^[\s\S]*\[\s*([%$\w]+)[\s\S]*$)",
                  isWide
                      ? "{ .reg .b32 girih_q; cvt.u32.u64 girih_q, $1; @mbarrier.arrive.shared::cta.b64 _, [girih_q]; }"
                      : "@mbarrier.arrive.shared::cta.b64 _, [$1];");
}

bool isTensorProduct(const Site &site) { return site.is("tcgen05.mma."); }

/// Whether a predicate always says so: its only definition compares a known
/// number with zero.
bool isKnown(const Site &site, const SyntaxOperand &predicate, bool value) {
  std::optional<bool> found;
  for (size_t at = 0; at < site.function.body.size(); ++at) {
    const SyntaxInstruction &other = site.function.body[at];
    if (other.operands.empty() || other.operands[0].kind != SyntaxOperand::Kind::Register ||
        other.operands[0].reg.cls != RegisterClass::Predicate || other.operands[0].reg.name != predicate.reg.name)
      continue;
    bool isCompare = other.opcode.starts_with("setp.ne.") && other.operands[2].kind == SyntaxOperand::Kind::Integer;
    auto number = isCompare ? site.constant(other.operands[1]) : std::nullopt;
    if (found || !number)
      return false;
    found = *number != other.operands[2].value;
  }
  return found == value;
}

/// Whether the product is added to what is there is said the other way.
Text addsAlways(const Site &site, bool adds) {
  const SyntaxOperand *last = isTensorProduct(site) ? &site.instruction().operands.back() : nullptr;
  if (!last || last->kind != SyntaxOperand::Kind::Register || last->reg.cls != RegisterClass::Predicate ||
      isKnown(site, *last, adds))
    return std::nullopt;
  return replaced(site, R"(^([\s\S]*,\s*)!?[%$\w]+\s*;$)",
                  std::string("{ .reg .pred girih_p; setp.eq.u32 girih_p, 0, ") + (adds ? "0" : "1") +
                      "; @$1girih_p; }");
}

/// Bits of the instruction descriptor, the operand behind A and B.
Text descriptorBit(const Site &site, unsigned bit) {
  if (!isTensorProduct(site) || site.instruction().operands[1].kind != SyntaxOperand::Kind::Register)
    return std::nullopt;
  return replaced(site, R"(^(\S+\s+\[[^\]]*\]\s*,\s*[%$\w]+\s*,\s*[%$\w]+\s*,\s*)([%$\w]+)([\s\S]*)$)",
                  "{ .reg .b32 girih_q; xor.b32 girih_q, $2, " + std::to_string(1u << bit) + "; @$1girih_q$3 }");
}

/// The descriptor of B, behind the accumulator and A in any of their forms.
Text operandFurther(const Site &site) {
  if (!isTensorProduct(site) && !site.is("wgmma.mma_async"))
    return std::nullopt;
  return replaced(site, R"(^([\s\S]*?[\]}]\s*,\s*(?:\[[^\]]*\]|\{[^}]*\}|[%$\w]+)\s*,\s*)([%$\w]+)([\s\S]*)$)",
                  "{ .reg .b64 girih_q; add.s64 girih_q, $2, 2; @$1girih_q$3 }");
}

const std::vector<FaultKind> table = {
    {"wait dropped",
     [](const Site &s) {
       return isWait(s) ? replaced(s, R"(^\S+\s+([%$\w]+)[\s\S]*$)", "setp.eq.u32 $1, 0, 0;") : std::nullopt;
     }},
    {"wait for the other parity", [](const Site &s) { return waitFor(s, "xor.b32 girih_q, $2, 1;"); }},
    {"wait for parity 0 always", [](const Site &s) { return waitForParity(s, 0); }},
    {"wait for parity 1 always", [](const Site &s) { return waitForParity(s, 1); }},
    {"wait on the next barrier", [](const Site &s) { return isWait(s) ? shifted(s, 0, 8) : std::nullopt; }},
    {"arrival dropped", [](const Site &s) { return dropWhere(isArrival(s)); }},
    {"arrival twice", [](const Site &s) { return twiceWhere(s, isArrival(s)); }},
    {"half of the bytes expected",
     [](const Site &s) { return expectsBytes(s) ? lastOperand(s, "shr.u32 girih_q, $2, 1;") : std::nullopt; }},
    {"twice the bytes expected",
     [](const Site &s) { return expectsBytes(s) ? lastOperand(s, "shl.b32 girih_q, $2, 1;") : std::nullopt; }},
    {"no bytes expected",
     [](const Site &s) {
       return s.is("mbarrier.arrive.expect_tx")
                  ? replaced(s, R"(^mbarrier\.arrive\.expect_tx([\s\S]*),\s*[%$\w]+\s*;$)", "@mbarrier.arrive$1;")
                  : std::nullopt;
     }},
    {"arrival with bytes dropped", [](const Site &s) { return dropWhere(expectsBytes(s)); }},
    {"one arrival too many expected",
     [](const Site &s) { return s.is("mbarrier.init") ? lastOperand(s, "add.u32 girih_q, $2, 1;") : std::nullopt; }},
    {"half of the arrivals expected", halfOfTheArrivals},
    {"barrier not initialised", [](const Site &s) { return dropWhere(s.is("mbarrier.init")); }},
    {"initialisation not fenced", [](const Site &s) { return dropWhere(s.is("fence.mbarrier_init")); }},
    {"proxy fence dropped", [](const Site &s) { return dropWhere(s.is("fence.proxy")); }},
    {"proxy fence of global memory",
     [](const Site &s) {
       bool isOther = s.is("fence.proxy.async") && s.opcode().find("global") == std::string::npos;
       return isOther ? Text("@fence.proxy.async.global;") : std::nullopt;
     }},
    {"barrier of the CTA or a role dropped",
     [](const Site &s) {
       return dropWhere((s.is("bar.") && !s.is("bar.warp")) || (s.is("barrier.") && !s.is("barrier.cluster")));
     }},
    {"arrival at the cluster's barrier dropped",
     [](const Site &s) { return dropWhere(s.is("barrier.cluster.arrive")); }},
    {"wait for the cluster's barrier dropped", [](const Site &s) { return dropWhere(s.is("barrier.cluster.wait")); }},
    {"bar.warp.sync dropped", [](const Site &s) { return dropWhere(s.is("bar.warp.sync")); }},
    {"copy dropped", [](const Site &s) { return dropWhere(isCopy(s)); }},
    {"copy counted on the next barrier",
     [](const Site &s) { return isCopy(s) && countsBytes(s) ? shifted(s, 2, 8) : std::nullopt; }},
    {"copy from 8 elements further",
     [](const Site &s) {
       return s.is("cp.async.bulk.tensor") ? replaced(s, R"(^([\s\S]*?\{\s*)([%$\w]+)([\s\S]*)$)",
                                                      "{ .reg .b32 girih_q; add.u32 girih_q, $2, 8; @$1girih_q$3 }")
                                           : std::nullopt;
     }},
    {"copy to 8192 bytes further",
     [](const Site &s) { return isCopy(s) && countsBytes(s) ? shifted(s, 0, 8192) : std::nullopt; }},
    {"group of copies not committed",
     [](const Site &s) { return dropWhere(s.is("cp.async.bulk.commit_group") || s.is("cp.async.commit_group")); }},
    {"wait for a group dropped",
     [](const Site &s) {
       return dropWhere(s.opcode().find("wait_group") != std::string::npos || s.is("cp.async.wait_all"));
     }},
    {"wait for a group leaves one more", waitForOneLess},
    {"wgmma.fence dropped", [](const Site &s) { return dropWhere(s.is("wgmma.fence")); }},
    {"wgmma.commit_group dropped", [](const Site &s) { return dropWhere(s.is("wgmma.commit_group")); }},
    {"commit dropped", [](const Site &s) { return dropWhere(s.is("tcgen05.commit")); }},
    {"commit twice", [](const Site &s) { return twiceWhere(s, s.is("tcgen05.commit")); }},
    {"commit on the next barrier",
     [](const Site &s) { return s.is("tcgen05.commit") ? shifted(s, 0, 8) : std::nullopt; }},
    {"arrival in place of a commit", arrivalForCommit},
    {"tcgen05.wait::ld dropped", [](const Site &s) { return dropWhere(s.is("tcgen05.wait::ld")); }},
    {"tcgen05.wait::st dropped", [](const Site &s) { return dropWhere(s.is("tcgen05.wait::st")); }},
    {"fence::before_thread_sync dropped", [](const Site &s) { return dropWhere(s.is("tcgen05.fence::before")); }},
    {"fence::after_thread_sync dropped", [](const Site &s) { return dropWhere(s.is("tcgen05.fence::after")); }},
    {"columns not allocated", [](const Site &s) { return dropWhere(s.is("tcgen05.alloc")); }},
    {"half of the columns allocated",
     [](const Site &s) { return s.is("tcgen05.alloc") ? lastOperand(s, "shr.u32 girih_q, $2, 1;") : std::nullopt; }},
    {"columns not given back", [](const Site &s) { return dropWhere(s.is("tcgen05.dealloc")); }},
    {"permit to allocate kept", [](const Site &s) { return dropWhere(s.is("tcgen05.relinquish_alloc_permit")); }},
    {"product added to what is there", [](const Site &s) { return addsAlways(s, true); }},
    {"product not added", [](const Site &s) { return addsAlways(s, false); }},
    {"product 8 columns further", [](const Site &s) { return isTensorProduct(s) ? shifted(s, 0, 8) : std::nullopt; }},
    {"operand A transposed", [](const Site &s) { return descriptorBit(s, 15); }},
    {"operand B transposed", [](const Site &s) { return descriptorBit(s, 16); }},
    {"operand B 32 bytes further", operandFurther},
    {"product dropped", [](const Site &s) { return dropWhere(s.is("tcgen05.mma") || s.is("wgmma.mma_async")); }},
    {"tensor memory read 8 columns further",
     [](const Site &s) { return s.is("tcgen05.ld.") ? shifted(s, 0, 8) : std::nullopt; }},
    {"tensor memory read in other lanes",
     [](const Site &s) { return s.is("tcgen05.ld.") ? shifted(s, 0, 32 << 16) : std::nullopt; }},
    {"tensor memory written 8 columns further",
     [](const Site &s) { return s.is("tcgen05.st.") ? shifted(s, 0, 8) : std::nullopt; }},
    {"registers not given back", [](const Site &s) { return dropWhere(s.is("setmaxnreg.dec")); }},
    {"all lanes in place of one",
     [](const Site &s) {
       return s.is("elect.sync") ? replaced(s, R"(^\S+\s+[%$\w]+\s*\|\s*([%$\w]+)[\s\S]*$)", "setp.eq.u32 $1, 0, 0;")
                                 : std::nullopt;
     }},
};

} // namespace

const std::vector<FaultKind> &faults() { return table; }

} // namespace girih::sim
