#include "Elementwise.h"
namespace girih::sim { void registerTensorMatrix(DecodeTable &) {} }
