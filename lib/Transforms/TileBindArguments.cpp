// tile-bind-arguments: replace tensor arguments by what the loader passes.
//
//   gpu.func @k(%q: memref<4x32x?x128xbf16, ...> {tile.name = "q"}) {
//     %n = memref.dim %q, 2; tile.copy %q[...] to %slot
// becomes
//   gpu.func @k(%map: !tile.tensor_map<...> {tile.argument = {kind = "tensor_map", tensor = "q", ...}},
//               %n: index {tile.argument = {kind = "size", size = "sq"}}) {
//     tile.copy %map[...] to %slot
#include "Divisibility.h"
#include "TensorMaps.h"
#include "TensorViews.h"
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Target/Target.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEBINDARGUMENTSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// A tensor argument as its function describes it.
struct Tensor {
  BlockArgument argument;
  MemRefType type;
  StringAttr name;
  ArrayAttr sizes;

  StringRef size(int64_t dim) const { return cast<StringAttr>(sizes[dim]).getValue(); }
};

bool isGlobal(Attribute memorySpace) {
  if (auto number = dyn_cast_or_null<IntegerAttr>(memorySpace))
    return number.getInt() == 0 || number.getInt() == 1; // generic and global (PTX ISA, "state spaces")
  if (auto space = dyn_cast_or_null<gpu::AddressSpaceAttr>(memorySpace))
    return space.getValue() == gpu::AddressSpace::Global;
  return !memorySpace;
}

LogicalResult refuseTurns(Operation *user, const Interleaving &turns, int64_t dim) {
  return user->emitError() << "neighbours of dimension " << turns.dim << " take turns, those of " << dim << " can here";
}

/// Of a tile's first row, which must begin a turn, the row in the tensor.
FailureOr<Value> firstTurn(IndexBuilder &b, Operation *user, const Interleaving &turns, Value row) {
  if (!llvm::isPowerOf2_64(turns.slots) || knownZeroBits(row) < llvm::Log2_64(turns.slots))
    return user->emitError() << "the first row is not known to begin a turn of " << turns.slots
                             << " slots, which must be a power of 2";
  return b.div(row, b.index(turns.slots));
}

class Binder {
public:
  Binder(gpu::GPUFuncOp kernel, const Target &target) : kernel(kernel), target(target), builder(kernel.getContext()) {}

  LogicalResult run();

private:
  LogicalResult collect();
  LogicalResult bindUses(const Tensor &tensor);
  void describeTensors();
  LogicalResult bindWorkspace(BlockArgument argument);
  void bindScalar(BlockArgument argument);
  void gather(tile::GatherOp gather, const Tensor &tensor);
  Value stride(IndexBuilder &b, const Tensor &tensor, int64_t dim);
  Value pointer(const Tensor &tensor, Location loc);
  LogicalResult scatter(tile::StoreOp store, const Tensor &tensor, const TensorView &view);
  FailureOr<Value> map(Operation *user, const Tensor &tensor, const TensorView &view, Value tile,
                       MutableOperandRange indices);
  SmallVector<Value> indicesOfPart(Location loc, Operation *user, const Tensor &tensor, const TensorView &view,
                                   ArrayRef<Value> given);
  DictionaryAttr recipe(StringRef kind, ArrayRef<NamedAttribute> more);
  Value argument(Type type, DictionaryAttr recipe, Location loc);
  Value size(const Tensor &tensor, int64_t dim, Location loc);
  FailureOr<TensorView> viewOf(Value memref, const Tensor &tensor);
  NamedAttribute named(StringRef name, StringRef value) {
    return builder.getNamedAttr(name, builder.getStringAttr(value));
  }
  NamedAttribute named(StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  }

  gpu::GPUFuncOp kernel;
  const Target &target;
  Builder builder;
  SmallVector<Tensor> tensors;
  SmallVector<BlockArgument> workspaces, scalars;
  llvm::DenseMap<Attribute, Value> bound; ///< recipe to new argument
};

LogicalResult Binder::collect() {
  for (BlockArgument argument : kernel.getBody().front().getArguments()) {
    unsigned i = argument.getArgNumber();
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (kernel.getArgAttr(i, tile::kWorkspaceAttr)) {
      workspaces.push_back(argument);
      continue;
    }
    auto name = kernel.getArgAttrOfType<StringAttr>(i, tile::kNameAttr);
    if (name && !type) {
      scalars.push_back(argument);
      continue;
    }
    auto sizes = kernel.getArgAttrOfType<ArrayAttr>(i, tile::kSizesAttr);
    if (!type || !name || !sizes)
      return kernel.emitError() << "argument " << i << " must be a memref with " << tile::kNameAttr << " and "
                                << tile::kSizesAttr;
    if (!isGlobal(type.getMemorySpace()))
      return kernel.emitError() << "argument " << i << " is in memory space " << type.getMemorySpace()
                                << " when it should be in global memory";
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(type.getStridesAndOffset(strides, offset)) || strides.empty() || strides.back() != 1 || offset != 0)
      return kernel.emitError() << "argument " << i << " must have innermost stride 1 and offset 0";
    tensors.push_back({argument, type, name, sizes});
  }
  return success();
}

LogicalResult Binder::run() {
  if (failed(collect()))
    return failure();
  describeTensors();
  for (const Tensor &tensor : tensors)
    if (failed(bindUses(tensor)))
      return failure();
  for (BlockArgument argument : workspaces)
    if (failed(bindWorkspace(argument)))
      return failure();
  for (BlockArgument argument : scalars)
    bindScalar(argument);
  llvm::BitVector old(kernel.getNumArguments());
  for (const Tensor &tensor : tensors)
    old.set(tensor.argument.getArgNumber());
  for (BlockArgument argument : llvm::concat<BlockArgument>(workspaces, scalars))
    old.set(argument.getArgNumber());
  return kernel.eraseArguments(old);
}

/// Records the tensors on the function for the manifest, and who hands out the work.
void Binder::describeTensors() {
  kernel.walk([&](tile::RequestWorkOp) { kernel->setAttr(tile::kQueuedAttr, builder.getUnitAttr()); });
  SmallVector<Attribute> entries;
  for (const Tensor &tensor : tensors) {
    bool written =
        llvm::any_of(tensorUsers(kernel, tensor.argument), [](Operation *user) { return isa<tile::StoreOp>(user); });
    ArrayAttr order = kernel.getArgAttrOfType<ArrayAttr>(tensor.argument.getArgNumber(), tile::kOrderAttr);
    entries.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("name", tensor.name), named("access", written ? "write" : "read"),
         builder.getNamedAttr("element", TypeAttr::get(tensor.type.getElementType())),
         builder.getNamedAttr("shape", builder.getDenseI64ArrayAttr(tensor.type.getShape())),
         builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(tensor.type.getStridesAndOffset().first)),
         builder.getNamedAttr("sizes", tensor.sizes), builder.getNamedAttr("order", order ? order : tensor.sizes)}));
  }
  kernel->setAttr(tile::kTensorsAttr, builder.getArrayAttr(entries));
}

DictionaryAttr Binder::recipe(StringRef kind, ArrayRef<NamedAttribute> more) {
  SmallVector<NamedAttribute> entries = {named("kind", kind)};
  entries.append(more.begin(), more.end());
  return builder.getDictionaryAttr(entries);
}

/// The argument with that recipe, made when first asked for.
Value Binder::argument(Type type, DictionaryAttr recipe, Location loc) {
  Value &value = bound[recipe];
  if (value)
    return value;
  unsigned index = kernel.getNumArguments();
  auto attributes = builder.getDictionaryAttr(builder.getNamedAttr(tile::kArgumentAttr, recipe));
  (void)kernel.insertArgument(index, type, attributes, loc);
  return value = kernel.getArgument(index);
}

Value Binder::size(const Tensor &tensor, int64_t dim, Location loc) {
  if (!tensor.type.isDynamicDim(dim)) {
    OpBuilder atStart = OpBuilder::atBlockBegin(&kernel.getBody().front());
    return arith::ConstantIndexOp::create(atStart, loc, tensor.type.getDimSize(dim));
  }
  return argument(builder.getIndexType(), recipe("size", named("size", tensor.size(dim))), loc);
}

/// The map of a tile's copy.
FailureOr<Value> Binder::map(Operation *user, const Tensor &tensor, const TensorView &view, Value tile,
                             MutableOperandRange indices) {
  std::optional<int64_t> cut = view.cut();
  std::optional<Interleaving> turns = view.interleaving();
  int64_t rowDim = tensor.type.getRank() - 2;
  if (turns && turns->dim != rowDim - 1)
    return refuseTurns(user, *turns, rowDim - 1);
  MappedTensor mapped = {tensor.type, tensor.name, turns};
  SmallVector<Value> given(OperandRange(indices).begin(), OperandRange(indices).end());
  FailureOr<TensorMap> made =
      makeTensorMap(user, mapped, cast<RankedTensorType>(tile.getType()), given.back(), cut, target);
  if (failed(made))
    return failure();
  if (cut)
    indices.assign(indicesOfPart(user->getLoc(), user, tensor, view, given));
  if (turns) {
    IndexBuilder b(user->getLoc(), user);
    FailureOr<Value> first = firstTurn(b, user, *turns, given[rowDim]);
    if (failed(first))
      return failure();
    given[rowDim] = *first;
    given.insert(given.begin() + rowDim + 1, b.index(0));
    indices.assign(given);
  }
  return argument(made->type, made->recipe, user->getLoc());
}

/// The indices of a copy in a part, for the modes that makeTensorMap makes.
SmallVector<Value> Binder::indicesOfPart(Location loc, Operation *user, const Tensor &tensor, const TensorView &view,
                                         ArrayRef<Value> given) {
  IndexBuilder b(loc, user);
  int64_t rank = tensor.type.getRank(), cut = *view.cut();
  Type i64 = b.getI64Type();
  auto distance = [&](Value index, int64_t dim) -> Value {
    Value wide = b.createOrFold<arith::IndexCastOp>(i64, index);
    return b.createOrFold<arith::MulIOp>(wide, stride(b, tensor, dim));
  };
  Value length = view.size(b);
  Value elements = distance(b.add(view.begin(b), length), cut);
  for (int64_t dim = 0; dim < rank - 2; ++dim)
    if (dim != cut && !matchPattern(given[dim], m_Zero()))
      elements = b.createOrFold<arith::AddIOp>(elements, distance(given[dim], dim));
  int64_t unit = kPartUnitBytes * 8 / tensor.type.getElementTypeBitWidth();
  Value shift = arith::ConstantOp::create(b, b.getI64IntegerAttr(llvm::Log2_64(unit)));
  Value units = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), b.createOrFold<arith::ShRUIOp>(elements, shift));
  SmallVector<Value> made = {units, b.index(kPartRows)};
  for (int64_t dim = 0; dim < rank; ++dim)
    if (dim == cut)
      made.push_back(b.add(b.sub(b.index(kPartRows), length), given[dim]));
    else if (dim >= rank - 2)
      made.push_back(given[dim]);
  return made;
}

FailureOr<TensorView> Binder::viewOf(Value memref, const Tensor &tensor) {
  return TensorView::of(memref, [&](Value value, int64_t dim) {
    return value == bound.lookup(recipe("size", named("size", tensor.size(dim))));
  });
}

LogicalResult Binder::bindUses(const Tensor &tensor) {
  // In the order of the program, which gives the order of the arguments.
  for (Operation *user : tensorUsers(kernel, tensor.argument)) {
    Location loc = user->getLoc();
    if (auto dim = dyn_cast<memref::DimOp>(user); dim && dim.getSource() == tensor.argument) {
      std::optional<int64_t> index = dim.getConstantIndex();
      if (!index)
        return dim.emitError("the dimension asked for must be a constant");
      if (*index < 0 || *index >= tensor.type.getRank())
        return dim.emitError() << "asks for dimension " << *index << " of a tensor of " << tensor.type.getRank();
      dim.replaceAllUsesWith(size(tensor, *index, loc));
      dim.erase();
    } else if (auto copy = dyn_cast<tile::CopyOp>(user)) {
      FailureOr<TensorView> view = viewOf(copy.getSource(), tensor);
      FailureOr<Value> made = failed(view) ? FailureOr<Value>(failure())
                                           : map(user, tensor, *view, copy.getDest(), copy.getIndicesMutable());
      if (failed(made))
        return failure();
      copy.getSourceMutable().assign(*made);
    } else if (auto op = dyn_cast<tile::GatherOp>(user); op && op.getSource() == tensor.argument) {
      gather(op, tensor);
    } else if (auto store = dyn_cast<tile::StoreOp>(user)) {
      FailureOr<TensorView> view = viewOf(store.getDest(), tensor);
      if (failed(view))
        return failure();
      if (!tile::sharedEncoding(store.getTile().getType())) {
        if (failed(scatter(store, tensor, *view)))
          return failure();
        continue;
      }
      FailureOr<Value> made = map(user, tensor, *view, store.getTile(), store.getIndicesMutable());
      if (failed(made))
        return failure();
      store.getDestMutable().assign(*made);
    } else {
      return user->emitError("a tensor argument cannot be used here by now");
    }
  }
  for (Operation *view : llvm::make_early_inc_range(tensor.argument.getUsers()))
    view->erase();
  return success();
}

/// One argument each, even if their recipes are the same.
LogicalResult Binder::bindWorkspace(BlockArgument old) {
  auto type = cast<MemRefType>(old.getType());
  int64_t bytes = llvm::divideCeil(type.getNumElements() * type.getElementTypeBitWidth(), 8);
  auto attributes = builder.getDictionaryAttr(
      builder.getNamedAttr(tile::kArgumentAttr, recipe("workspace", {named("bytes", bytes)})));
  unsigned index = kernel.getNumArguments();
  auto pointer = tile::GlobalPointerType::get(builder.getContext(), type.getElementType());
  (void)kernel.insertArgument(index, pointer, attributes, old.getLoc());
  for (OpOperand &use : llvm::make_early_inc_range(old.getUses())) {
    if (!isa<tile::NextWorkOp>(use.getOwner()))
      return use.getOwner()->emitError("a workspace cannot be used here by now");
    use.set(kernel.getArgument(index));
  }
  return success();
}

/// A number that is chosen at launch is an argument as it was.
void Binder::bindScalar(BlockArgument old) {
  auto name = kernel.getArgAttrOfType<StringAttr>(old.getArgNumber(), tile::kNameAttr);
  DictionaryAttr made =
      recipe("scalar", {builder.getNamedAttr("scalar", name), named("dtype", old.getType().isF32() ? "f32" : "i32")});
  old.replaceAllUsesWith(argument(old.getType(), made, old.getLoc()));
}

Value Binder::stride(IndexBuilder &b, const Tensor &tensor, int64_t dim) {
  int64_t known = tensor.type.getStridesAndOffset().first[dim];
  if (ShapedType::isStatic(known))
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(known));
  DictionaryAttr made = recipe("stride", {builder.getNamedAttr("tensor", tensor.name), named("dim", dim)});
  return argument(b.getI64Type(), made, b.getLoc());
}

Value Binder::pointer(const Tensor &tensor, Location loc) {
  auto type = tile::GlobalPointerType::get(builder.getContext(), tensor.type.getElementType());
  return argument(type, recipe("pointer", builder.getNamedAttr("tensor", tensor.name)), loc);
}

void Binder::gather(tile::GatherOp gather, const Tensor &tensor) {
  IndexBuilder b(gather.getLoc(), gather);
  SmallVector<Value> strides, limits;
  for (int64_t dim = 0; dim < tensor.type.getRank(); ++dim) {
    strides.push_back(stride(b, tensor, dim));
    limits.push_back(arith::IndexCastOp::create(b, b.getI32Type(), size(tensor, dim, gather.getLoc())));
  }
  gather.getSourceMutable().assign(pointer(tensor, gather.getLoc()));
  gather.getStridesMutable().assign(strides);
  gather.getLimitsMutable().assign(limits);
}

LogicalResult Binder::scatter(tile::StoreOp store, const Tensor &tensor, const TensorView &view) {
  Location loc = store.getLoc();
  IndexBuilder b(loc, store);
  Type i64 = b.getI64Type();
  Value start = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  SmallVector<Value> tileStrides, limits;
  int64_t rank = tensor.type.getRank(), firstTileDim = rank - store.getTile().getType().getRank();
  std::optional<Interleaving> turns = view.interleaving();
  if (turns && turns->dim != firstTileDim - 1)
    return refuseTurns(store, *turns, firstTileDim - 1);
  for (int64_t dim = 0; dim < rank; ++dim) {
    Value index = store.getIndices()[dim], step = stride(b, tensor, dim), end;
    if (view.cut() == dim) {
      end = b.sub(view.size(b), index);
      index = b.add(view.begin(b), index);
    }
    if (turns && dim == turns->dim) {
      index = b.mul(index, b.index(turns->count));
      tileStrides.push_back(step);
      limits.push_back(b.index(turns->count));
    } else if (turns && dim == firstTileDim) {
      FailureOr<Value> first = firstTurn(b, store, *turns, index);
      if (failed(first))
        return failure();
      index = *first;
    }
    Value wide = arith::IndexCastOp::create(b, i64, index);
    start = arith::AddIOp::create(b, start, arith::MulIOp::create(b, wide, step));
    if (dim < firstTileDim)
      continue;
    tileStrides.push_back(step);
    limits.push_back(end ? end : b.sub(size(tensor, dim, loc), index));
  }
  tile::ScatterOp::create(b, store.getTile(), pointer(tensor, loc), start, tileStrides, limits,
                          turns ? turns->slots : 1);
  store.erase();
  return success();
}

struct TileBindArgumentsPass : impl::TileBindArgumentsPassBase<TileBindArgumentsPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    const Target *target = lookupTarget(kernel);
    if (!target || failed(checkBefore(Phase::Bound, kernel)) || failed(Binder(kernel, *target).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace girih
