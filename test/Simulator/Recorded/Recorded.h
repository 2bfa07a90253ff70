//===- Recorded.h - What a GPU gave for every form --------------*- C++ -*-===//
#ifndef GIRIH_TEST_SIMULATOR_RECORDED_RECORDED_H
#define GIRIH_TEST_SIMULATOR_RECORDED_RECORDED_H

#include "Form.h"

#include <map>

namespace girih::sim {

/// Hashes of the result bits of every exact form, as one chip gave them.
struct Recorded {
  std::string device;
  std::map<std::string, std::string> hashes;
};

Recorded readRecorded(const std::string &path);
void writeRecorded(const std::string &path, const Recorded &recorded);

/// xxHash of the output buffer as hexadecimal digits.
std::string hashOf(const std::vector<uint8_t> &bytes);

/// Every form of the tables in a folder.
std::vector<Form> readForms(const std::string &folder);

/// Executes a form in the simulator; a verdict is an Error.
Launch simulate(const Form &form);

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_RECORDED_RECORDED_H
