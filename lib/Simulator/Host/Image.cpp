//===- Image.cpp - What a program loads as a module -----------------------===//
//
// The container of fat binaries is not documented; what is read here has been
// seen in files of fatbinary 12 and 13 with each of nvcc's --compress-mode:
// a header, then entries with a header of their own before their bytes.
//
//===----------------------------------------------------------------------===//
#include "Image.h"

#include "Api.h"

#include <cstring>
#include <fatbinary_section.h>
#ifdef GIRIH_HAS_LZ4
#include <lz4.h>
#endif
#ifdef GIRIH_HAS_ZSTD
#include <zstd.h>
#endif

namespace girih::sim::host {
namespace {

constexpr uint32_t fatMagic = 0xba55ed50;

template <class T> T read(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

[[noreturn]] void refuse(int code, const std::string &message) { throw Refusal{code, message}; }

/// One code of a fat binary.
struct Entry {
  static constexpr uint32_t leastHeader = 64;
  static constexpr uint64_t lz4 = 0x2000, zstd = 0x8000;
  enum Kind : uint16_t { Ptx = 1, Elf = 2 };

  explicit Entry(const uint8_t *at)
      : kind(read<uint16_t>(at)), headerBytes(read<uint32_t>(at + 4)), bytes(read<uint64_t>(at + 8)),
        packedBytes(read<uint32_t>(at + 16)), architecture(read<uint32_t>(at + 28)), flags(read<uint64_t>(at + 40)),
        plainBytes(read<uint64_t>(at + 56)), data(at + headerBytes) {}

  uint16_t kind;
  uint32_t headerBytes;
  uint64_t bytes;
  uint32_t packedBytes, architecture;
  uint64_t flags, plainBytes;
  const uint8_t *data;
};

std::string unpack(const Entry &entry) {
  if (!(entry.flags & (Entry::lz4 | Entry::zstd)))
    return {reinterpret_cast<const char *>(entry.data), entry.bytes};
  constexpr uint64_t most = 1 << 30;
  if (entry.packedBytes > entry.bytes || entry.plainBytes > most)
    refuse(CUDA_ERROR_INVALID_IMAGE, "a fat binary's entry of " + std::to_string(entry.bytes) + " bytes has " +
                                         std::to_string(entry.packedBytes) + " compressed ones, for " +
                                         std::to_string(entry.plainBytes));
  std::string text(entry.plainBytes, 0);
  bool isWhole = false;
  if (entry.flags & Entry::zstd) {
#ifdef GIRIH_HAS_ZSTD
    isWhole = ZSTD_decompress(text.data(), text.size(), entry.data, entry.packedBytes) == text.size();
#else
    refuse(CUDA_ERROR_NOT_SUPPORTED, "a fat binary is compressed with zstd, which this build does not have");
#endif
  } else {
#ifdef GIRIH_HAS_LZ4
    isWhole = LZ4_decompress_safe(reinterpret_cast<const char *>(entry.data), text.data(), int(entry.packedBytes),
                                  int(text.size())) == int(text.size());
#else
    refuse(CUDA_ERROR_NOT_SUPPORTED, "a fat binary is compressed with LZ4, which this build does not have");
#endif
  }
  if (!isWhole)
    refuse(CUDA_ERROR_INVALID_IMAGE, "a fat binary's compressed PTX is damaged");
  return text;
}

/// The word behind `.target`.
std::string targetOf(const std::string &ptx) {
  size_t at = ptx.find(".target");
  at = at == ptx.npos ? at : ptx.find_first_not_of(" \t", at + 7);
  return at == ptx.npos ? "" : ptx.substr(at, ptx.find_first_of(", \t\r\n", at) - at);
}

std::string bestOf(const uint8_t *fat, const Chip &chip, uint64_t available) {
  constexpr uint64_t leastBytes = 16;
  uint64_t headerBytes = available < leastBytes ? leastBytes : read<uint16_t>(fat + 6);
  uint64_t size = available < leastBytes ? 0 : read<uint64_t>(fat + 8);
  if (headerBytes > available || size > available - headerBytes)
    refuse(CUDA_ERROR_INVALID_IMAGE, "a fat binary has a header of " + std::to_string(headerBytes) + " bytes and " +
                                         std::to_string(size) + " behind it, when there are " +
                                         std::to_string(available));
  std::string best, there;
  int bestFitness = 0;
  uint64_t at = 0;
  while (at + Entry::leastHeader <= size) {
    Entry entry(fat + headerBytes + at);
    if (entry.headerBytes < Entry::leastHeader || entry.headerBytes > size - at ||
        entry.bytes > size - at - entry.headerBytes)
      refuse(CUDA_ERROR_INVALID_IMAGE, "a fat binary's entry at byte " + std::to_string(headerBytes + at) +
                                           " leaves its " + std::to_string(size) + " bytes");
    at += entry.headerBytes + entry.bytes;
    there += there.empty() ? "" : ", ";
    if (entry.kind != Entry::Ptx) {
      there += "a cubin for " + std::to_string(entry.architecture);
      continue;
    }
    std::string ptx = unpack(entry);
    ptx.resize(std::min(ptx.size(), ptx.find('\0')));
    std::string target = targetOf(ptx);
    there += "PTX for " + target;
    int found = fitness(chip, target);
    if (found > bestFitness) {
      bestFitness = found;
      best = std::move(ptx);
    }
  }
  if (!bestFitness)
    refuse(CUDA_ERROR_NO_BINARY_FOR_GPU,
           "a fat binary has no PTX for " + std::string(chip.target) + ", but " + (there.empty() ? "nothing" : there) +
               "; compile with -gencode arch=compute_" + (chip.target + 3) + ",code=compute_" + (chip.target + 3));
  return best;
}

} // namespace

std::string findPtx(const void *image, const Chip &chip, uint64_t available) {
  auto *bytes = static_cast<const uint8_t *>(image);
  // A text may be shorter than a word.
  auto begins = [&](uint32_t magic) {
    return std::strncmp(reinterpret_cast<const char *>(bytes), reinterpret_cast<const char *>(&magic), sizeof magic) ==
           0;
  };
  if (begins(FATBINC_MAGIC)) {
    auto *wrapper = static_cast<const __fatBinC_Wrapper_t *>(image);
    if (wrapper->version != FATBINC_VERSION)
      refuse(CUDA_ERROR_NO_BINARY_FOR_GPU, "code that nvcc has linked (-rdc=true) has no PTX; compile with -rdc=false");
    bytes = reinterpret_cast<const uint8_t *>(wrapper->data);
  }
  if (begins(fatMagic))
    return bestOf(bytes, chip, available);
  if (bytes[0] == 0x7f && bytes[1] == 'E')
    refuse(CUDA_ERROR_NO_BINARY_FOR_GPU, "a cubin has machine code only, when the simulator needs PTX");
  std::string text(reinterpret_cast<const char *>(bytes));
  if (text.find(".version") == text.npos)
    refuse(CUDA_ERROR_INVALID_IMAGE, "the image is neither PTX nor a fat binary");
  return text;
}

} // namespace girih::sim::host
