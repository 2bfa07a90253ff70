// tile-specialize: give every warp role its own program.
//
//   for j: %k = tile.load %K[...] ring("k") stages(2) {tile.role = "load"}; ... %s = tile.await ... {tile.role =
//   "compute"}
// becomes
//   %c = tile.channel "k" : !tile.channel<2 x ...>
//   tile.role "load":    for j: %slot = tile.acquire %c; tile.copy %K[...] to %slot; tile.commit %c
//   tile.role "compute": for j: %k = tile.wait %c; ... %s = tile.await ...; tile.release %c
#include "ControlFlow.h"
#include "LiveLoops.h"
#include "Roles.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILESPECIALIZEPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// Copies of one loop in different roles run the same number of times; the number
/// lets a reader of the roles know which loops those are.
void numberLoops(gpu::GPUFuncOp kernel) {
  int64_t next = 0;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<scf::ForOp, scf::WhileOp>(op))
      op->setAttr(tile::kLoopAttr, Builder(kernel.getContext()).getI64IntegerAttr(next++));
  });
}

struct TileSpecializePass : impl::TileSpecializePassBase<TileSpecializePass> {
  void runOnOperation() override;

  LogicalResult makeRingChannels(gpu::GPUFuncOp kernel, OpBuilder &builder);
  LogicalResult makePlaceChannels(gpu::GPUFuncOp kernel, OpBuilder &builder);
  void makeNumberChannels(gpu::GPUFuncOp kernel, OpBuilder &builder);
  void makeVectorChannels(gpu::GPUFuncOp kernel, OpBuilder &builder);
  std::string uniqueName(StringRef name);
  SmallVector<Value, 2> makeScaleChannels(const TensorPlace &place, OpBuilder &builder);
  FailureOr<Value> makePlaceChannel(const TensorPlace &place, StringRef name, Value shares, OpBuilder &builder);
  LogicalResult makeProgram(tile::RoleOp role);
  LogicalResult connectPlaces(tile::RoleOp role);

  tile::Schedule schedule;
  LoadChannels rings;
  SmallVector<PlaceChannels> places;                        ///< in the order of findTensorPlaces
  llvm::MapVector<std::pair<unsigned, Type>, Value> scales; ///< by operand and slot
  SmallVector<Value> numbers;                               ///< in the order of findNumbers
  SmallVector<Value> vectors;                               ///< in the order of findVectors
  llvm::StringSet<> names;                                  ///< of channels
};

/// The op of another role that stands in the role's program because something needs it,
/// which nothing hands over.
LogicalResult checkOwn(tile::RoleOp role) {
  WalkResult result = role.walk([&](Operation *op) {
    if (llvm::is_contained(op->getOperands(), Value())) {
      op->emitError() << "role \"" << role.getName() << "\" needs a tile in tensor memory that another role keeps";
      return WalkResult::interrupt();
    }
    StringRef owner = roleOf(op);
    bool makesTile = llvm::any_of(op->getResultTypes(), [](Type type) { return isa<RankedTensorType>(type); });
    if (owner.empty() || owner == role.getName() || !makesTile)
      return WalkResult::advance();
    op->emitError() << "role \"" << role.getName() << "\" needs this tile of role \"" << owner
                    << "\": only loads, tiles in tensor memory and vectors of 32-bit elements are handed over";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult TileSpecializePass::makeRingChannels(gpu::GPUFuncOp kernel, OpBuilder &builder) {
  WalkResult result = kernel.walk([&](Operation *op) {
    if (!isa<tile::LoadOp, tile::TransposeOp>(op))
      return WalkResult::advance();
    auto ring = op->getAttrOfType<StringAttr>("ring");
    auto stages = op->getAttrOfType<IntegerAttr>("stages");
    auto tile = cast<RankedTensorType>(op->getResult(0).getType());
    if (!ring || !stages || !tile::sharedEncoding(tile)) {
      op->emitError("a load must have a ring, stages and a place in shared memory by now");
      return WalkResult::interrupt();
    }
    auto type = tile::ChannelType::get(&getContext(), stages.getInt(), tile, /*copies=*/1);
    Value &channel = rings[ring];
    if (channel && channel.getType() != type) {
      op->emitError() << "ring " << ring << " has loads of different tiles or depths";
      return WalkResult::interrupt();
    }
    if (!channel)
      channel = tile::ChannelOp::create(builder, op->getLoc(), type, ring, Value());
    if (!readersOf(op->getResult(0)).empty())
      return WalkResult::advance();
    op->emitError("nothing reads this load");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

std::string TileSpecializePass::uniqueName(StringRef name) {
  std::string unique = name.str();
  for (int i = 1; !names.insert(unique).second; ++i)
    unique = (name + "_" + Twine(i)).str();
  return unique;
}

/// Who makes numbers runs ahead of the others as far as with what it loads.
void TileSpecializePass::makeNumberChannels(gpu::GPUFuncOp kernel, OpBuilder &builder) {
  auto type =
      tile::ChannelType::get(&getContext(), schedule.stages.value_or(1), numberSlot(&getContext()), /*copies=*/1);
  for (tile::NextWorkOp op : findNumbers(&kernel.getBody().front()))
    numbers.push_back(tile::ChannelOp::create(builder, op.getLoc(), type, uniqueName("number"), Value()));
}

/// Who makes vectors and who reads them do so in one order, so that all of one kind pass
/// through one channel.
void TileSpecializePass::makeVectorChannels(gpu::GPUFuncOp kernel, OpBuilder &builder) {
  llvm::MapVector<std::tuple<Type, StringRef, StringRef>, Value> channels;
  for (const CrossingVector &vector : findVectors(&kernel.getBody().front())) {
    RankedTensorType slot = tile::vectorSlot(vector.getType());
    Value &channel = channels[{slot, vector.makerRole(), vector.readerRole}];
    if (!channel) {
      auto type = tile::ChannelType::get(&getContext(), /*depth=*/1, slot, *schedule.workers);
      channel = tile::ChannelOp::create(builder, vector.value.getLoc(), type, uniqueName("vector"), Value());
    }
    vectors.push_back(channel);
  }
}

/// Each worker has rings of its own. What changes hands to and fro is one slot.
FailureOr<Value> TileSpecializePass::makePlaceChannel(const TensorPlace &place, StringRef name, Value shares,
                                                      OpBuilder &builder) {
  Operation *user = place.mmas.empty() ? place.readers.front() : place.mmas.front();
  int64_t depth = place.kind == TensorPlace::Accumulated ? schedule.accumulators.value_or(1) : 1;
  int64_t columns = depth * *schedule.workers * tile::tensorColumns(place.getType());
  if (columns > tile::kMaxTensorColumns)
    return user->emitError() << "tiles of one channel need " << columns << " columns of tensor memory, there are "
                             << tile::kMaxTensorColumns << " (knobs columns, workers and accumulators)";
  auto type = tile::ChannelType::get(&getContext(), depth, place.getType(), *schedule.workers);
  return tile::ChannelOp::create(builder, user->getLoc(), type, uniqueName(name), shares).getResult();
}

/// MMAs of one thread have read their scales when it copies the next ones: one slot is enough for all.
SmallVector<Value, 2> TileSpecializePass::makeScaleChannels(const TensorPlace &place, OpBuilder &builder) {
  SmallVector<Value, 2> made;
  if (place.mmas.empty())
    return made;
  tile::MmaAsyncOp mma = place.mmas.front();
  for (auto [operand, value] : llvm::enumerate(mma.getScales())) {
    RankedTensorType slot = tile::scalesSlot(cast<RankedTensorType>(value.getType()));
    Value &channel = scales[{operand, slot}];
    if (!channel) {
      auto type = tile::ChannelType::get(&getContext(), /*depth=*/1, slot, /*copies=*/1);
      channel = tile::ChannelOp::create(builder, mma.getLoc(), type, uniqueName("scales"), Value());
    }
    made.push_back(channel);
  }
  return made;
}

LogicalResult TileSpecializePass::makePlaceChannels(gpu::GPUFuncOp kernel, OpBuilder &builder) {
  FailureOr<std::vector<TensorPlace>> found = findTensorPlaces(&kernel.getBody().front());
  if (failed(found))
    return failure();
  llvm::DenseMap<Attribute, PlaceChannels> ofSource;
  for (const TensorPlace &place : *found) {
    if (Attribute key = place.key())
      if (auto same = ofSource.find(key);
          same != ofSource.end() &&
          cast<tile::ChannelType>(same->second.forth.getType()).getTile() == place.getType()) {
        places.push_back(same->second);
        continue;
      }
    bool isOperand = place.kind == TensorPlace::Operand;
    FailureOr<Value> forth = makePlaceChannel(place, isOperand ? "operand" : "sum", Value(), builder);
    FailureOr<Value> back = Value();
    if (succeeded(forth) && place.kind == TensorPlace::Exchanged)
      back = makePlaceChannel(place, "sum_back", *forth, builder);
    if (failed(forth) || failed(back))
      return failure();
    places.push_back({*forth, *back, makeScaleChannels(place, builder)});
    if (Attribute key = place.key())
      ofSource.insert({key, places.back()});
  }
  return success();
}

LogicalResult TileSpecializePass::connectPlaces(tile::RoleOp role) {
  FailureOr<std::vector<TensorPlace>> found = findTensorPlaces(&role.getBody().front());
  if (failed(found))
    return failure();
  // An MMA takes the slot of its operand before it is started into that of its result.
  for (bool operands : {true, false})
    for (auto [place, channels] : llvm::zip(*found, places))
      if ((place.kind == TensorPlace::Operand) == operands && failed(connectPlace(role.getName(), place, channels)))
        return failure();
  forgetValues(*found);
  return success();
}

/// Leaves of the whole program what the role runs and what that needs.
LogicalResult TileSpecializePass::makeProgram(tile::RoleOp role) {
  if (failed(connectPlaces(role)))
    return failure();
  connectNumbers(role, numbers);
  connectVectors(role, vectors);
  bool loads = role.walk([&](tile::LoadOp load) {
                     return roleOf(load) == role.getName() ? WalkResult::interrupt() : WalkResult::advance();
                   })
                   .wasInterrupted();
  if (loads && failed(makeLoadProducer(role, rings)))
    return failure();
  if (!loads)
    makeLoadConsumer(role, rings, schedule.anchor.value_or(0));
  makeTransposer(role, rings);
  eraseAllBut(&role.getBody().front(), [&](Operation *op) {
    return roleOf(op) == role.getName() ||
           isa<tile::AcquireOp, tile::CopyOp, tile::CommitOp, tile::WaitOp, tile::ReleaseOp>(op);
  });
  if (failed(checkOwn(role)))
    return failure();
  bool isForAll = role.getOneThread() || role.getWorkers() < *schedule.workers;
  if (isForAll && failed(unrollWorkers(role, *schedule.workers)))
    return failure();
  role.walk([](Operation *op) {
    op->removeAttr(tile::kRoleAttr);
    op->removeAttr(tile::kRunAttr);
  });
  return success();
}

void TileSpecializePass::runOnOperation() {
  gpu::GPUFuncOp kernel = getOperation();
  if (failed(checkBefore(Phase::Specialized, kernel)) || failed(checkControlFlow(kernel)))
    return signalPassFailure();
  auto shapes = kernel->getAttrOfType<ArrayAttr>(tile::kRolesAttr);
  schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
  if (!shapes || !schedule.workers) {
    kernel.emitError("no role is assigned to any op: run tile-assign-roles first");
    return signalPassFailure();
  }
  rings.clear();
  places.clear();
  scales.clear();
  numbers.clear();
  vectors.clear();
  names.clear();
  numberLoops(kernel);

  Block *entry = &kernel.getBody().front();
  hurryVectors(entry);
  OpBuilder builder(entry->getTerminator());
  SmallVector<Operation *> program;
  for (Operation &op : entry->without_terminator())
    program.push_back(&op);
  if (failed(makeRingChannels(kernel, builder)))
    return signalPassFailure();
  for (const auto &ring : rings)
    names.insert(ring.first.getValue());
  if (failed(makePlaceChannels(kernel, builder)))
    return signalPassFailure();
  makeNumberChannels(kernel, builder);
  makeVectorChannels(kernel, builder);

  SmallVector<tile::RoleOp> roles;
  for (auto shape : shapes.getAsRange<DictionaryAttr>()) {
    roles.push_back(tile::RoleOp::create(
        builder, kernel.getLoc(), shape.getAs<StringAttr>("name"), shape.getAs<IntegerAttr>("warps").getInt(),
        shape.getAs<IntegerAttr>("registers").getInt(), shape.contains("one_thread"), shape.contains("leader")));
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&roles.back().getBody());
    IRMapping map;
    for (Operation *op : program)
      builder.clone(*op, map);
  }
  for (Operation *op : llvm::reverse(program))
    op->erase();
  for (tile::RoleOp role : roles)
    if (failed(makeProgram(role)))
      return signalPassFailure();
}

} // namespace

} // namespace girih
