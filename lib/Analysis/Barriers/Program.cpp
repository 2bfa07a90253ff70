// From roles to flat code: keeps what touches barriers or shared memory, and the
// scalars that it depends on; everything else is left out.
#include "Program.h"
#include "Slice.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

using namespace mlir;

namespace girih {
namespace {

using Code = BarrierProgram::Code;
using Instruction = BarrierProgram::Instruction;

class Decoder {
public:
  Decoder(gpu::GPUFuncOp kernel, BarrierProgram &program, SmallVectorImpl<BarrierFinding> &findings)
      : kernel(kernel), program(program), findings(findings) {}

  LogicalResult decode();

private:
  LogicalResult decodeMemory();
  LogicalResult decodeRole(tile::RoleOp role);
  LogicalResult decodeBlock(Block &block);
  void decodeLoop(scf::ForOp loop);
  void decodeIf(scf::IfOp op);
  void decodeScalar(Operation *op);
  void decodeEvent(Operation *op);

  LogicalResult refuse(Operation *op, const Twine &text) {
    findings.push_back({op->getLoc(), text.str(), {}});
    return failure();
  }
  int reg(Value value) {
    auto [entry, isNew] = registers.try_emplace(value, role->registers);
    role->registers += isNew;
    return entry->second;
  }
  Instruction &emit(Code code, Operation *op) {
    if (site < 0 || siteOp != op) {
      site = program.sites.size();
      siteOp = op;
      program.sites.push_back(op->getLoc());
    }
    role->code.push_back({code});
    role->code.back().site = site;
    return role->code.back();
  }
  void move(Value to, Value from, Operation *op) {
    Instruction &instruction = emit(Code::Move, op);
    instruction.dest = reg(to);
    instruction.a = reg(from);
  }

  gpu::GPUFuncOp kernel;
  BarrierProgram &program;
  SmallVectorImpl<BarrierFinding> &findings;
  BarrierProgram::Role *role = nullptr;
  BarrierSlice slice;
  DenseMap<Value, int> registers, arrays;
  Operation *siteOp = nullptr;
  int site = -1;
};

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

LogicalResult Decoder::decode() {
  WalkResult strange = kernel.walk([&](Operation *op) -> WalkResult {
    if (!isStrangeToBarriers(op))
      return WalkResult::advance();
    return refuse(op, "the check of barriers cannot follow '" + op->getName().getStringRef() + "'");
  });
  if (strange.wasInterrupted() || failed(decodeMemory()))
    return failure();
  for (tile::RoleOp op : kernel.getBody().front().getOps<tile::RoleOp>())
    if (failed(decodeRole(op)))
      return failure();
  return success();
}

/// Arrays of barriers and of slots, and that they lie apart.
LogicalResult Decoder::decodeMemory() {
  struct Range {
    int64_t begin, end;
    std::string name;
    Operation *op;
  };
  SmallVector<Range> ranges;
  for (Operation &op : kernel.getBody().front()) {
    if (auto array = dyn_cast<tile::BarriersOp>(op)) {
      tile::BarriersType type = array.getBarriers().getType();
      std::string name = "\"" + array.getName().str() + "\"";
      arrays[array.getBarriers()] = program.barrierArrays.size();
      program.barrierArrays.push_back({name, static_cast<int>(program.barriers.size()), type.getCount()});
      for (int64_t i = 0; i < type.getCount(); ++i)
        program.barriers.push_back({name + "[" + std::to_string(i) + "]", type.getArrivals()});
      program.depth = std::max(program.depth, type.getCount());
      program.period = std::lcm(program.period, 2 * type.getCount());
      int64_t begin = array.getOffset();
      ranges.push_back({begin, begin + 8 * type.getCount(), name, &op});
    } else if (auto buffer = dyn_cast<tile::AllocOp>(op)) {
      tile::BufferType type = buffer.getBuffer().getType();
      std::string name = "\"" + buffer.getName().str() + "\"";
      arrays[buffer.getBuffer()] = program.buffers.size();
      program.buffers.push_back({name, static_cast<int>(program.slots.size()), type.getCount()});
      for (int64_t i = 0; i < type.getCount(); ++i)
        program.slots.push_back("slot " + std::to_string(i) + " of " + name);
      int64_t begin = buffer.getOffset();
      ranges.push_back({begin, begin + type.getCount() * tile::sharedBytes(type.getTile()), name, &op});
    }
  }
  llvm::sort(ranges, [](const Range &a, const Range &b) { return a.begin < b.begin; });
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].begin < ranges[i - 1].end)
      return refuse(ranges[i].op, ranges[i].name + " starts at byte " + Twine(ranges[i].begin) + " but " +
                                      ranges[i - 1].name + " ends at byte " + Twine(ranges[i - 1].end) +
                                      ": the check of barriers needs them apart");
  return success();
}

LogicalResult Decoder::decodeRole(tile::RoleOp op) {
  program.roles.push_back(
      {"role \"" + op.getName().str() + "\"", static_cast<int64_t>(op.getWorkers()), op.getOneThread(), 0, {}, {}});
  role = &program.roles.back();
  registers.clear();
  slice = BarrierSlice(op);
  for (Operation &scalar : kernel.getBody().front())
    if (llvm::any_of(scalar.getResults(), [&](Value result) { return slice.needed.contains(result); }))
      decodeScalar(&scalar);
  if (failed(decodeBlock(op.getBody().front())))
    return failure();
  emit(Code::End, op);
  return success();
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

LogicalResult Decoder::decodeBlock(Block &block) {
  for (Operation &op : block) {
    bool isNeeded = llvm::any_of(op.getResults(), [&](Value result) { return slice.needed.contains(result); });
    if (!slice.eventful.contains(&op) && !isNeeded)
      continue;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      decodeLoop(loop);
      int index = role->loops.size() - 1;
      role->loops[index].body = role->code.size();
      if (failed(decodeBlock(*loop.getBody())))
        return failure();
      emit(Code::EndLoop, &op).target = index;
      role->loops[index].end = role->code.size();
    } else if (auto condition = dyn_cast<scf::IfOp>(op)) {
      int branch = role->code.size();
      emit(Code::Branch, &op).a = reg(condition.getCondition());
      if (failed(decodeBlock(*condition.thenBlock())))
        return failure();
      decodeIf(condition);
      int jump = role->code.size();
      emit(Code::Jump, &op);
      role->code[branch].target = role->code.size();
      if (condition.elseBlock()) {
        if (failed(decodeBlock(*condition.elseBlock())))
          return failure();
        for (auto [result, value] : llvm::zip(condition.getResults(), condition.elseYield().getOperands()))
          if (slice.needed.contains(result))
            move(result, value, &op);
      }
      role->code[jump].target = role->code.size();
    } else if (op.getNumRegions() > 0) {
      return refuse(&op, "the check of barriers cannot follow '" + op.getName().getStringRef() +
                             "' around barriers or shared memory");
    } else if (slice.eventful.contains(&op)) {
      decodeEvent(&op);
    } else {
      decodeScalar(&op);
    }
  }
  return success();
}

void Decoder::decodeIf(scf::IfOp op) {
  if (op.getNumResults() == 0)
    return;
  for (auto [result, value] : llvm::zip(op.getResults(), op.thenYield().getOperands()))
    if (slice.needed.contains(result))
      move(result, value, op);
}

void Decoder::decodeLoop(scf::ForOp op) {
  BarrierProgram::Loop loop;
  if (auto number = op->getAttrOfType<IntegerAttr>(tile::kLoopAttr))
    loop.number = number.getInt();
  loop.nonEmpty = op->hasAttr(tile::kNonEmptyAttr);
  auto isConstant = [](Value value) { return matchPattern(value, m_Constant()); };
  loop.isConstant = isConstant(op.getLowerBound()) && isConstant(op.getUpperBound()) && isConstant(op.getStep());
  loop.lower = reg(op.getLowerBound());
  loop.upper = reg(op.getUpperBound());
  loop.step = reg(op.getStep());
  loop.induction = reg(op.getInductionVar());
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    if (slice.needed.contains(result))
      loop.carried.push_back({reg(op.getRegionIterArgs()[i]), reg(op.getInitArgs()[i]),
                              reg(op.getBody()->getTerminator()->getOperand(i)), reg(result),
                              result.getType().isIntOrIndex()});
  emit(Code::Loop, op).target = role->loops.size();
  role->loops.push_back(std::move(loop));
}

//===----------------------------------------------------------------------===//
// Straight code
//===----------------------------------------------------------------------===//

void Decoder::decodeScalar(Operation *op) {
  APInt constant;
  if (op->getNumResults() == 1 && op->getResult(0).getType().isIntOrIndex() &&
      matchPattern(op, m_ConstantInt(&constant))) {
    Instruction &instruction = emit(Code::Constant, op);
    instruction.dest = reg(op->getResult(0));
    instruction.value = constant.getBitWidth() == 1 ? constant.getZExtValue() : constant.getSExtValue();
    return;
  }
  Code code = TypeSwitch<Operation *, Code>(op)
                  .Case<arith::AddIOp>([](auto) { return Code::Add; })
                  .Case<arith::SubIOp>([](auto) { return Code::Sub; })
                  .Case<arith::MulIOp>([](auto) { return Code::Mul; })
                  .Case<arith::DivUIOp, arith::DivSIOp>([](auto) { return Code::Div; })
                  .Case<arith::RemUIOp, arith::RemSIOp>([](auto) { return Code::Rem; })
                  .Case<arith::AndIOp>([](auto) { return Code::And; })
                  .Case<arith::OrIOp>([](auto) { return Code::Or; })
                  .Case<arith::XOrIOp>([](auto) { return Code::Xor; })
                  .Case<arith::MinSIOp, arith::MinUIOp>([](auto) { return Code::Min; })
                  .Case<arith::MaxSIOp, arith::MaxUIOp>([](auto) { return Code::Max; })
                  .Case<arith::SelectOp>([](auto) { return Code::Select; })
                  .Case<arith::CmpIOp>([](auto) { return Code::Compare; })
                  .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtUIOp, arith::TruncIOp, tile::SliceOp>(
                      [](auto) { return Code::Move; })
                  .Case<tile::WorkerOp>([](auto) { return Code::Worker; })
                  .Case<tile::SlotOp>([](auto) { return Code::Slot; })
                  .Default([](auto) { return Code::Unknown; });
  for (OpResult result : op->getResults()) {
    if (!slice.needed.contains(result))
      continue;
    Instruction &instruction = emit(code, op);
    instruction.dest = reg(result);
    if (code == Code::Slot) {
      instruction.a = reg(op->getOperand(1));
      auto array = arrays.find(op->getOperand(0));
      instruction.target = array == arrays.end() ? -1 : array->second;
    } else if (code != Code::Unknown) {
      int *operands[] = {&instruction.a, &instruction.b, &instruction.c};
      for (auto [to, operand] : llvm::zip(operands, op->getOperands()))
        *to = reg(operand);
    }
    if (auto compare = dyn_cast<arith::CmpIOp>(op))
      instruction.value = static_cast<int64_t>(compare.getPredicate());
  }
}

void Decoder::decodeEvent(Operation *op) {
  auto arrayOf = [&](Value value) {
    auto array = arrays.find(value);
    return array == arrays.end() ? -1 : array->second;
  };
  auto fill = [&](Code code, Value a, Value b = {}, Value array = {}, int64_t value = 0) -> Instruction & {
    Instruction &instruction = emit(code, op);
    instruction.a = a ? reg(a) : -1;
    instruction.b = b ? reg(b) : -1;
    instruction.target = array ? arrayOf(array) : -1;
    instruction.value = value;
    return instruction;
  };
  TypeSwitch<Operation *>(op)
      .Case([&](tile::BarrierWaitOp wait) { fill(Code::Wait, wait.getIndex(), wait.getParity(), wait.getBarriers()); })
      .Case([&](tile::BarrierArriveOp arrive) { fill(Code::Arrive, arrive.getIndex(), {}, arrive.getBarriers()); })
      .Case([&](tile::BarrierExpectOp expect) {
        fill(Code::Expect, expect.getIndex(), {}, expect.getBarriers(), expect.getBytes());
      })
      .Case([&](tile::CopyOp copy) {
        Instruction &instruction = fill(Code::Copy, copy.getBarrier(), copy.getDest(), copy.getBarriers(),
                                        tile::sharedBytes(copy.getDest().getType()));
        instruction.isPart = static_cast<bool>(copy.getDest().getDefiningOp<tile::SliceOp>());
      })
      .Case([&](tile::SyncOp sync) { fill(Code::Sync, sync.getBarrier(), sync.getThreads()); })
      .Case([&](NVVM::BarrierOp sync) { fill(Code::Sync, sync.getBarrierId(), sync.getNumberOfThreads()); })
      .Case(
          [&](NVVM::BarrierArriveOp signal) { fill(Code::Signal, signal.getBarrierId(), signal.getNumberOfThreads()); })
      .Case([&](tile::MmaAsyncOp mma) {
        Instruction &instruction = fill(Code::Mma, isSharedTile(mma.getA()) ? mma.getA() : Value(),
                                        isSharedTile(mma.getB()) ? mma.getB() : Value());
        instruction.dest = reg(mma.getResult());
      })
      .Case([&](tile::AwaitOp await) { fill(Code::Await, await.getValue(), {}, {}, await.getInFlight()); })
      .Case([&](tile::WriteSharedOp write) { fill(Code::Write, write.getDest()); })
      .Case([&](tile::PublishOp publish) { fill(Code::Publish, publish.getBarrier()); })
      .Case([&](tile::StoreOp store) { fill(Code::Store, store.getTile()); })
      .Case([&](tile::DrainStoresOp drain) { fill(Code::Drain, drain.getBarrier()); })
      .Default([&](Operation *reader) {
        for (Value operand : reader->getOperands())
          if (isSharedTile(operand))
            fill(Code::Read, operand);
        for (Value result : reader->getResults())
          if (slice.needed.contains(result)) {
            Instruction &instruction = emit(Code::Unknown, reader);
            instruction.dest = reg(result);
          }
      });
}

} // namespace

void decodeBarrierProgram(gpu::GPUFuncOp kernel, BarrierProgram &program, SmallVectorImpl<BarrierFinding> &findings) {
  (void)Decoder(kernel, program, findings).decode();
}

} // namespace girih
