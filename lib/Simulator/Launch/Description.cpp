//===- Description.cpp - A launch described in JSON -----------------------===//
#include "Description.h"

#include "Parts.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace girih::sim {
namespace {

using nlohmann::json;
using Node = DescriptionNode;

std::array<uint32_t, 3> triple(const Node &object, const char *name) {
  std::array<uint32_t, 3> value{1, 1, 1};
  if (!object.has(name))
    return value;
  Node member = object.at(name);
  if (!member.isList()) {
    value[0] = member.integer<uint32_t>();
    return value;
  }
  auto list = member.list();
  if (list.size() > 3)
    member.fail("has " + std::to_string(list.size()) + " sizes when it should have up to 3");
  for (size_t i = 0; i < list.size(); ++i)
    value[i] = list[i].integer<uint32_t>();
  return value;
}

/// Shape, arguments and values of a launch; memory is there already.
void parseLaunch(const Node &object, const std::string &folder, Launch &launch) {
  launch.kernel = object.at("kernel").text();
  launch.grid = triple(object, "grid");
  launch.block = triple(object, "block");
  launch.cluster = triple(object, "cluster");
  if (object.has("preferred_cluster"))
    launch.preferredCluster = triple(object, "preferred_cluster");
  launch.dynamicSharedBytes = object.integerOr<uint32_t>("shared_bytes", 0);
  if (object.has("registers"))
    launch.registersPerThread = object.at("registers").integer<uint32_t>(1, 255);
  for (const Node &role : object.listAt("roles")) {
    role.allowOnly({"name", "warps"});
    launch.roles.push_back({role.at("name").text(), role.at("warps").integer<uint32_t>(1, 32)});
  }
  for (const Node &name : object.listAt("assumes"))
    launch.assumes.push_back(name.choice(assumptions()));
  for (const Node &argument : object.listAt("arguments"))
    launch.arguments.push_back(parseArgument(argument, launch, folder));
  for (const Node &variable : object.listAt("variables")) {
    variable.allowOnly({"name", "contents"});
    for (Argument::Member &member : parseContents(variable.at("contents"), launch, folder))
      launch.values.push_back({variable.at("name").text(), member.offset, std::move(member.argument)});
  }
}

/// The description places all buffers, apart from each other, or none.
void checkAddresses(const std::vector<Node> &nodes, const std::vector<Buffer> &buffers) {
  bool isPlaced = std::any_of(buffers.begin(), buffers.end(), [](const Buffer &buffer) { return buffer.address; });
  for (size_t i = 0; isPlaced && i < buffers.size(); ++i) {
    if (!buffers[i].address)
      nodes[i].fail("has no 'address' when another buffer has one");
    for (size_t j = 0; j < i; ++j) {
      const Buffer &made = buffers[i], &other = buffers[j];
      if (made.address < other.address + std::max<uint64_t>(other.bytes.size(), 1) &&
          other.address < made.address + std::max<uint64_t>(made.bytes.size(), 1))
        nodes[i].at("address").fail(
            "'" + made.name + "' with " + std::to_string(made.bytes.size()) + " bytes lies over '" + other.name +
            "', which has " + std::to_string(other.bytes.size()) + " from " + std::to_string(other.address) + " on");
    }
  }
}

void parseBuffers(const Node &object, const std::string &folder, Launch &launch) {
  std::vector<Node> nodes = object.listAt("buffers");
  for (const Node &buffer : nodes) {
    Buffer made = parseBuffer(buffer, folder);
    for (const Buffer &other : launch.buffers)
      if (other.name == made.name)
        buffer.at("name").fail("there is a buffer '" + made.name + "' already");
    launch.buffers.push_back(std::move(made));
  }
  checkAddresses(nodes, launch.buffers);
  for (size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].has("contents"))
      launch.buffers[i].contents = parseContents(nodes[i].at("contents"), launch, folder);
}

const std::vector<const char *> launchMembers = {"kernel",       "grid",      "block", "cluster", "preferred_cluster",
                                                 "shared_bytes", "registers", "roles", "assumes", "arguments",
                                                 "variables"};

LaunchTask parseTask(const Node &object, const std::string &folder) {
  bool isSequence = object.has("launches");
  std::vector<const char *> members = {"girih_launch", "ptx",      "multiprocessors", "buffers",
                                       "expect",       "launches", "variables_at"};
  if (!isSequence)
    members.insert(members.end(), launchMembers.begin(), launchMembers.end());
  object.allowOnly(members);
  object.at("girih_launch").integer<uint32_t>(1, 1);
  LaunchTask task;
  task.ptxPath = folder + "/" + object.at("ptx").text();
  task.ptx = fileText(object.at("ptx"), task.ptxPath);
  if (object.has("variables_at"))
    task.variablesAt = object.at("variables_at").integer<uint64_t>(leastAddress, mostAddress);
  Launch &launch = task.launch;
  if (object.has("multiprocessors"))
    launch.multiprocessors = object.at("multiprocessors").integer<uint32_t>(1, 1024);
  parseBuffers(object, folder, launch);
  if (isSequence) {
    std::vector<Node> nodes = object.listAt("launches");
    if (nodes.empty())
      object.at("launches").fail("is empty");
    task.following.assign(nodes.size() - 1, launch);
    for (size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].allowOnly(launchMembers);
      parseLaunch(nodes[i], folder, i ? task.following[i - 1] : launch);
    }
    // They go on with the memory of the first.
    for (Launch &next : task.following)
      next.buffers.clear();
  } else {
    parseLaunch(object, folder, launch);
  }
  if (object.has("expect"))
    task.check = parseExpectations(object.at("expect"), launch, folder);
  return task;
}

} // namespace

std::string readTextFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Stop(VerdictKind::Syntax, "cannot read '" + path + "'");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

LaunchTask parseDescription(const json &object, const std::string &folder) {
  return parseTask(Node(object, "launch description"), folder);
}

LaunchTask readDescription(const std::string &path) {
  size_t slash = path.find_last_of('/');
  std::string folder = slash == path.npos ? "." : path.substr(0, slash);
  try {
    json object = json::parse(readTextFile(path));
    return parseTask(Node(object, path), folder);
  } catch (const json::exception &error) {
    throw Stop(VerdictKind::Syntax, path + ": " + error.what());
  }
}

} // namespace girih::sim
