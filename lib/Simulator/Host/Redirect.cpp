//===- Redirect.cpp - Programs with NVIDIA's runtime inside ---------------===//
//
// nvcc links the runtime statically unless it is told -cudart shared, and then
// no loader can put another in its place. The runtime itself works with
// NVIDIA's driver alone. So the program's own symbols say where the functions
// of the runtime are, and each gets a jump to the one here as its first
// instruction, before any of them has run.
//
//===----------------------------------------------------------------------===//
#include "EntryPoints.h"
#include "Session.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <link.h>
#include <sys/mman.h>

namespace girih::sim::host {
namespace {

/// The program's file, with its sections.
class ElfFile {
public:
  explicit ElfFile(const char *path) {
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    const auto *header = at<Elf64_Ehdr>(0, 1);
    bool isElf = header && !std::memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_ident[EI_CLASS] == ELFCLASS64;
    if (!isElf || !(sections = at<Elf64_Shdr>(header->e_shoff, header->e_shnum)))
      return;
    count = header->e_shnum;
    if (header->e_shstrndx < count)
      names = &sections[header->e_shstrndx];
  }

  const Elf64_Shdr *find(const char *name) const {
    for (size_t i = 0; names && i < count; ++i)
      if (text(*names, sections[i].sh_name) == name)
        return &sections[i];
    return nullptr;
  }

  std::string text(const Elf64_Shdr &table, uint64_t offset) const {
    const char *begin = offset < table.sh_size ? at<char>(table.sh_offset + offset, table.sh_size - offset) : nullptr;
    return begin ? std::string(begin, strnlen(begin, table.sh_size - offset)) : "";
  }

  struct Function {
    std::string name;
    uint64_t address;
  };
  /// Of the table that strip takes away, by address.
  std::vector<Function> functions() const {
    std::vector<Function> found;
    const Elf64_Shdr *table = find(".symtab"), *strings = find(".strtab");
    size_t symbols = table ? table->sh_size / sizeof(Elf64_Sym) : 0;
    const auto *symbol = strings && symbols ? at<Elf64_Sym>(table->sh_offset, symbols) : nullptr;
    for (size_t i = 0; symbol && i < symbols; ++i)
      if (ELF64_ST_TYPE(symbol[i].st_info) == STT_FUNC && symbol[i].st_shndx != SHN_UNDEF)
        found.push_back({text(*strings, symbol[i].st_name), symbol[i].st_value});
    std::sort(found.begin(), found.end(), [](const auto &a, const auto &b) { return a.address < b.address; });
    return found;
  }

private:
  template <class T> const T *at(uint64_t offset, uint64_t elements) const {
    bool isInside = offset <= bytes.size() && elements <= (bytes.size() - offset) / sizeof(T);
    return isInside ? reinterpret_cast<const T *>(bytes.data() + offset) : nullptr;
  }
  std::vector<char> bytes;
  const Elf64_Shdr *sections = nullptr, *names = nullptr;
  size_t count = 0;
};

/// What the loader has added to the addresses of the program's file.
uint64_t loadBias() {
  uint64_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *into) {
        *static_cast<uint64_t *>(into) = info->dlpi_addr;
        return 1; // the program comes first
      },
      &bias);
  return bias;
}

/// jmp *0(%rip), with the address behind it.
constexpr size_t jumpBytes = 14;

bool writeJump(uint64_t at, const void *target) {
  constexpr uint64_t page = 4096;
  auto *first = reinterpret_cast<void *>(at / page * page);
  size_t size = (at + jumpBytes + page - 1) / page * page - at / page * page;
  if (mprotect(first, size, PROT_READ | PROT_WRITE | PROT_EXEC))
    return false;
  uint8_t jump[jumpBytes] = {0xff, 0x25};
  std::memcpy(jump + 6, &target, sizeof target);
  std::memcpy(reinterpret_cast<void *>(at), jump, sizeof jump);
  return mprotect(first, size, PROT_READ | PROT_EXEC) == 0;
}

__attribute__((constructor)) void redirectRuntime() {
  ElfFile program("/proc/self/exe");
  std::vector<ElfFile::Function> functions = program.functions();
  uint64_t bias = loadBias();
  size_t redirected = 0;
  for (size_t i = 0; i < functions.size(); ++i) {
    const auto &[name, address] = functions[i];
    if (!name.starts_with("cuda") && !name.starts_with("__cuda"))
      continue;
    void *target = findEntryPoint(name);
    if (!target || reinterpret_cast<uint64_t>(target) == bias + address)
      continue;
    // A short function has a gap behind it, up to the next one.
    size_t next = i + 1;
    while (next < functions.size() && functions[next].address == address)
      ++next;
    if (next < functions.size() && functions[next].address - address < jumpBytes)
      continue;
    redirected += writeJump(bias + address, target);
  }
  if (redirected || !functions.empty() || !program.find(".nv_fatbin"))
    return;
  // A stripped program with kernels may still have the shared runtime.
  if (const Elf64_Shdr *strings = program.find(".dynstr"))
    for (uint64_t at = 0; at < strings->sh_size; at += program.text(*strings, at).size() + 1)
      if (program.text(*strings, at).starts_with("libcudart.so"))
        return;
  Session::get().tell("the program has CUDA's runtime inside and no symbols, so that it cannot be redirected; "
                      "build it without strip, or with nvcc's -cudart shared");
}

} // namespace
} // namespace girih::sim::host
