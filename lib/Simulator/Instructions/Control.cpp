//===- Control.cpp - Branches, exit, trap, setmaxnreg ---------------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

uint32_t target(Decoder &d, const std::string &name) {
  int found = d.label(name);
  if (found < 0)
    d.fail("no label '" + name + "' in scope");
  return static_cast<uint32_t>(found);
}

void decodeBra(Decoder &d) {
  d.has("uni");
  uint32_t to = target(d, d.raw(0).name);
  d.run([=](Step &s) {
    s.continueOthers();
    s.group.pc = to;
    return Outcome::Moved;
  });
}

void decodeBrx(Decoder &d) {
  d.require("idx");
  d.has("uni");
  Operand index = d.source(0, Type::U32);
  const auto &tables = d.currentFunction().syntax->branchTargets;
  auto found = tables.find(d.raw(1).name);
  if (found == tables.end())
    d.fail("no branch targets '" + d.raw(1).name + "'");
  std::vector<uint32_t> targets;
  for (const std::string &name : found->second)
    targets.push_back(target(d, name));
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto x = s.read<uint32_t>(index);
    s.continueOthers();
    uint32_t value = s.narrow(x);
    if (value >= targets.size())
      s.misuse("brx.idx has index " + std::to_string(value) + " of " + std::to_string(targets.size()) + " targets");
    s.group.pc = targets[value];
    return Outcome::Moved;
  });
}

void decodeExit(Decoder &d) {
  d.run([](Step &s) {
    s.continueOthers();
    s.warp.exitLanes(s.group, s.mask);
    return Outcome::Moved;
  });
}

void decodeTrap(Decoder &d) {
  d.run([](Step &s) -> Outcome { s.end(VerdictKind::Misuse, "the kernel traps"); });
}

/// A breakpoint without a debugger ends the kernel as a trap does.
void decodeBrkpt(Decoder &d) {
  d.run([](Step &s) -> Outcome { s.end(VerdictKind::Misuse, "the kernel hits a breakpoint"); });
}

/// Events of the performance monitor, which nobody watches here.
void decodePmevent(Decoder &d) {
  bool isMask = d.has("mask");
  int64_t event = d.literal(0), most = isMask ? 0xffff : 15;
  if (event < 0 || event > most)
    d.fail("event " + std::to_string(event) + " is not one of 0 to " + std::to_string(most));
  d.run([](Step &) { return Outcome::Next; });
}

void decodeNanosleep(Decoder &d) {
  d.type();
  d.source(0, Type::U32);
  d.run([](Step &) { return Outcome::Next; });
}

/// griddepcontrol: the launch here is the only one, so the dependencies have
/// always completed.
void decodeGriddepcontrol(Decoder &d) {
  d.oneOf({"wait", "launch_dependents"});
  d.run([](Step &) { return Outcome::Next; });
}

/// PTX ISA, "setmaxnreg": the warps of a warpgroup execute it together; dec
/// gives registers to the CTA's pool, inc waits until there are enough.
void decodeSetmaxnreg(Decoder &d) {
  bool isIncrease = d.oneOf({"inc", "dec"}) == "inc";
  d.require("sync");
  d.require("aligned");
  d.require("u32");
  int64_t count = d.literal(0);
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    Warp &warp = s.warp;
    Cta &cta = s.cta();
    if (count < 24 || count > 256 || count % 8)
      s.misuse("setmaxnreg has " + std::to_string(count) + " registers when 24 to 256 in steps of 8 are allowed");
    int64_t change = (count - int64_t(warp.registersPerThread)) * warpSize;
    if (isIncrease && change < 0)
      s.misuse("setmaxnreg.inc to " + std::to_string(count) + " registers when the warp has " +
               std::to_string(warp.registersPerThread));
    if (!isIncrease && change > 0)
      s.misuse("setmaxnreg.dec to " + std::to_string(count) + " registers when the warp has " +
               std::to_string(warp.registersPerThread));
    if (change > cta.freeRegisters) {
      Wait wait;
      wait.what = "setmaxnreg";
      Cta *owner = &cta;
      wait.describe = [owner, change, count] {
        return "for " + std::to_string(change) + " registers to reach " + std::to_string(count) +
               " a thread; the pool has " + std::to_string(owner->freeRegisters);
      };
      return s.wait(std::move(wait));
    }
    cta.freeRegisters -= change;
    warp.registersPerThread = uint32_t(count);
    ++s.cluster().progress;
    return Outcome::Next;
  });
}

} // namespace

void registerControl(DecodeTable &table) {
  table["bra"] = decodeBra;
  table["brx"] = decodeBrx;
  table["exit"] = decodeExit;
  table["trap"] = decodeTrap;
  table["brkpt"] = decodeBrkpt;
  table["pmevent"] = decodePmevent;
  table["nanosleep"] = decodeNanosleep;
  table["griddepcontrol"] = decodeGriddepcontrol;
  table["setmaxnreg"] = decodeSetmaxnreg;
}

} // namespace girih::sim
