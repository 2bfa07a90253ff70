//===- TensorMap.cpp - cuTensorMapEncodeTiled -----------------------------===//
//
// The encoding is the simulator's own (docs/simulator.md): programs hand the 128
// bytes on and do not look into them.
//
//===----------------------------------------------------------------------===//
#include "../../Descriptors/TensorMap.h"

#include "../Api.h"

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

} // namespace

extern "C" {

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                const cuuint64_t *sizes, const cuuint64_t *strides, const cuuint32_t *box,
                                const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill fill) {
  return enter("cuTensorMapEncodeTiled", [&](Session &) {
    if (!map || rank < 1 || rank > 5)
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "rank is " + std::to_string(rank) + " when it should be 1 to 5"};
    TensorMapRecipe recipe;
    recipe.element = elementOf(type);
    recipe.rank = rank;
    for (unsigned i = 0; i < rank; ++i) {
      recipe.sizes[i] = sizes[i];
      recipe.box[i] = box[i];
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
    return CUDA_SUCCESS;
  });
}

CUresult cuTensorMapReplaceAddress(CUtensorMap *map, void *address) {
  return enter("cuTensorMapReplaceAddress", [&](Session &) {
    auto decoded = decodeTensorMap(reinterpret_cast<const uint8_t *>(map));
    if (!decoded)
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "the bytes are no tensor map of cuTensorMapEncodeTiled"};
    decoded->address = reinterpret_cast<uint64_t>(address);
    if (std::string wrong = checkTensorMap(decoded->recipe, decoded->address); !wrong.empty())
      throw Refusal{CUDA_ERROR_INVALID_VALUE, wrong};
    auto bytes = packTensorMap(*decoded);
    std::memcpy(map, bytes.data(), bytes.size());
    return CUDA_SUCCESS;
  });
}

} // extern "C"
