//===- TensorMap.cpp - The encoding of tensor maps ------------------------===//
//
// The encoding is the simulator's own (docs/simulator.md): programs hand the 128
// bytes on and do not look into them.
//
//===----------------------------------------------------------------------===//
#include "../../Descriptors/TensorMap.h"

#include "../Api.h"

#include <algorithm>
#include <cstring>

using namespace girih::sim;
using namespace girih::sim::host;

namespace {

MapElement elementOf(CUtensorMapDataType type) {
  switch (type) {
  case CU_TENSOR_MAP_DATA_TYPE_UINT8:
    return MapElement::U8;
  case CU_TENSOR_MAP_DATA_TYPE_UINT16:
    return MapElement::U16;
  case CU_TENSOR_MAP_DATA_TYPE_UINT32:
    return MapElement::U32;
  case CU_TENSOR_MAP_DATA_TYPE_INT32:
    return MapElement::S32;
  case CU_TENSOR_MAP_DATA_TYPE_UINT64:
    return MapElement::U64;
  case CU_TENSOR_MAP_DATA_TYPE_INT64:
    return MapElement::S64;
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT16:
    return MapElement::F16;
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT32:
    return MapElement::F32;
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT64:
    return MapElement::F64;
  case CU_TENSOR_MAP_DATA_TYPE_BFLOAT16:
    return MapElement::BF16;
  case CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ:
    return MapElement::F32Ftz;
  case CU_TENSOR_MAP_DATA_TYPE_TFLOAT32:
    return MapElement::TF32;
  case CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ:
    return MapElement::TF32Ftz;
  case CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B:
    return MapElement::U4x16;
  case CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN16B:
    return MapElement::U4x16Padded;
  case CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B:
    return MapElement::U6x16Padded;
  }
  throw Refusal{CUDA_ERROR_INVALID_VALUE, "the data type " + std::to_string(int(type)) + " is not known"};
}

void setSwizzle(TensorMapRecipe &recipe, CUtensorMapSwizzle swizzle) {
  switch (swizzle) {
  case CU_TENSOR_MAP_SWIZZLE_NONE:
    return;
  case CU_TENSOR_MAP_SWIZZLE_32B:
    recipe.swizzle = 32;
    return;
  case CU_TENSOR_MAP_SWIZZLE_64B:
    recipe.swizzle = 64;
    return;
  case CU_TENSOR_MAP_SWIZZLE_128B:
    recipe.swizzle = 128;
    return;
  case CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B:
  case CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B_FLIP_8B:
    recipe.swizzle = 128;
    recipe.swizzleAtom = 32;
    recipe.flipsHalves = swizzle == CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B_FLIP_8B;
    return;
  case CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B:
    recipe.swizzle = 128;
    recipe.swizzleAtom = 64;
    return;
  }
  throw Refusal{CUDA_ERROR_INVALID_VALUE, "the swizzle " + std::to_string(int(swizzle)) + " is not known"};
}

/// What the three functions share; the rest of the recipe says what a box is.
void encode(CUtensorMap *map, TensorMapRecipe recipe, CUtensorMapDataType type, cuuint32_t rank, void *address,
            const cuuint64_t *sizes, const cuuint64_t *strides, const cuuint32_t *elementStrides,
            CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle, CUtensorMapFloatOOBfill fill) {
  recipe.element = elementOf(type);
  recipe.rank = rank;
  for (unsigned i = 0; i < rank; ++i) {
    recipe.sizes[i] = sizes[i];
    recipe.elementStrides[i] = elementStrides[i];
    if (i)
      recipe.strides[i] = strides[i - 1];
  }
  setSwizzle(recipe, swizzle);
  recipe.fillsNaN = fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;
  if (interleave != CU_TENSOR_MAP_INTERLEAVE_NONE)
    throw Refusal{CUDA_ERROR_NOT_SUPPORTED, "interleaved tensor maps are not simulated"};
  uint64_t base = reinterpret_cast<uint64_t>(address);
  if (std::string wrong = checkTensorMap(recipe, base); !wrong.empty())
    throw Refusal{CUDA_ERROR_INVALID_VALUE, wrong};
  auto bytes = packTensorMap({base, recipe});
  static_assert(sizeof(CUtensorMap) == sizeof bytes);
  std::memcpy(map, bytes.data(), bytes.size());
}

void checkRank(CUtensorMap *map, cuuint32_t rank, cuuint32_t least) {
  if (!map || rank < least || rank > 5)
    throw Refusal{CUDA_ERROR_INVALID_VALUE,
                  "rank is " + std::to_string(rank) + " when it should be " + std::to_string(least) + " to 5"};
}

} // namespace

extern "C" {

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                const cuuint64_t *sizes, const cuuint64_t *strides, const cuuint32_t *box,
                                const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill fill) {
  return enter("cuTensorMapEncodeTiled", [&](Session &) {
    checkRank(map, rank, 1);
    TensorMapRecipe recipe;
    std::copy(box, box + rank, recipe.box.begin());
    encode(map, recipe, type, rank, address, sizes, strides, elementStrides, interleave, swizzle, fill);
    return CUDA_SUCCESS;
  });
}

CUresult cuTensorMapEncodeIm2col(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                 const cuuint64_t *sizes, const cuuint64_t *strides, const int *lowerCorner,
                                 const int *upperCorner, cuuint32_t channels, cuuint32_t pixels,
                                 const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
                                 CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill fill) {
  return enter("cuTensorMapEncodeIm2col", [&](Session &) {
    checkRank(map, rank, 3);
    TensorMapRecipe recipe;
    recipe.mode = MapMode::Im2col;
    // The driver's documentation has the width last; an H200 takes it first (Recorded/copies.json).
    std::copy(lowerCorner, lowerCorner + rank - 2, recipe.lowerCorner.begin());
    std::copy(upperCorner, upperCorner + rank - 2, recipe.upperCorner.begin());
    recipe.channelsPerPixel = channels;
    recipe.pixelsPerColumn = pixels;
    encode(map, recipe, type, rank, address, sizes, strides, elementStrides, interleave, swizzle, fill);
    return CUDA_SUCCESS;
  });
}

CUresult cuTensorMapEncodeIm2colWide(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                     const cuuint64_t *sizes, const cuuint64_t *strides, int lowerCorner,
                                     int upperCorner, cuuint32_t channels, cuuint32_t pixels,
                                     const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
                                     CUtensorMapIm2ColWideMode mode, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion,
                                     CUtensorMapFloatOOBfill fill) {
  return enter("cuTensorMapEncodeIm2colWide", [&](Session &) {
    checkRank(map, rank, 3);
    TensorMapRecipe recipe;
    recipe.mode = mode == CU_TENSOR_MAP_IM2COL_WIDE_MODE_W128 ? MapMode::Im2colWidth128 : MapMode::Im2colWidth;
    recipe.lowerCorner[0] = lowerCorner;
    recipe.upperCorner[0] = upperCorner;
    recipe.channelsPerPixel = channels;
    recipe.pixelsPerColumn = pixels;
    encode(map, recipe, type, rank, address, sizes, strides, elementStrides, interleave, swizzle, fill);
    return CUDA_SUCCESS;
  });
}

CUresult cuTensorMapReplaceAddress(CUtensorMap *map, void *address) {
  return enter("cuTensorMapReplaceAddress", [&](Session &) {
    auto decoded = decodeTensorMap(reinterpret_cast<const uint8_t *>(map));
    if (!decoded)
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "the bytes are no tensor map that has been encoded"};
    decoded->address = reinterpret_cast<uint64_t>(address);
    if (std::string wrong = checkTensorMap(decoded->recipe, decoded->address); !wrong.empty())
      throw Refusal{CUDA_ERROR_INVALID_VALUE, wrong};
    auto bytes = packTensorMap(*decoded);
    std::memcpy(map, bytes.data(), bytes.size());
    return CUDA_SUCCESS;
  });
}

} // extern "C"
