// What the machine code tells of a kernel.
#include "Inspect.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"

using namespace mlir;

namespace girih {

/// An instruction has 16 bytes; the low 12 bits of the first word are its opcode.
/// R2UR moves a register to the uniform ones: ptxas emits it where it cannot see
/// that a value is the same in all lanes, and in a main loop it costs time.
static constexpr uint64_t kOpcodeMask = 0xfff, kMoveToUniform = 0x2ca;
static constexpr size_t kInstructionBytes = 16;

std::optional<int64_t> countUniformMoves(StringRef cubin, StringRef kernel) {
  auto object = llvm::object::ELFFile<llvm::object::ELF64LE>::create(cubin);
  if (!object) {
    llvm::consumeError(object.takeError());
    return std::nullopt;
  }
  auto sections = object->sections();
  if (!sections) {
    llvm::consumeError(sections.takeError());
    return std::nullopt;
  }
  for (const auto &section : *sections) {
    auto name = object->getSectionName(section);
    auto bytes = object->getSectionContents(section);
    if (!name || !bytes) {
      llvm::consumeError(name.takeError());
      llvm::consumeError(bytes.takeError());
      return std::nullopt;
    }
    if (*name != (".text." + kernel).str())
      continue;
    int64_t count = 0;
    for (size_t at = 0; at + kInstructionBytes <= bytes->size(); at += kInstructionBytes)
      count += (llvm::support::endian::read64le(bytes->data() + at) & kOpcodeMask) == kMoveToUniform;
    return count;
  }
  return std::nullopt;
}

} // namespace girih
