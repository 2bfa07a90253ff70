// From ops to instructions: scalars, and what touches barriers and memory.
#include "Decoder.h"
#include "Effects.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

/// Bits of an integer; an index has 64 here, as do values that are not integers.
static unsigned widthOf(Value value) {
  auto type = dyn_cast<IntegerType>(value.getType());
  return type ? type.getWidth() : 64;
}

/// Whether the interpreter can hold the value.
static bool fits(Value value) { return widthOf(value) >= 1 && widthOf(value) <= 64; }

Value withoutOpaque(Value value) {
  auto opaque = value.getDefiningOp<tile::OpaqueOp>();
  return opaque ? opaque.getValue() : value;
}

/// One value, or constants of one number.
static bool isOneNumber(Value x, Value y) {
  Attribute a, b;
  return x == y || (matchPattern(x, m_Constant(&a)) && matchPattern(y, m_Constant(&b)) && a == b);
}

/// Whether a loop's counter is (not) where the loop started, also where that is not
/// known: so an accumulator is written by the first of many MMAs.
bool Decoder::decodeFirstRound(Operation *op) {
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (!compare)
    return false;
  bool isEqual = compare.getPredicate() == arith::CmpIPredicate::eq;
  if (!isEqual && compare.getPredicate() != arith::CmpIPredicate::ne)
    return false;
  auto isStart = [](Value counter, Value value) {
    auto argument = dyn_cast<BlockArgument>(counter);
    auto loop = argument ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp()) : scf::ForOp();
    if (!loop || counter != loop.getInductionVar())
      return scf::ForOp();
    return isOneNumber(withoutOpaque(loop.getLowerBound()), value) ? loop : scf::ForOp();
  };
  Value a = withoutOpaque(compare.getLhs()), b = withoutOpaque(compare.getRhs());
  scf::ForOp loop = isStart(a, b);
  if (!loop)
    loop = isStart(b, a);
  auto known = loop ? loops.find(loop) : loops.end(); // only loops around events are followed
  if (known == loops.end())
    return false;
  Instruction &instruction = emit(Code::FirstRound, op);
  instruction.dest = reg(op->getResult(0));
  instruction.target = known->second;
  instruction.value = isEqual;
  instruction.width = 1;
  return true;
}

/// Whether a loop that came before had a round, also where its bounds are not known: what it may have written then.
bool Decoder::decodeHasRun(Operation *op) {
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (!compare)
    return false;
  Value lower = withoutOpaque(compare.getLhs()), upper = withoutOpaque(compare.getRhs());
  if (compare.getPredicate() == arith::CmpIPredicate::sgt)
    std::swap(lower, upper);
  else if (compare.getPredicate() != arith::CmpIPredicate::slt)
    return false;
  auto known = llvm::find_if(loops, [&](auto entry) {
    auto loop = dyn_cast<scf::ForOp>(entry.first);
    // One that runs whenever this does: what it did last is then what it did for these bounds.
    bool ranBefore = loop && !loop.getUnsignedCmp() && loop->getBlock()->findAncestorOpInBlock(*op);
    return ranBefore && isOneNumber(withoutOpaque(loop.getLowerBound()), lower) &&
           isOneNumber(withoutOpaque(loop.getUpperBound()), upper);
  });
  if (known == loops.end()) // of several, any: they run equally often
    return false;
  Instruction &instruction = emit(Code::HasRun, op);
  instruction.dest = reg(op->getResult(0));
  instruction.target = known->second;
  instruction.width = 1;
  return true;
}

void Decoder::decodeScalar(Operation *op) {
  if (decodeFirstRound(op) || decodeHasRun(op))
    return;
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
                  .Case<gpu::ClusterBlockIdOp>([&](gpu::ClusterBlockIdOp op) {
                    // Of CTAs with a program each, one is followed, which may be any.
                    return op.getDimension() == gpu::Dimension::x && program.ctas > 1 ? Code::Cta : Code::Unknown;
                  })
                  .Case<tile::SlotOp>([](auto) { return Code::Slot; })
                  .Case<tile::NextWorkOp>([](auto) { return Code::Draw; })
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
    } else if (instruction.code != Code::Unknown && instruction.code != Code::Draw) {
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
      .Case([&](tile::BarrierWaitOp wait) {
        Instruction &instruction = fill(Code::Wait, wait.getIndex(), wait.getParity(), wait.getBarriers());
        instruction.isFence = wait.getTensorMemory();
        instruction.isCluster = wait.getCluster();
      })
      .Case([&](tile::BarrierArriveOp arrive) {
        Instruction &instruction = fill(Code::Arrive, arrive.getIndex(), {}, arrive.getBarriers());
        instruction.isFence = arrive.getTensorMemory();
        instruction.isLeader = arrive.getLeader();
        instruction.isMulticast = arrive.getMulticast();
      })
      .Case([&](tile::BarrierExpectOp expect) {
        Instruction &instruction = fill(Code::Expect, expect.getIndex(), {}, expect.getBarriers(), expect.getBytes());
        instruction.isLeader = expect.getLeader();
        instruction.isPair = expect.getPair();
      })
      .Case([&](tile::CopyOp copy) {
        Instruction &instruction = fill(Code::Copy, copy.getBarrier(), copy.getDest(), copy.getBarriers(),
                                        tile::sharedBytes(copy.getDest().getType()));
        instruction.isPart = static_cast<bool>(copy.getDest().getDefiningOp<tile::SliceOp>());
        instruction.isLeader = copy.getLeader();
        instruction.isMulticast = copy.getMulticast();
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
      .Case([&](tile::MmaIntoOp mma) {
        Instruction &instruction =
            fill(Code::MmaInto, mma.getA(), mma.getB(), {}, tile::tensorColumns(mma.getDest().getType()));
        instruction.c = reg(mma.getDest());
        instruction.d = reg(mma.getAccumulate());
        instruction.isPair = mma.getPair();
        for (auto [slot, scales] : llvm::zip(instruction.scales, mma.getScales()))
          slot = reg(scales);
        role->hasPipe = true;
      })
      .Case([&](tile::CopyScalesOp copy) {
        fill(Code::MmaInto, copy.getScales(), {}, {}, tile::tensorColumns(copy.getDest().getType())).c =
            reg(copy.getDest());
        role->hasPipe = true;
      })
      .Case([&](tile::MmaCommitOp commit) {
        fill(Code::Commit, commit.getIndex(), {}, commit.getBarriers()).isPair = commit.getPair();
        role->hasPipe = true;
      })
      .Case([&](tile::AwaitOp await) { fill(Code::Await, await.getValue(), {}, {}, await.getInFlight()); })
      .Case([&](tile::WriteSharedOp write) {
        // No asynchronous store reads a vector: it is for other threads.
        fill(Code::Write, write.getDest(), {}, {}, /*forAsync=*/write.getTile().getType().getRank() > 1);
      })
      .Case([&](tile::TransposeIntoOp op) {
        fill(Code::Read, op.getTile());
        fill(Code::Write, op.getDest(), {}, {}, /*forAsync=*/true);
      })
      .Case([&](tile::WriteTensorOp write) {
        fill(Code::WriteTensor, write.getDest(), {}, {}, tile::tensorColumns(write.getDest().getType()));
      })
      .Case([&](tile::WriteNumberOp write) { fill(Code::WriteNumber, write.getDest(), write.getNumber()); })
      .Case([&](tile::RequestWorkOp request) {
        fill(Code::RequestNumber, request.getBarrier(), request.getDest(), request.getBarriers(), tile::kAnswerBytes)
            .isPair = request.getPair();
      })
      .Case([&](tile::ReadWorkOp read) { fill(Code::ReadNumber, read.getSource()).dest = reg(read.getWork()); })
      .Case([&](tile::ReadNumberOp read) { fill(Code::ReadNumber, read.getSource()).dest = reg(read.getNumber()); })
      .Case([&](tile::PublishOp publish) { fill(Code::Publish, publish.getBarrier()); })
      .Case([&](tile::StoreOp store) { fill(Code::Store, store.getTile()); })
      .Case([&](tile::DrainStoresOp drain) { fill(Code::Drain, drain.getBarrier()); })
      .Default([&](Operation *reader) {
        for (Value operand : reader->getOperands())
          if (isSlotTile(operand))
            fill(Code::Read, operand);
        for (Value result : reader->getResults())
          if (slice.needed.contains(result)) {
            Instruction &instruction = emit(Code::Unknown, reader);
            instruction.dest = reg(result);
          }
      });
}

} // namespace girih
