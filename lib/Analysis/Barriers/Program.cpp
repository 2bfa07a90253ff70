// From roles to flat code: keeps what touches barriers or shared memory, and the
// scalars that it depends on; everything else is left out.
#include "Decoder.h"
#include "Effects.h"

#include "dialects/Tile/WhileLoops.h"
#include "girih/Target/Kernel.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include <numeric>

using namespace mlir;

namespace girih {

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void Decoder::decode() {
  program.ctas = ctasOfProgram(kernel);
  llvm::DenseSet<OperationName> refused; // each kind of op once
  kernel.walk([&](Operation *op) {
    if (op == kernel)
      return;
    if (std::string why = whyNotFollowed(op); !why.empty() && refused.insert(op->getName()).second)
      refuse(op, "the check of barriers cannot follow '" + op->getName().getStringRef() + "': " + why);
    auto role = op->getParentOfType<tile::RoleOp>();
    if (role && role.getOneThread() &&
        isa<tile::MmaAsyncOp, tile::AwaitOp, tile::ReduceOp, tile::WriteSharedOp, tile::WriteTensorOp, tile::ScatterOp,
            tile::MoveOp, tile::TransposeIntoOp, tile::ClusterReduceOp>(op))
      refuse(op, "'" + op->getName().getStringRef() + "' needs all threads of a worker, but role \"" + role.getName() +
                     "\" has one_thread");
    if (role && !role.getOneThread() &&
        isa<tile::MmaIntoOp, tile::CopyScalesOp, tile::MmaCommitOp, tile::NextWorkOp, tile::RequestWorkOp,
            tile::WriteNumberOp>(op))
      refuse(op, "'" + op->getName().getStringRef() + "' is for one thread, but all " +
                     Twine(kThreadsPerWarp * static_cast<int64_t>(role.getWarps())) + " of role \"" + role.getName() +
                     "\" run it");
    bool isOfPair = tile::isOfPair(op) || tile::signalsPair(op);
    if (isOfPair && program.ctas != 2)
      refuse(op,
             "'" + op->getName().getStringRef() + "' is for a pair of CTAs, but clusters have " + Twine(program.ctas));
    else if (isOfPair && role && !role.getLeader())
      refuse(op, "'" + op->getName().getStringRef() + "' is for the leader of a pair of CTAs, but both run role \"" +
                     role.getName() + "\"");
  });
  kernel.walk([&](tile::ClusterReduceOp op) { checkExchange(op); });
  checkResources(kernel, findings);
  if (findings.empty())
    decodeMemory();
  if (!findings.empty())
    return;
  for (tile::RoleOp op : kernel.getBody().front().getOps<tile::RoleOp>())
    decodeRole(op);
}

/// What is not followed: nobody else uses what CTAs exchange tiles through, and all arrive for whom they wait.
void Decoder::checkExchange(tile::ClusterReduceOp op) {
  auto role = dyn_cast<tile::RoleOp>(op->getParentOp());
  if (!role || !op.getBuffer())
    return role ? refuse(op, "'tile.cluster_reduce' has no slots") : void();
  if (program.ctas > 1)
    refuse(op, "'tile.cluster_reduce' is not followed where CTAs of a cluster have roles in common");
  if (!op.getBuffer().hasOneUse() || !op.getBarriers().hasOneUse())
    refuse(op, "'tile.cluster_reduce' has slots or barriers that another op has too");
  tile::BarriersType phases = op.getBarriers().getType();
  int64_t workers = role.getWorkers(), arrivals = clusterOf(op) * kWarpsPerWorker;
  int64_t slots = op.getBuffer().getType().getCount();
  if (phases.getArrivals() != arrivals)
    refuse(op, "'tile.cluster_reduce' waits for " + Twine(phases.getArrivals()) + " arrivals, " + Twine(arrivals) +
                   " come: of each warp of the worker in all CTAs of the cluster");
  if (phases.getCount() != workers || slots != workers)
    refuse(op, "'tile.cluster_reduce' has " + Twine(slots) + " slots and " + Twine(phases.getCount()) +
                   " barriers for " + Twine(workers) + " workers");
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
    int64_t objects = (program.barriers.size() + program.slots.size() + count) * program.ctas;
    if (objects > kMaxObjects)
      return refuse(&op, "with " + name + " the kernel has " + Twine(objects) +
                             " barriers and slots; the check of barriers follows up to " + Twine(kMaxObjects));
    auto &arraysOfKind = barriers ? program.barrierArrays : program.buffers;
    arrays[op.getResult(0)] = arraysOfKind.size();
    arraysOfKind.push_back({name, static_cast<int>(barriers ? program.barriers.size() : program.slots.size()), count});
    for (int64_t i = 0; i < count && barriers; ++i)
      program.barriers.push_back(
          {name + "[" + std::to_string(i) + "]", barriers.getBarriers().getType().getArrivals()});
    RankedTensorType tile = buffer ? buffer.getBuffer().getType().getTile() : RankedTensorType();
    int64_t columns = buffer && tile::isInTensorMemory(tile) ? tile::tensorColumns(tile) : 0;
    for (int64_t i = 0; i < count && buffer; ++i) {
      int64_t column = columns > 0 ? buffer.getOffset() + i * buffer.getBuffer().getType().getColumnsApart() : 0;
      program.slots.push_back({"slot " + std::to_string(i) + " of " + name, columns, column});
    }
    if (!barriers)
      continue;
    program.depth = std::max(program.depth, count);
    program.period = std::lcm(program.period, 2 * count);
    if (program.period > kMaxPeriod)
      return refuse(kernel, "the rings of this kernel are back at their start only after " + Twine(program.period) +
                                " rounds; barriers are checked for up to " + Twine(kMaxPeriod));
  }
  addOtherCtas(program.barriers);
  addOtherCtas(program.slots);
}

/// Each CTA of a cluster has its own.
template <typename Info> void Decoder::addOtherCtas(std::vector<Info> &infos) {
  if (program.ctas == 1)
    return;
  size_t count = infos.size();
  for (int64_t cta = 0; cta < program.ctas; ++cta)
    for (size_t i = 0; i < count; ++i) {
      if (cta > 0)
        infos.push_back(infos[i]);
      infos.back().cta = cta;
    }
  for (Info &info : infos)
    info.name += " of CTA " + std::to_string(info.cta);
}

void Decoder::decodeRole(tile::RoleOp op) {
  role = &program.roles.emplace_back();
  role->name = "role \"" + op.getName().str() + "\"";
  role->workers = op.getWorkers();
  role->warps = op.getWarps();
  role->oneThread = op.getOneThread();
  role->isLeader = op.getLeader();
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

/// Whether all that matters in a choice is what the agent itself does to tensor memory.
bool Decoder::onlyAccesses(scf::IfOp op) const {
  return !op->walk([&](Operation *inner) {
              bool isAccess = inner == op || !slice.eventful.contains(inner) ||
                              isa<scf::IfOp, tile::MoveOp, tile::WriteTensorOp>(inner);
              return isAccess ? WalkResult::advance() : WalkResult::interrupt();
            }).wasInterrupted();
}

/// Whether a loop has no events and computes from what it reads in memory: nothing is known of its
/// results, and how often it runs does not matter.
bool Decoder::isSearch(Operation *op) const {
  return isa<scf::ForOp>(op) && !slice.eventful.contains(op) &&
         op->walk([](tile::GatherOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

void Decoder::decodeBlock(Block &block) {
  for (Operation &op : block) {
    if (isSearch(&op))
      decodeScalar(&op);
    if (isSearch(&op) || (!slice.eventful.contains(&op) && !isNeeded(&op))) {
      decodePuts(&op);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      decodeLoop(loop);
    } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
      decodeLoop(loop);
    } else if (auto condition = dyn_cast<scf::IfOp>(op)) {
      int branch = role->code.size();
      bool isOpen = onlyAccesses(condition);
      program.hasOpenBranches |= isOpen;
      Instruction &instruction = emit(Code::Branch, &op);
      instruction.a = reg(condition.getCondition());
      instruction.isOpen = isOpen;
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

int64_t Decoder::numberOfLoop(Operation *loop) const {
  auto number = loop->getAttrOfType<IntegerAttr>(tile::kLoopAttr);
  return number ? number.getValue().trySExtValue().value_or(-1) : -1;
}

void Decoder::addLoop(Operation *op, BarrierProgram::Loop loop, Block *body) {
  int index = loops[op] = role->loops.size();
  loop.number = numberOfLoop(op);
  loop.nonEmpty = op->hasAttr(tile::kNonEmptyAttr);
  emit(Code::Loop, op).target = index;
  role->loops.push_back(std::move(loop));
  role->loops[index].body = role->code.size();
  decodeBlock(*body);
  if (auto counted = dyn_cast<scf::ForOp>(op))
    putAll(counted.getRegionIterArgs(), counted.getYieldedValues(), body->getTerminator());
  emit(Code::EndLoop, op).target = index;
  role->loops[index].end = role->code.size();
}

void Decoder::decodeLoop(scf::ForOp op) {
  putAll(op.getRegionIterArgs(), op.getInitArgs(), op);
  BarrierProgram::Loop loop;
  loop.isUnsigned = op.getUnsignedCmp();
  auto isConstant = [](Value value) { return matchPattern(withoutOpaque(value), m_Constant()); };
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
  addLoop(op, std::move(loop), op.getBody());
}

/// What its condition says is not followed: like bounds that are not known, it is chosen
/// how often the loop runs. But then all copies must ask the same of the same numbers.
void Decoder::decodeLoop(scf::WhileOp op) {
  BarrierProgram::Loop loop;
  loop.isCounted = false;
  SmallVector<unsigned> deciding = tile::decidingNumbers(op);
  for (auto [i, carried] : llvm::enumerate(op.getBeforeArguments()))
    if (slice.needed.contains(carried))
      loop.carried.push_back({reg(carried), reg(op.getInits()[i]), reg(op.getYieldedValues()[i]), reg(carried),
                              /*isNumber=*/true, llvm::is_contained(deciding, i)});
  // What it hands on, within and after it, is what it carries.
  for (auto [carried, inside, result] :
       llvm::zip(op.getConditionOp().getArgs(), op.getAfterArguments(), op.getResults()))
    if (slice.needed.contains(carried))
      registers[inside] = registers[result] = reg(carried);
  addLoop(op, std::move(loop), op.getAfterBody());
}

void decodeBarrierProgram(gpu::GPUFuncOp kernel, BarrierProgram &program, SmallVectorImpl<BarrierFinding> &findings) {
  Decoder(kernel, program, findings).decode();
}

} // namespace girih
