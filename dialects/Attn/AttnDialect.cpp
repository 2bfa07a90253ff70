#include "dialects/Attn/Attn.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace girih::attn;

#include "dialects/Attn/AttnDialect.cpp.inc"
#include "dialects/Attn/AttnEnums.cpp.inc"

void AttnDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Attn/AttnOps.cpp.inc"
      >();
}

bool girih::attn::isSorted(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  auto function = argument ? dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp()) : FunctionOpInterface();
  return function && function.getArgAttr(argument.getArgNumber(), kSortedAttr);
}

/// A word of the notation in which references evaluate regions.
static bool isIdentifier(llvm::StringRef text) {
  return !text.empty() && !llvm::isDigit(text.front()) &&
         llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

LogicalResult AttnDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned index, NamedAttribute attr) {
  auto error = [&] { return op->emitError() << "argument " << index << ": " << attr.getName().strref() << " "; };
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || index >= function.getNumArguments())
    return error() << "stands on an argument of a function";
  Type type = function.getArgumentTypes()[index];
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (attr.getName() == kNameAttr) {
    auto name = dyn_cast<StringAttr>(attr.getValue());
    if (!name || !isIdentifier(name))
      return error() << "is " << attr.getValue() << ", must be a name of letters, digits and underscores";
    return success();
  }
  if (attr.getName() == kSizesAttr) {
    auto names = dyn_cast<ArrayAttr>(attr.getValue());
    auto isName = [](Attribute name) { return isa<StringAttr>(name) && isIdentifier(cast<StringAttr>(name)); };
    if (!names || !tensor || static_cast<int64_t>(names.size()) != tensor.getRank() || !llvm::all_of(names, isName))
      return error() << "is " << attr.getValue() << ", must be a name for each dimension of a tensor, not of " << type;
    return success();
  }
  if (attr.getName() == kSortedAttr) {
    if (!tensor || !isa<IntegerType>(tensor.getElementType()) || !isa<UnitAttr>(attr.getValue()))
      return error() << "stands, without a value, on a tensor of integers, not on " << type;
    return success();
  }
  return error() << "is no attribute of an argument";
}
