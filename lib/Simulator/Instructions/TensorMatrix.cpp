#include "Elementwise.h"
namespace girih::sim {
void registerTensorMatrix(DecodeTable &) {}
} // namespace girih::sim
