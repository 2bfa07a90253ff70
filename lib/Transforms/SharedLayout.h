// Where the shared memory of a kernel goes.
#ifndef GIRIH_LIB_TRANSFORMS_SHAREDLAYOUT_H
#define GIRIH_LIB_TRANSFORMS_SHAREDLAYOUT_H

#include "dialects/Tile/Tile.h"
#include "llvm/Support/MathExtras.h"

namespace girih {

/// Where tiles may start: the 128-byte swizzle repeats after 8 rows.
inline constexpr int64_t kTileAlignment = 1024;

/// Places tiles and barriers one after another; each `add` returns an offset.
class SharedLayout {
public:
  SharedLayout() = default;
  explicit SharedLayout(int64_t taken) : bytes(taken) {}

  int64_t addTiles(int64_t count, mlir::RankedTensorType tile) {
    return add(llvm::alignTo(bytes, kTileAlignment), count * tile::sharedBytes(tile));
  }
  int64_t addBarriers(int64_t count) { return add(llvm::alignTo(bytes, kBarrierBytes), kBarrierBytes * count); }
  int64_t getBytes() const { return bytes; }

private:
  static constexpr int64_t kBarrierBytes = 8;

  int64_t add(int64_t at, int64_t size) {
    bytes = at + size;
    return at;
  }

  int64_t bytes = 0;
};

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_SHAREDLAYOUT_H
