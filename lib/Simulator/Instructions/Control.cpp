//===- Control.cpp - Branches, calls, exit, setmaxnreg --------------------===//
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
    LaneMask staying = s.group.mask & ~s.mask;
    if (staying)
      s.warp.split(s.group, staying, s.group.pc + 1);
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
    uint32_t next = s.group.pc + 1;
    LaneMask left = s.mask, staying = s.group.mask & ~s.mask;
    if (staying)
      s.warp.split(s.group, staying, next);
    while (left) {
      uint32_t value = x[unsigned(__builtin_ctz(left))];
      if (value >= targets.size())
        s.misuse("brx.idx has index " + std::to_string(value) + " of " + std::to_string(targets.size()) + " targets");
      LaneMask same = 0;
      for (unsigned i = 0; i < warpSize; ++i)
        if (left >> i & 1 && x[i] == value)
          same |= 1u << i;
      left &= ~same;
      if (left)
        s.warp.split(s.group, same, targets[value]);
      else
        s.group.pc = targets[value];
    }
    return Outcome::Moved;
  });
}

/// `call (results), function, (arguments)`: `.param` variables of the caller
/// are copied into the callee's frame and back.
void decodeCall(Decoder &d) {
  d.has("uni");
  size_t at = 0;
  const SyntaxOperand *results = nullptr, *arguments = nullptr;
  if (d.raw(0).kind == SyntaxOperand::Kind::List)
    results = &d.raw(at++);
  std::string name = d.raw(at++).name;
  if (at < d.count() && d.raw(at).kind == SyntaxOperand::Kind::List)
    arguments = &d.raw(at);
  auto found = d.currentProgram().functions.find(name);
  if (found == d.currentProgram().functions.end())
    d.unsupported("no body for function '" + name + "'");
  const CompiledFunction *callee = found->second.get();
  auto copies = [&](const SyntaxOperand *actual, const std::vector<Parameter> &formal, bool isResult) {
    auto list = std::make_shared<std::vector<ParameterCopy>>();
    size_t count = actual ? actual->elements.size() : 0;
    if (count != formal.size())
      d.fail("passes " + std::to_string(count) + " values where '" + name + "' has " + std::to_string(formal.size()));
    for (size_t i = 0; i < count; ++i) {
      const Variable *variable = actual->elements[i].variable;
      if (!variable || variable->space != StateSpace::Param)
        d.unsupported("an argument that is not a .param variable");
      uint64_t mine = variable->address, theirs = callee->paramOffsets.at(formal[i].name);
      uint64_t size = std::min(variable->size, formal[i].size);
      list->push_back(isResult ? ParameterCopy{theirs, mine, size} : ParameterCopy{mine, theirs, size});
    }
    return list;
  };
  auto in = copies(arguments, callee->syntax->parameters, false);
  auto out = copies(results, callee->syntax->results, true);
  d.run([=](Step &s) {
    LaneMask staying = s.group.mask & ~s.mask;
    if (staying)
      s.warp.split(s.group, staying, s.group.pc + 1);
    Frame caller = s.group.frame();
    Frame frame = s.warp.makeFrame(*callee, caller, false);
    frame.returnTo = s.group.pc + 1;
    frame.results = out.get();
    for (unsigned lane = 0; lane < warpSize; ++lane)
      if (s.mask >> lane & 1)
        for (const ParameterCopy &copy : *in)
          std::memcpy(s.warp.local[lane].data() + frame.localBase + copy.to,
                      s.warp.local[lane].data() + caller.localBase + copy.from, copy.size);
    s.group.stack.push_back(frame);
    s.group.pc = 0;
    return Outcome::Moved;
  });
}

Outcome leave(Step &s) {
  LaneMask staying = s.group.mask & ~s.mask;
  if (staying)
    s.warp.split(s.group, staying, s.group.pc + 1);
  s.warp.exitLanes(s.group, s.mask);
  return Outcome::Moved;
}

void decodeRet(Decoder &d) {
  d.has("uni");
  d.run([](Step &s) {
    if (s.group.stack.size() == 1)
      return leave(s);
    LaneMask staying = s.group.mask & ~s.mask;
    if (staying)
      s.warp.split(s.group, staying, s.group.pc + 1);
    Frame callee = s.group.frame();
    s.group.stack.pop_back();
    const Frame &caller = s.group.frame();
    for (unsigned lane = 0; lane < warpSize; ++lane)
      if (s.mask >> lane & 1)
        for (const ParameterCopy &copy : *callee.results)
          std::memcpy(s.warp.local[lane].data() + caller.localBase + copy.to,
                      s.warp.local[lane].data() + callee.localBase + copy.from, copy.size);
    s.group.pc = callee.returnTo;
    return Outcome::Moved;
  });
}

void decodeExit(Decoder &d) { d.run(leave); }

void decodeTrap(Decoder &d) {
  d.run([](Step &s) -> Outcome { s.misuse("the kernel traps"); });
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
  table["call"] = decodeCall;
  table["ret"] = decodeRet;
  table["exit"] = decodeExit;
  table["trap"] = decodeTrap;
  table["nanosleep"] = decodeNanosleep;
  table["griddepcontrol"] = decodeGriddepcontrol;
  table["setmaxnreg"] = decodeSetmaxnreg;
}

} // namespace girih::sim
