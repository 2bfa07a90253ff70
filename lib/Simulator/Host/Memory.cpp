//===- Memory.cpp - Device memory on the host -----------------------------===//
#include "Memory.h"

#include "Api.h"

#include <cstdio>
#include <sys/mman.h>

namespace girih::sim::host {
namespace {

constexpr uint64_t pageSize = 4096;
/// A stray access hits nothing.
constexpr uint64_t gap = 65536;

uint64_t pages(uint64_t size) { return (size + pageSize - 1) / pageSize * pageSize; }

void *map(uint64_t size, int protection) {
  void *made = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (made == MAP_FAILED)
    throw Refusal{CUDA_ERROR_OUT_OF_MEMORY, "the host has no " + std::to_string(size) + " bytes of memory"};
  return made;
}

std::string hex(uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

bool isOfProgram(MemoryKind kind) { return kind == MemoryKind::Registered || kind == MemoryKind::Variable; }

} // namespace

Allocation &Memory::allocate(uint64_t size, MemoryKind kind) {
  if (kind != MemoryKind::Host && total && size > total - std::min(usedBytes, total))
    throw Refusal{CUDA_ERROR_OUT_OF_MEMORY, std::to_string(size) + " bytes are asked for when " +
                                                std::to_string(total - std::min(usedBytes, total)) + " of " +
                                                std::to_string(total) + " are free"};
  uint64_t reserved = pages(size);
  auto *bytes = static_cast<uint8_t *>(map(reserved, PROT_READ | PROT_WRITE));
  uint64_t address = reinterpret_cast<uint64_t>(bytes);
  if (kind == MemoryKind::Device) {
    try {
      address = reinterpret_cast<uint64_t>(map(reserved + gap, PROT_NONE));
    } catch (...) {
      munmap(bytes, reserved);
      throw;
    }
  }
  if (kind != MemoryKind::Host)
    usedBytes += size;
  return add(kind, "allocation " + std::to_string(++count), address, size, bytes);
}

Allocation &Memory::add(MemoryKind kind, std::string name, uint64_t address, uint64_t size, uint8_t *bytes) {
  if (unsigned taken = names[name]++)
    name += " #" + std::to_string(taken + 1);
  Allocation &made = allocations[address];
  made = {kind, std::move(name), address, size, bytes, 0, false};
  return made;
}

bool Memory::release(uint64_t address, MemoryKind kind) {
  auto found = allocations.find(address);
  if (found == allocations.end())
    return false;
  const Allocation &allocation = found->second;
  // cudaFree gives both kinds of memory of the device back.
  bool isManaged = kind == MemoryKind::Device && allocation.kind == MemoryKind::Managed;
  if (allocation.kind != kind && !isManaged)
    return false;
  if (!isOfProgram(allocation.kind)) {
    munmap(allocation.bytes, pages(allocation.size));
    if (allocation.kind == MemoryKind::Device)
      munmap(reinterpret_cast<void *>(address), pages(allocation.size) + gap);
    if (allocation.kind != MemoryKind::Host)
      usedBytes -= allocation.size;
  }
  allocations.erase(found);
  return true;
}

const Allocation *Memory::find(uint64_t address) const {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return nullptr;
  const Allocation &before = std::prev(after)->second;
  return address - before.address < std::max<uint64_t>(before.size, 1) ? &before : nullptr;
}

uint8_t *Memory::bytes(uint64_t address, uint64_t size, bool isHost) const {
  const Allocation *allocation = find(address);
  if (allocation && size <= allocation->size - (address - allocation->address))
    return allocation->bytes + (address - allocation->address);
  if (allocation && allocation->kind != MemoryKind::Registered)
    throw Refusal{CUDA_ERROR_INVALID_VALUE, std::to_string(size) + " bytes from " + hex(address) + " on leave '" +
                                                allocation->name + "', which has " + std::to_string(allocation->size) +
                                                " from " + hex(allocation->address) + " on"};
  if (!isHost)
    throw Refusal{CUDA_ERROR_INVALID_VALUE, hex(address) + " is no address of device memory"};
  return reinterpret_cast<uint8_t *>(address);
}

std::vector<MappedMemory> Memory::mapped() const {
  std::vector<MappedMemory> all;
  for (const auto &[address, allocation] : allocations)
    if (allocation.size)
      all.push_back({allocation.name, address, allocation.bytes, allocation.size, allocation.isConstant});
  return all;
}

} // namespace girih::sim::host
