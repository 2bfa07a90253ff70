// Attributes of the tile dialect: syntax and rules. The schedule's are in
// Schedule.cpp.
#include "dialects/Tile/Fragment.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace girih::tile;

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.cpp.inc"

void TileDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/TileAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// #tile.fragment<registers = [2 : (0, 1), ...], lanes = [...], warps = [...]>
//===----------------------------------------------------------------------===//

static ParseResult parseModes(AsmParser &parser, StringRef keyword, std::optional<unsigned> &rank,
                              SmallVectorImpl<int64_t> &flat) {
  if (parser.parseKeyword(keyword) || parser.parseEqual())
    return failure();
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    int64_t size;
    SMLoc where = parser.getCurrentLocation();
    if (parser.parseInteger(size) || parser.parseColon())
      return failure();
    flat.push_back(size);
    unsigned steps = 0;
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&]() -> ParseResult {
          ++steps;
          return parser.parseInteger(flat.emplace_back());
        }))
      return failure();
    if (rank.value_or(steps) != steps)
      return parser.emitError(where) << "this mode has " << steps << " steps, earlier ones have " << *rank;
    rank = steps;
    return success();
  });
}

Attribute FragmentAttr::parse(AsmParser &parser, Type) {
  std::optional<unsigned> rank;
  SmallVector<int64_t> registers, lanes, warps;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parseModes(parser, "registers", rank, registers) || parser.parseComma() ||
      parseModes(parser, "lanes", rank, lanes) || parser.parseComma() || parseModes(parser, "warps", rank, warps) ||
      parser.parseGreater())
    return {};
  return FragmentAttr::getChecked([&] { return parser.emitError(start); }, parser.getContext(), rank.value_or(1),
                                  registers, lanes, warps);
}

static void printModes(AsmPrinter &printer, StringRef keyword, unsigned rank, ArrayRef<int64_t> flat) {
  printer << keyword << " = [";
  for (size_t i = 0; i < flat.size(); i += rank + 1) {
    printer << (i ? ", " : "") << flat[i] << " : (";
    llvm::interleaveComma(flat.slice(i + 1, rank), printer.getStream());
    printer << ')';
  }
  printer << ']';
}

void FragmentAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printModes(printer, "registers", getRank(), getRegisters());
  printer << ", ";
  printModes(printer, "lanes", getRank(), getLanes());
  printer << ", ";
  printModes(printer, "warps", getRank(), getWarps());
  printer << '>';
}

/// Counts what the modes number.
static LogicalResult verifyModes(function_ref<InFlightDiagnostic()> emitError, unsigned rank, ArrayRef<int64_t> flat,
                                 int64_t &count) {
  count = 1;
  for (size_t i = 0; i < flat.size(); i += rank + 1) {
    if (flat[i] < 1)
      return emitError() << "a mode has size " << flat[i] << ", needs at least 1";
    if (flat[i] > kMaxTileElements / count)
      return emitError() << "modes of more than " << kMaxTileElements << " elements";
    count *= flat[i];
    ArrayRef<int64_t> steps = flat.slice(i + 1, rank);
    for (int64_t step : steps)
      if (step < 0 || step > kMaxTileElements)
        return emitError() << "a step is " << step << ", must be 0 to " << kMaxTileElements;
    if (flat[i] > 1 && llvm::count(steps, 0) + 1 < rank)
      return emitError() << "a mode moves along both dimensions";
  }
  return success();
}

LogicalResult FragmentAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned rank,
                                   ArrayRef<int64_t> registers, ArrayRef<int64_t> lanes, ArrayRef<int64_t> warps) {
  if (rank < 1 || rank > 2)
    return emitError() << "a fragment has 1 or 2 dimensions, not " << rank;
  int64_t numRegisters, numLanes, numWarps;
  if (failed(verifyModes(emitError, rank, registers, numRegisters)) ||
      failed(verifyModes(emitError, rank, lanes, numLanes)) || failed(verifyModes(emitError, rank, warps, numWarps)))
    return failure();
  for (size_t i = 0; i < registers.size(); i += rank + 1)
    if (registers[i] > 1 && llvm::all_of(registers.slice(i + 1, rank), [](int64_t step) { return step == 0; }))
      return emitError() << "a register mode moves nowhere: a thread holds an element once";
  if (numLanes != 32)
    return emitError() << "the lane modes make " << numLanes << " lanes, a warp has 32";
  if (4 % numWarps != 0)
    return emitError() << "the warp modes make " << numWarps << " warps, which do not divide a worker's 4";
  return success();
}

LogicalResult FragmentAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                           function_ref<InFlightDiagnostic()> emitError) const {
  if (!elementType)
    return failure(); // which the parser has said
  if (shape.size() != getRank())
    return emitError() << "fragment has " << getRank() << " dimensions, tile has " << shape.size();
  if (!isTileElement(elementType))
    return emitError() << "a tile has no elements of " << elementType;
  Fragment layout(*this);
  for (unsigned dim = 0; dim < getRank(); ++dim) {
    SmallVector<Mode> moving;
    for (const Fragment::Modes *modes : {&layout.registerModes(), &layout.laneModes(), &layout.warpModes()})
      llvm::copy_if(*modes, std::back_inserter(moving), [&](const Mode &mode) { return mode.movesAlong(dim); });
    int64_t last = 0;
    for (const Mode &mode : moving)
      last += (mode.size - 1) * mode.steps[dim];
    if (last + 1 != shape[dim])
      return emitError() << "fragment covers " << last + 1 << " elements of dimension " << dim << ", tile has "
                         << shape[dim];
    // Each element is held once: a mode steps over what the finer ones cover.
    llvm::sort(moving, [&](const Mode &a, const Mode &b) { return a.steps[dim] < b.steps[dim]; });
    int64_t covered = 1;
    for (const Mode &mode : moving) {
      if (mode.steps[dim] != covered)
        return emitError() << "a mode steps by " << mode.steps[dim] << " along dimension " << dim
                           << ", where finer modes cover " << covered;
      covered *= mode.size;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// #tile.shared<swizzle = 128, rows = 256>
//===----------------------------------------------------------------------===//

LogicalResult SharedAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t swizzle, int64_t rows, bool) {
  if (!isSwizzle(swizzle))
    return emitError() << "swizzle is " << swizzle << " bytes, TMA has 16, 32, 64 and 128";
  if (rows < 0 || rows > kMaxTileElements)
    return emitError() << "panels have " << rows << " rows, must be 1 to " << kMaxTileElements;
  return success();
}

LogicalResult SharedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (!elementType)
    return failure(); // which the parser has said
  if (shape.size() != 2)
    return emitError() << "a tile in shared memory has 2 dimensions, not " << shape.size();
  int64_t bits = isTileElement(elementType) ? elementType.getIntOrFloatBitWidth() : 0;
  if (bits % 8 != 0 || bits == 0)
    return emitError() << "a tile in shared memory has no elements of " << elementType;
  if (!isTileShape(shape))
    return emitError() << "a tile in shared memory has 1 to " << kMaxTileElements << " elements in static dimensions";
  if (getInterleaved() && bits != 8)
    return emitError() << "an interleaved tile has elements of 8 bits, not of " << elementType;
  int64_t rowBytes = shape[1] * bits / 8;
  if (rowBytes % getSwizzle() != 0)
    return emitError() << "a row of " << rowBytes << " bytes is no multiple of the swizzle of " << getSwizzle();
  if (getRows() != 0 && getRows() <= shape[0])
    return emitError() << "panels have " << getRows() << " rows, must be more than the tile's own " << shape[0];
  return success();
}

//===----------------------------------------------------------------------===//
// #tile.tensor_memory
//===----------------------------------------------------------------------===//

LogicalResult TensorMemoryAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                               function_ref<InFlightDiagnostic()> emitError) const {
  if (!elementType)
    return failure(); // which the parser has said
  if (shape.size() != 2)
    return emitError() << "a tile in tensor memory has 2 dimensions, not " << shape.size();
  int64_t bits = isTileElement(elementType) ? elementType.getIntOrFloatBitWidth() : 0;
  if (bits < 8 || bits > 32)
    return emitError() << "a tile in tensor memory has no elements of " << elementType;
  if (shape[0] < 1 || shape[0] > kTensorLanes)
    return emitError() << "a tile in tensor memory has " << shape[0] << " rows, must be 1 to its " << kTensorLanes
                       << " lanes";
  if (!isTileShape(shape))
    return emitError() << "a tile in tensor memory has 1 to " << kMaxTileElements << " elements in static dimensions";
  if (int64_t rowBits = shape[1] * bits; rowBits % 32 != 0 || rowBits / 32 > kMaxTensorColumns)
    return emitError() << "a row of " << rowBits << " bits is no multiple of 32 up to " << 32 * kMaxTensorColumns
                       << ", the columns of tensor memory";
  return success();
}
