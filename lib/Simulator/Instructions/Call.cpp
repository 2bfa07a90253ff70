//===- Call.cpp - call, ret -----------------------------------------------===//
//
// Arguments and results travel through the frames in local memory, as `.param`
// variables of the caller and formal parameters of the callee; registers and
// numbers are written there first.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "SystemCall.h"

namespace girih::sim {
namespace {

using Wide = unsigned __int128;

/// The operands of one call; `results` outlives the call, as frames point to
/// it.
struct CallSite {
  /// Null for an indirect call.
  const CompiledFunction *callee = nullptr;
  Operand pointer;
  std::vector<ActualParameter> arguments, results;
};

ActualParameter bindActual(Decoder &d, const SyntaxOperand &operand, bool isResult) {
  ActualParameter made;
  if (operand.variable && operand.variable->space == StateSpace::Param) {
    made.offset = operand.variable->address;
    made.size = operand.variable->size;
  } else {
    made.value = isResult ? d.bindDestination(operand) : d.bindSource(operand, Type::B64);
  }
  return made;
}

std::vector<ActualParameter> bindList(Decoder &d, const SyntaxOperand *list, bool isResult) {
  std::vector<ActualParameter> made;
  if (list)
    for (const SyntaxOperand &operand : list->elements)
      made.push_back(bindActual(d, operand, isResult));
  return made;
}

std::string mismatch(const CallSite &site, const CompiledFunction &callee) {
  auto count = [&](size_t actual, size_t formal, const char *what) {
    return actual == formal ? ""
                            : "passes " + std::to_string(actual) + " " + what + " where '" + callee.syntax->name +
                                  "' has " + std::to_string(formal);
  };
  std::string found = count(site.arguments.size(), callee.parameters.size(), "values");
  return found.empty() ? count(site.results.size(), callee.results.size(), "results") : found;
}

/// Copies between a caller's actual and a callee's formal parameters, of each
/// executing lane.
void copyParameter(Step &s, uint64_t from, uint64_t to, uint64_t size) {
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (s.mask >> lane & 1)
      std::memcpy(s.warp.local[lane].data() + to, s.warp.local[lane].data() + from, size);
}

void storeParameter(Step &s, const Lanes<Wide> &values, uint64_t to, uint64_t size) {
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (s.mask >> lane & 1)
      std::memcpy(s.warp.local[lane].data() + to, &values[lane], std::min<uint64_t>(size, 16));
}

Lanes<Wide> loadParameter(const Step &s, uint64_t from, uint64_t size) {
  Lanes<Wide> values{};
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (s.mask >> lane & 1)
      std::memcpy(&values[lane], s.warp.local[lane].data() + from, std::min<uint64_t>(size, 16));
  return values;
}

Outcome enter(Step &s, const CallSite &site, const CompiledFunction &callee) {
  Frame caller = s.group.frame();
  Frame frame = s.warp.makeFrame(callee, caller, false);
  frame.returnTo = s.group.pc + 1;
  frame.results = &site.results;
  for (size_t i = 0; i < site.arguments.size(); ++i) {
    const ActualParameter &actual = site.arguments[i];
    const FormalParameter &formal = callee.parameters[i];
    uint64_t to = frame.localBase + formal.offset, size = std::min(actual.size, formal.size);
    if (actual.value)
      storeParameter(s, s.read<Wide>(actual.value), to, size);
    else
      copyParameter(s, caller.localBase + actual.offset, to, size);
  }
  size_t depth = s.group.stack.size();
  if (s.warp.stackPointers.size() <= depth)
    s.warp.stackPointers.emplace_back();
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (s.mask >> lane & 1)
      s.warp.stackPointers[depth][lane] = s.warp.stackPointers[depth - 1][lane];
  s.group.stack.push_back(frame);
  s.defined = allLanes;
  for (const FormalParameter &formal : callee.parameters)
    if (formal.reg)
      s.write(formal.reg, loadParameter(s, frame.localBase + formal.offset, formal.size));
  s.group.pc = 0;
  return Outcome::Moved;
}

/// `call (results), function, (arguments)`, and with a register in place of
/// the function, a prototype or table after the arguments.
void decodeCall(Decoder &d) {
  d.has("uni");
  auto site = std::make_shared<CallSite>();
  size_t at = 0;
  const SyntaxOperand *results = nullptr, *arguments = nullptr;
  if (d.raw(0).kind == SyntaxOperand::Kind::List)
    results = &d.raw(at++);
  const SyntaxOperand &target = d.raw(at++);
  if (at < d.count() && d.raw(at).kind == SyntaxOperand::Kind::List)
    arguments = &d.raw(at++);
  site->arguments = bindList(d, arguments, false);
  site->results = bindList(d, results, true);
  if (target.kind == SyntaxOperand::Kind::Register) {
    const SyntaxOperand &list = d.raw(at);
    auto found = d.currentFunction().syntax->prototypes.find(list.name);
    if (found == d.currentFunction().syntax->prototypes.end()) {
      if (!list.variable)
        d.fail("no prototype or table '" + list.name + "'");
    } else if (found->second.parameters != site->arguments.size() || found->second.results != site->results.size()) {
      d.fail("passes " + std::to_string(site->arguments.size()) + " values and takes " +
             std::to_string(site->results.size()) + " where prototype '" + list.name + "' has " +
             std::to_string(found->second.parameters) + " and " + std::to_string(found->second.results));
    }
    site->pointer = d.bindSource(target, Type::B64);
    d.instruction().passesUndefined = false;
  } else {
    site->callee = d.currentProgram().find(target.name);
    if (const SystemCall *call = site->callee ? nullptr : findSystemCall(target.name)) {
      if (site->arguments.size() != call->parameters || site->results.size() > call->results)
        d.fail("passes " + std::to_string(site->arguments.size()) + " values and takes " +
               std::to_string(site->results.size()) + " where '" + target.name + "' has " +
               std::to_string(call->parameters) + " and " + std::to_string(call->results));
      return d.run([site, call](Step &s) {
        Lanes<uint32_t> result = call->run(s, site->arguments);
        for (const ActualParameter &actual : site->results)
          if (actual.value)
            s.write(actual.value, result);
          else
            for (unsigned lane = 0; lane < warpSize; ++lane)
              if (s.mask >> lane & 1)
                std::memcpy(s.warp.local[lane].data() + s.group.frame().localBase + actual.offset, &result[lane],
                            std::min<uint64_t>(actual.size, sizeof(uint32_t)));
        return Outcome::Next;
      });
    }
    if (!site->callee)
      d.unsupported("no body for function '" + target.name + "'");
    if (std::string wrong = mismatch(*site, *site->callee); !wrong.empty())
      d.fail(wrong);
  }
  d.run([site](Step &s) {
    s.continueOthers();
    const CompiledFunction *callee = site->callee;
    if (!callee) {
      uint64_t address = s.narrow(s.read<uint64_t>(site->pointer));
      callee = s.group.frame().function->program->functionAt(address);
      if (!callee)
        s.misuse("calls address " + std::to_string(address) + ", where no function is");
      if (std::string wrong = mismatch(*site, *callee); !wrong.empty())
        s.misuse(wrong);
    }
    return enter(s, *site, *callee);
  });
}

void decodeRet(Decoder &d) {
  d.has("uni");
  d.run([](Step &s) {
    s.continueOthers();
    if (s.group.stack.size() == 1) {
      s.warp.exitLanes(s.group, s.mask);
      return Outcome::Moved;
    }
    const Frame callee = s.group.frame();
    const std::vector<FormalParameter> &formals = callee.function->results;
    for (const FormalParameter &formal : formals)
      if (formal.reg)
        storeParameter(s, s.read<Wide>(formal.reg), callee.localBase + formal.offset, formal.size);
    s.group.stack.pop_back();
    uint64_t base = s.group.frame().localBase;
    for (size_t i = 0; i < callee.results->size(); ++i) {
      const ActualParameter &actual = (*callee.results)[i];
      uint64_t from = callee.localBase + formals[i].offset, size = std::min(actual.size, formals[i].size);
      if (actual.value)
        s.write(actual.value, loadParameter(s, from, size));
      else
        copyParameter(s, from, base + actual.offset, size);
    }
    s.group.pc = callee.returnTo;
    return Outcome::Moved;
  });
}

} // namespace

void registerCall(DecodeTable &table) {
  table["call"] = decodeCall;
  table["ret"] = decodeRet;
}

} // namespace girih::sim
