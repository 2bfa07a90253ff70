//===- Record.cpp - Launches as descriptions ------------------------------===//
//
// A launch of the program becomes what girih-sim reads: a description, the PTX of
// its module, and a file for each allocation that is not zero. Memory stays at
// its addresses, so that pointers and tensor maps in it hold.
//
//===----------------------------------------------------------------------===//
#include "Api.h"
#include "Launch.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace girih::sim::host {
namespace {

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;

void write(const fs::path &path, const char *bytes, size_t size) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes, std::streamsize(size));
  if (!out.flush())
    throw Refusal{CUDA_ERROR_OPERATING_SYSTEM, "--record: cannot write '" + path.string() + "'"};
}

std::string hex(const std::vector<uint8_t> &bytes) {
  std::string text;
  for (uint8_t byte : bytes)
    for (int digit : {byte >> 4, byte & 15})
      text += "0123456789abcdef"[digit];
  return text;
}

/// A pointer where the bytes are one into memory that is there.
json argumentOf(const Session &session, const std::vector<uint8_t> &bytes) {
  uint64_t value = 0;
  if (bytes.size() == sizeof value) {
    std::memcpy(&value, bytes.data(), sizeof value);
    if (const Allocation *found = session.memory.find(value))
      return {{"kind", "pointer"}, {"buffer", found->name}, {"offset", value - found->address}};
  }
  if (bytes.size() != 4)
    return {{"kind", "struct"}, {"bytes", bytes.size()}, {"hex", hex(bytes)}};
  std::memcpy(&value, bytes.data(), bytes.size());
  return {{"kind", "scalar"}, {"type", "u32"}, {"value", value}};
}

/// A name of an allocation as part of a file's.
std::string fileName(std::string name) {
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '-';
  return name.substr(0, 100);
}

} // namespace

void record(const Session &session, const LaunchRequest &request, const Launch &launch, uint64_t number) {
  fs::path folder = session.settings.record;
  std::error_code error;
  fs::create_directories(folder, error);
  const Module &module = *request.kernel->module;
  std::string name = "launch-" + std::to_string(number), ptx = "module-" + std::to_string(module.number) + ".ptx";
  write(folder / ptx, module.ptx.data(), module.ptx.size());

  json description = {{"girih_launch", 1},
                      {"ptx", ptx},
                      {"kernel", launch.kernel},
                      {"grid", launch.grid},
                      {"block", launch.block},
                      {"cluster", launch.cluster},
                      {"shared_bytes", launch.dynamicSharedBytes},
                      {"multiprocessors", launch.multiprocessors}};
  if (module.variablesAt)
    description["variables_at"] = module.variablesAt;
  if (launch.preferredCluster[0])
    description["preferred_cluster"] = launch.preferredCluster;
  json &arguments = description["arguments"] = json::array();
  for (const Argument &argument : launch.arguments)
    arguments.push_back(argumentOf(session, argument.bytes));
  json &buffers = description["buffers"] = json::array();
  for (const MappedMemory &memory : launch.mapped) {
    json buffer = {{"name", memory.name}, {"bytes", memory.size}, {"address", memory.address}};
    if (memory.isReadOnly)
      buffer["access"] = "read";
    if (std::any_of(memory.bytes, memory.bytes + memory.size, [](uint8_t byte) { return byte != 0; })) {
      std::string file = name + "." + fileName(memory.name) + ".bin";
      buffer["fill"] = "file:" + file;
      write(folder / file, reinterpret_cast<const char *>(memory.bytes), memory.size);
    }
    buffers.push_back(std::move(buffer));
  }
  std::string text = description.dump(1) + "\n";
  write(folder / (name + ".json"), text.data(), text.size());
}

} // namespace girih::sim::host
