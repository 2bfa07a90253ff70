//===- Place.cpp - Where clusters, buffers and variables are --------------===//
#include "../Descriptors/TensorMap.h"
#include "Device.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace girih::sim {

/// CUDA Runtime API, cudaLaunchAttributePreferredClusterDimension: a multiple
/// of the regular cluster that divides the grid.
uint64_t Device::checkPreferredCluster() const {
  uint64_t size = 1;
  for (int axis = 0; axis < 3; ++axis) {
    uint32_t wanted = launch.preferredCluster[axis];
    std::string name = std::string("size ") + "xyz"[axis] + " of the preferred cluster is " + std::to_string(wanted);
    if (!wanted || wanted % launch.cluster[axis])
      throw Stop(VerdictKind::Misuse,
                 name + " when it should be a multiple of the cluster's " + std::to_string(launch.cluster[axis]));
    if (launch.grid[axis] % wanted)
      throw Stop(VerdictKind::Misuse, name + " when it should divide the grid's " + std::to_string(launch.grid[axis]));
    size *= wanted;
  }
  return size;
}

using Shape = std::array<uint32_t, 3>;

static Shape positionOf(uint32_t index, const Shape &grid, const Shape &shape) {
  uint32_t nx = grid[0] / shape[0], ny = grid[1] / shape[1];
  return {index % nx * shape[0], index / nx % ny * shape[1], index / nx / ny * shape[2]};
}

/// The chip groups CTAs into preferred clusters as far as it likes: all of
/// them here, none under the late schedule, any under the random one.
void Device::placeClusters() {
  const Shape &large = launch.preferredCluster;
  auto count = [&](const Shape &grid, const Shape &shape) {
    return grid[0] / shape[0] * (grid[1] / shape[1]) * (grid[2] / shape[2]);
  };
  if (!large[0]) {
    clusterCount = count(launch.grid, launch.cluster);
    return;
  }
  std::mt19937_64 random(options.seed);
  for (uint32_t i = 0; i < count(launch.grid, large); ++i) {
    Shape first = positionOf(i, launch.grid, large);
    bool isWhole = options.schedule == Schedule::Random ? random() % 2 : options.schedule != Schedule::Late;
    if (isWhole) {
      clusterPlaces.push_back({first, large});
      continue;
    }
    for (uint32_t part = 0; part < count(large, launch.cluster); ++part) {
      Shape within = positionOf(part, large, launch.cluster);
      clusterPlaces.push_back({{first[0] + within[0], first[1] + within[1], first[2] + within[2]}, launch.cluster});
    }
  }
  clusterCount = uint32_t(clusterPlaces.size());
}

std::array<uint32_t, 3> Device::firstCtaOf(uint32_t cluster) const {
  return clusterPlaces.empty() ? positionOf(cluster, launch.grid, launch.cluster) : clusterPlaces[cluster].first;
}

std::array<uint32_t, 3> Device::shapeOf(uint32_t cluster) const {
  return clusterPlaces.empty() ? launch.cluster : clusterPlaces[cluster].second;
}

std::vector<uint8_t> Device::bytesOf(const Argument &argument, const std::string &what) const {
  return parameterBytes(argument, [&](const Argument &part) -> std::vector<uint8_t> {
    if (part.buffer >= bufferAddresses.size())
      throw Stop(VerdictKind::Misuse, what + " names buffer " + std::to_string(part.buffer) + ", which does not exist");
    uint64_t address = bufferAddresses[part.buffer] + part.offset;
    if (part.kind == Argument::Kind::TensorMap) {
      auto encoded = encodeTensorMap(part.map, address);
      return {encoded.begin(), encoded.end()};
    }
    std::vector<uint8_t> pointer(sizeof address);
    std::memcpy(pointer.data(), &address, sizeof address);
    return pointer;
  });
}

/// Writes an argument into memory of the host's choice.
static void put(std::vector<uint8_t> &into, size_t offset, const std::vector<uint8_t> &bytes, const std::string &what) {
  if (offset > into.size() || bytes.size() > into.size() - offset)
    throw Stop(VerdictKind::Misuse, what + " has " + std::to_string(into.size()) + " bytes when " +
                                        std::to_string(bytes.size()) + " are put at byte " + std::to_string(offset));
  std::copy(bytes.begin(), bytes.end(), into.begin() + ptrdiff_t(offset));
}

void Device::placeBuffers() {
  uint64_t next = bufferWindow;
  for (Buffer &buffer : launch.buffers) {
    bufferAddresses.push_back(buffer.address ? buffer.address : next);
    memory.add(buffer.name, bufferAddresses.back(), buffer.bytes.data(), buffer.bytes.size(), buffer.isReadOnly,
               !buffer.isReadOnly);
    if (buffer.address)
      continue;
    // A gap, so that a stray access hits nothing; 256 bytes of alignment, as
    // the driver gives.
    next = (next + buffer.bytes.size() + 65536 + 255) / 256 * 256;
  }
  for (const MappedMemory &mapped : launch.mapped)
    memory.add(mapped.name, mapped.address, mapped.bytes, mapped.size, mapped.isReadOnly, !mapped.isReadOnly);
  for (Buffer &buffer : launch.buffers)
    for (const Argument::Member &member : buffer.contents) {
      std::string what = "buffer '" + buffer.name + "'";
      put(buffer.bytes, member.offset, bytesOf(member.argument, what), what);
    }
}

void Device::placeModule() {
  auto isPlaced = [](const Variable &variable) {
    return variable.space == StateSpace::Global || variable.space == StateSpace::Const;
  };
  for (const ModuleValue &value : launch.values) {
    auto isNamed = [&](const auto &variable) { return variable->name == value.variable && isPlaced(*variable); };
    if (std::none_of(program.syntax->variables.begin(), program.syntax->variables.end(), isNamed))
      throw Stop(VerdictKind::Misuse,
                 "the module has no variable '" + value.variable + "' in global or constant memory");
  }
  for (const auto &variable : program.syntax->variables) {
    auto &bytes = moduleBytes.emplace_back();
    if (!isPlaced(*variable))
      continue;
    if (const Region *held = memory.find(variable->address, variable->size)) {
      for (const ModuleValue &value : launch.values)
        if (value.variable == variable->name)
          throw Stop(VerdictKind::Misuse,
                     "variable '" + value.variable + "' lies in '" + held->name + "' and has a value of its own");
      continue;
    }
    bytes = initialBytes(*program.syntax, *variable);
    if (auto kept = launch.moduleMemory.find(variable->name);
        kept != launch.moduleMemory.end() && kept->second.size() == bytes.size())
      bytes = kept->second;
    for (const ModuleValue &value : launch.values)
      if (value.variable == variable->name) {
        std::string what = "variable '" + value.variable + "'";
        put(bytes, value.offset, bytesOf(value.value, what), what);
      }
    memory.add(variable->name, variable->address, bytes.data(), bytes.size(), variable->space == StateSpace::Const,
               variable->space == StateSpace::Global);
  }
}

void Device::keepModule() {
  const auto &variables = program.syntax->variables;
  for (size_t i = 0; i < variables.size(); ++i)
    if (!moduleBytes[i].empty())
      launch.moduleMemory[variables[i]->name] = std::move(moduleBytes[i]);
}

} // namespace girih::sim
