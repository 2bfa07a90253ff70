#include "TensorPlaces.h"
#include "Roles.h"
#include "TilePlaceTensorMemory.h"
#include "TileTies.h"

using namespace mlir;

namespace girih {

RankedTensorType TensorPlace::getType() const { return tileType(tiles.front()); }

StringRef TensorPlace::mmaRole() const { return roleOf(mmas.empty() ? readers.front() : mmas.front()); }
StringRef TensorPlace::threadRole() const { return roleOf(reads.empty() ? writes.front() : reads.front()); }

Attribute TensorPlace::key() const {
  return kind == Accumulated ? tile::MmaAsyncOp(mmas.front())->getAttr(tile::kSourceAttr) : Attribute();
}

static bool isConstant(Value value) {
  Operation *definition = value.getDefiningOp();
  return definition && definition->hasTrait<OpTrait::ConstantLike>();
}

/// All tiles that lie where `start` does.
static llvm::SetVector<Value> tilesInPlaceOf(Value start) {
  llvm::SetVector<Value> tiles;
  auto add = [&](Value value) {
    if (value && tile::isInTensorMemory(value.getType()))
      tiles.insert(value);
  };
  add(start);
  for (size_t i = 0; i < tiles.size(); ++i) {
    Value value = tiles[i];
    if (isConstant(value))
      continue; // every place that starts as one may share it
    forEachCarried(value, add);
    auto visit = [&](Operation *op) {
      if (auto await = dyn_cast<tile::AwaitOp>(op)) {
        add(await.getValue());
        add(await.getResult());
      } else if (auto mma = dyn_cast<tile::MmaAsyncOp>(op);
                 mma && (value == mma.getResult() || value == mma.getAcc())) {
        add(mma.getResult());
        add(mma.getAcc());
      }
    };
    if (Operation *definition = value.getDefiningOp())
      visit(definition);
    for (Operation *user : value.getUsers())
      visit(user);
  }
  return tiles;
}

/// The innermost block that holds all of the ops.
static Block *commonBlock(ArrayRef<Operation *> ops) {
  Block *block = ops.front()->getBlock();
  while (!llvm::all_of(ops, [&](Operation *op) { return block->findAncestorOpInBlock(*op); }))
    block = block->getParentOp()->getBlock();
  return block;
}

/// All MMAs start before anything is read.
static LogicalResult checkAccumulated(TensorPlace &place) {
  if (place.reads.empty())
    return place.mmas.front().emitError("nothing reads what this MMA accumulates");
  SmallVector<Operation *> uses(place.mmas.begin(), place.mmas.end());
  uses.append(place.reads.begin(), place.reads.end());
  place.scope = commonBlock(uses);
  for (tile::MmaAsyncOp mma : place.mmas)
    for (tile::MoveOp read : place.reads) {
      Operation *write = place.scope->findAncestorOpInBlock(*mma);
      if (write->isBeforeInBlock(place.scope->findAncestorOpInBlock(*read)))
        continue;
      InFlightDiagnostic error = read.emitError("reads an accumulator before all its MMAs have started, and no thread "
                                                "writes it: nobody hands it back");
      error.attachNote(mma.getLoc()) << "an MMA is here";
      return error;
    }
  return success();
}

/// What threads write starts by being written.
static LogicalResult checkWritten(const TensorPlace &place) {
  for (Value value : place.tiles)
    if (isConstant(value))
      return value.getDefiningOp()->emitError(
          "a tile in tensor memory that threads write must start as one they have moved there");
  if (place.mmas.empty() || place.readers.empty())
    return success();
  return tile::MmaAsyncOp(place.readers.front())
      .emitError("reads a left operand in tensor memory where other MMAs accumulate");
}

static LogicalResult classify(TensorPlace &place) {
  for (ArrayRef<tile::MmaAsyncOp> mmas : {ArrayRef(place.mmas), ArrayRef(place.readers)})
    for (tile::MmaAsyncOp mma : mmas)
      if (roleOf(mma) != place.mmaRole())
        return mma.emitError() << "role \"" << roleOf(mma) << "\" uses a place in tensor memory that role \""
                               << place.mmaRole() << "\" uses";
  if (place.writes.empty()) {
    place.kind = TensorPlace::Accumulated;
    if (!place.readers.empty())
      return tile::MmaAsyncOp(place.readers.front()).emitError("reads a left operand that no thread has written");
    return checkAccumulated(place);
  }
  place.kind = place.mmas.empty() ? TensorPlace::Operand : TensorPlace::Exchanged;
  return checkWritten(place);
}

FailureOr<std::vector<TensorPlace>> findTensorPlaces(Block *program) {
  std::vector<TensorPlace> places;
  auto find = [&](Value start) {
    bool isKnown = llvm::any_of(places, [&](const TensorPlace &place) { return place.tiles.contains(start); });
    if (tile::isInTensorMemory(start.getType()) && !isKnown)
      places.emplace_back().tiles = tilesInPlaceOf(start);
  };
  program->walk([&](tile::MmaAsyncOp mma) {
    find(mma.getA());
    find(mma.getResult());
  });
  for (TensorPlace &place : places) {
    program->walk([&](Operation *op) {
      if (auto mma = dyn_cast<tile::MmaAsyncOp>(op)) {
        if (place.tiles.contains(mma.getResult()))
          place.mmas.push_back(mma);
        if (place.tiles.contains(mma.getA()))
          place.readers.push_back(mma);
      } else if (auto move = dyn_cast<tile::MoveOp>(op)) {
        if (place.tiles.contains(move.getTile()))
          place.reads.push_back(move);
        if (place.tiles.contains(move.getResult()))
          place.writes.push_back(move);
      }
    });
    if (failed(classify(place)))
      return failure();
  }
  return places;
}

} // namespace girih
