// From roles to flat code: keeps what touches barriers or shared memory, and the
// scalars that it depends on; everything else is left out.
#include "Program.h"
#include "Effects.h"
#include "Registers.h"
#include "Slice.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
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

  void decode();

private:
  void decodeMemory();
  void decodeRole(tile::RoleOp role);
  void decodeBlock(Block &block);
  void decodeLoop(scf::ForOp loop);
  void decodeBranch(scf::IfOp op, Block *block);
  void decodePuts(Operation *op);
  void putAll(ValueRange into, ValueRange values, Operation *op);
  bool isNeeded(Operation *op) const;
  void decodeScalar(Operation *op);
  void decodeEvent(Operation *op);

  void refuse(Operation *op, const Twine &text) { findings.push_back({op->getLoc(), text.str(), {}}); }
  int reg(Value value) {
    auto [entry, isNew] = registers.try_emplace(value, role->registers);
    role->registers += isNew;
    return entry->second;
  }
  int numberOf(Value tile) { return tiles.try_emplace(tile, tiles.size()).first->second; }
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
  std::optional<TileRegisters> tileRegisters;
  DenseMap<Value, int> registers, arrays, tiles;
  Operation *siteOp = nullptr;
  int site = -1;
};

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void Decoder::decode() {
  llvm::DenseSet<OperationName> refused; // each kind of op once
  kernel.walk([&](Operation *op) {
    if (op == kernel)
      return;
    if (std::string why = whyNotFollowed(op); !why.empty() && refused.insert(op->getName()).second)
      refuse(op, "the check of barriers cannot follow '" + op->getName().getStringRef() + "': " + why);
    auto role = op->getParentOfType<tile::RoleOp>();
    if (role && role.getOneThread() &&
        isa<tile::MmaAsyncOp, tile::AwaitOp, tile::ReduceOp, tile::WriteSharedOp, tile::ScatterOp>(op))
      refuse(op, "'" + op->getName().getStringRef() + "' needs all threads of a worker, but role \"" + role.getName() +
                     "\" has one_thread");
  });
  checkResources(kernel, findings);
  if (findings.empty())
    decodeMemory();
  if (!findings.empty())
    return;
  for (tile::RoleOp op : kernel.getBody().front().getOps<tile::RoleOp>())
    decodeRole(op);
}

/// Arrays of barriers and of slots. As each element has a state, there are limits.
void Decoder::decodeMemory() {
  for (Operation &op : kernel.getBody().front()) {
    auto barriers = dyn_cast<tile::BarriersOp>(op);
    auto buffer = dyn_cast<tile::AllocOp>(op);
    if (!barriers && !buffer)
      continue;
    std::string name = "\"" + (barriers ? barriers.getName() : buffer.getName()).str() + "\"";
    int64_t count = barriers ? barriers.getBarriers().getType().getCount() : buffer.getBuffer().getType().getCount();
    int64_t objects = program.barriers.size() + program.slots.size() + count;
    if (objects > kMaxObjects)
      return refuse(&op, "with " + name + " the kernel has " + Twine(objects) +
                             " barriers and slots; the check of barriers follows up to " + Twine(kMaxObjects));
    auto &arraysOfKind = barriers ? program.barrierArrays : program.buffers;
    arrays[op.getResult(0)] = arraysOfKind.size();
    arraysOfKind.push_back({name, static_cast<int>(barriers ? program.barriers.size() : program.slots.size()), count});
    for (int64_t i = 0; i < count && barriers; ++i)
      program.barriers.push_back(
          {name + "[" + std::to_string(i) + "]", barriers.getBarriers().getType().getArrivals()});
    for (int64_t i = 0; i < count && buffer; ++i)
      program.slots.push_back("slot " + std::to_string(i) + " of " + name);
    if (!barriers)
      continue;
    program.depth = std::max(program.depth, count);
    program.period = std::lcm(program.period, 2 * count);
    if (program.period > kMaxPeriod)
      return refuse(kernel, "the rings of this kernel are back at their start only after " + Twine(program.period) +
                                " rounds; barriers are checked for up to " + Twine(kMaxPeriod));
  }
}

void Decoder::decodeRole(tile::RoleOp op) {
  program.roles.push_back(
      {"role \"" + op.getName().str() + "\"", static_cast<int64_t>(op.getWorkers()), op.getOneThread(), 0, {}, {}});
  role = &program.roles.back();
  registers.clear();
  tiles.clear();
  slice = BarrierSlice(op);
  tileRegisters.emplace(op);
  for (Operation &scalar : kernel.getBody().front())
    if (isNeeded(&scalar))
      decodeScalar(&scalar);
  decodeBlock(op.getBody().front());
  emit(Code::End, op);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

bool Decoder::isNeeded(Operation *op) const {
  return llvm::any_of(op->getResults(), [&](Value result) { return slice.needed.contains(result); });
}

void Decoder::decodeBlock(Block &block) {
  for (Operation &op : block) {
    if (!slice.eventful.contains(&op) && !isNeeded(&op)) {
      decodePuts(&op);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      putAll(loop.getRegionIterArgs(), loop.getInitArgs(), loop);
      decodeLoop(loop);
      int index = role->loops.size() - 1;
      role->loops[index].body = role->code.size();
      decodeBlock(*loop.getBody());
      putAll(loop.getRegionIterArgs(), loop.getYieldedValues(), loop.getBody()->getTerminator());
      emit(Code::EndLoop, &op).target = index;
      role->loops[index].end = role->code.size();
    } else if (auto condition = dyn_cast<scf::IfOp>(op)) {
      int branch = role->code.size();
      emit(Code::Branch, &op).a = reg(condition.getCondition());
      decodeBranch(condition, condition.thenBlock());
      int jump = role->code.size();
      emit(Code::Jump, &op);
      role->code[branch].target = role->code.size();
      if (condition.elseBlock())
        decodeBranch(condition, condition.elseBlock());
      role->code[jump].target = role->code.size();
    } else {
      slice.eventful.contains(&op) ? decodeEvent(&op) : decodeScalar(&op);
      decodePuts(&op);
    }
  }
}

void Decoder::decodeBranch(scf::IfOp op, Block *block) {
  decodeBlock(*block);
  Operation *yield = block->getTerminator();
  for (auto [result, value] : llvm::zip(op.getResults(), yield->getOperands()))
    if (slice.needed.contains(result))
      move(result, value, op);
  putAll(op.getResults(), yield->getOperands(), yield);
}

/// What an op writes into registers that MMAs use. Whether a choice or a loop that
/// has no other events runs is not asked: it may.
void Decoder::decodePuts(Operation *op) {
  if (isa<tile::MmaAsyncOp, tile::AwaitOp>(op))
    return;
  if (op->getNumRegions() == 0)
    return putAll(op->getResults(), op->getResults(), op);
  auto loop = dyn_cast<scf::ForOp>(op);
  ValueRange carried = loop ? ValueRange(loop.getRegionIterArgs()) : ValueRange(op->getResults());
  if (loop)
    putAll(carried, loop.getInitArgs(), loop);
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      for (Operation &inner : block)
        decodePuts(&inner);
      putAll(carried, block.getTerminator()->getOperands(), block.getTerminator());
    }
}

/// Asynchronous results are not put: who takes them is checked as that happens.
void Decoder::putAll(ValueRange into, ValueRange values, Operation *op) {
  for (auto [to, value] : llvm::zip(into, values)) {
    int number = isa<RankedTensorType>(to.getType()) ? tileRegisters->registersOf(to) : -1;
    bool stays = isa<BlockArgument>(to) && to == value;
    if (number < 0 || stays)
      continue;
    Instruction &instruction = emit(Code::Put, op);
    instruction.tile = to == value ? -1 : numberOf(value); // computed, or moved
    instruction.tileRegisters = number;
  }
}

void Decoder::decodeLoop(scf::ForOp op) {
  BarrierProgram::Loop loop;
  if (auto number = op->getAttrOfType<IntegerAttr>(tile::kLoopAttr))
    loop.number = number.getValue().trySExtValue().value_or(-1);
  loop.nonEmpty = op->hasAttr(tile::kNonEmptyAttr);
  loop.isUnsigned = op.getUnsignedCmp();
  auto isConstant = [](Value value) {
    auto opaque = value.getDefiningOp<tile::OpaqueOp>();
    return matchPattern(opaque ? opaque.getValue() : value, m_Constant());
  };
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

/// Bits of an integer; an index has 64 here, as do values that are not integers.
static unsigned widthOf(Value value) {
  auto type = dyn_cast<IntegerType>(value.getType());
  return type ? type.getWidth() : 64;
}

/// Whether the interpreter can hold the value.
static bool fits(Value value) { return widthOf(value) >= 1 && widthOf(value) <= 64; }

void Decoder::decodeScalar(Operation *op) {
  APInt constant;
  if (op->getNumResults() == 1 && fits(op->getResult(0)) && matchPattern(op, m_ConstantInt(&constant))) {
    Instruction &instruction = emit(Code::Constant, op);
    instruction.dest = reg(op->getResult(0));
    instruction.value = constant.getSExtValue();
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
                  .Case<arith::MinSIOp>([](auto) { return Code::Min; })
                  .Case<arith::MaxSIOp>([](auto) { return Code::Max; })
                  .Case<arith::MinUIOp>([](auto) { return Code::MinUnsigned; })
                  .Case<arith::MaxUIOp>([](auto) { return Code::MaxUnsigned; })
                  .Case<arith::SelectOp>([](auto) { return Code::Select; })
                  .Case<arith::CmpIOp>([](auto) { return Code::Compare; })
                  .Case<arith::IndexCastUIOp, arith::ExtUIOp>([](auto) { return Code::ZeroExtend; })
                  .Case<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp, tile::OpaqueOp, tile::SliceOp>(
                      [](auto) { return Code::Move; })
                  .Case<tile::WorkerOp>([](auto) { return Code::Worker; })
                  .Case<tile::SlotOp>([](auto) { return Code::Slot; })
                  .Default([](auto) { return Code::Unknown; });
  for (OpResult result : op->getResults()) {
    if (!slice.needed.contains(result))
      continue;
    bool isHeld = fits(result) && llvm::all_of(op->getOperands(), fits);
    Instruction &instruction = emit(isHeld ? code : Code::Unknown, op);
    instruction.dest = reg(result);
    instruction.width = widthOf(result);
    if (code == Code::Slot) {
      instruction.a = reg(op->getOperand(1));
      auto array = arrays.find(op->getOperand(0));
      instruction.target = array == arrays.end() ? -1 : array->second;
    } else if (instruction.code != Code::Unknown) {
      int *operands[] = {&instruction.a, &instruction.b, &instruction.c};
      for (auto [to, operand] : llvm::zip(operands, op->getOperands()))
        *to = reg(operand);
    }
    if (auto compare = dyn_cast<arith::CmpIOp>(op))
      instruction.value = static_cast<int64_t>(compare.getPredicate());
    else if (code == Code::ZeroExtend)
      instruction.value = widthOf(op->getOperand(0));
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
        instruction.target = tileRegisters->registersOf(mma.getResult());
        if (mma.getAcc() && isa<tile::AsyncType>(mma.getAcc().getType()))
          instruction.c = reg(mma.getAcc());
        if (!isSharedTile(mma.getA())) {
          instruction.tile = numberOf(mma.getA());
          instruction.tileRegisters = tileRegisters->registersOf(mma.getA());
        }
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
  Decoder(kernel, program, findings).decode();
}

} // namespace girih
