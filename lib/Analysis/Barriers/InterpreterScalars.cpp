// Integers: exact ones as two's complement, signed, of their width.
#include "Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace girih {

using Code = BarrierProgram::Code;

Residue BarrierInterpreter::compare(int64_t predicate, Residue a, Residue b) const {
  using arith::CmpIPredicate;
  auto kind = static_cast<CmpIPredicate>(predicate);
  if (a.isExact() && b.isExact()) {
    APInt left(64, a.value, /*isSigned=*/true), right(64, b.value, /*isSigned=*/true);
    return Residue::exact(arith::applyCmpPredicate(kind, left, right) ? 1 : 0);
  }
  if (Residue::differ(a, b)) {
    if (kind == CmpIPredicate::eq)
      return Residue::exact(0);
    if (kind == CmpIPredicate::ne)
      return Residue::exact(1);
  }
  return Residue::unknown();
}

Step BarrierInterpreter::scalar(Agent &agent, const Instruction &instruction) {
  auto in = [&](int operand) { return agent.registers[operand]; };
  auto exactly = [&](auto function) {
    Residue a = in(instruction.a), b = in(instruction.b);
    return a.isExact() && b.isExact() ? Residue::exact(function(a.value, b.value)) : Residue::unknown();
  };
  Residue &dest = agent.registers[instruction.dest];
  switch (instruction.code) {
  case Code::Constant:
    dest = Residue::exact(instruction.value);
    break;
  case Code::Draw:
    dest = Residue::unknown();
    dest.source = ++draws;
    break;
  case Code::Worker:
    dest = Residue::exact(agent.worker);
    break;
  case Code::Cta:
    dest = Residue::exact(agent.cta);
    break;
  case Code::Move:
    dest = in(instruction.a);
    break;
  case Code::Add:
    dest = in(instruction.a) + in(instruction.b);
    break;
  case Code::Sub:
    dest = in(instruction.a) - in(instruction.b);
    break;
  case Code::Mul:
    dest = in(instruction.a) * in(instruction.b);
    break;
  case Code::Div:
    dest = in(instruction.a) / in(instruction.b);
    break;
  case Code::Rem:
    dest = in(instruction.a) % in(instruction.b);
    break;
  case Code::And:
    dest = in(instruction.a) & in(instruction.b);
    break;
  case Code::Xor:
    dest = in(instruction.a) ^ in(instruction.b);
    break;
  case Code::Or:
    dest = exactly([](int64_t a, int64_t b) { return a | b; });
    break;
  case Code::Min:
    dest = exactly([](int64_t a, int64_t b) { return std::min(a, b); });
    break;
  case Code::Max:
    dest = exactly([](int64_t a, int64_t b) { return std::max(a, b); });
    break;
  case Code::Compare:
    dest = compare(instruction.value, in(instruction.a), in(instruction.b));
    break;
  case Code::HasRun: {
    int64_t count = agent.lastCount[instruction.target];
    dest = count < 0 ? Residue::unknown() : Residue::exact(count > 0);
    break;
  }
  case Code::FirstRound: {
    auto frame = llvm::find_if(agent.frames, [&](const Frame &one) { return one.loop == instruction.target; });
    if (frame != agent.frames.end())
      dest = Residue::exact((frame->done == 0) == (instruction.value != 0));
    else
      dest = Residue::unknown();
    break;
  }
  case Code::MinUnsigned:
  case Code::MaxUnsigned:
    if (in(instruction.a).value < 0 || in(instruction.b).value < 0) {
      dest = Residue::unknown();
      break;
    }
    dest = instruction.code == Code::MinUnsigned ? exactly([](int64_t a, int64_t b) { return std::min(a, b); })
                                                 : exactly([](int64_t a, int64_t b) { return std::max(a, b); });
    break;
  case Code::ZeroExtend: {
    Residue source = in(instruction.a);
    bool isNegative = source.isExact() && source.value < 0;
    uint64_t mask = llvm::maskTrailingOnes<uint64_t>(instruction.value);
    dest = isNegative ? Residue::exact(source.value & mask) : source;
    break;
  }
  case Code::Select: {
    Residue condition = in(instruction.a);
    dest = condition.isExact() ? in(condition.value ? instruction.b : instruction.c) : Residue::unknown();
    break;
  }
  default:
    dest = Residue::unknown();
  }
  dest = dest.wrapped(instruction.width);
  return Step::Done;
}

} // namespace girih
