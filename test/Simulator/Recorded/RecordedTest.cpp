//===- RecordedTest.cpp - The simulator gives a GPU's bits ----------------===//
//
// girih-sim-recorded FOLDER RECORDED executes every form of the tables and
// compares the hash of its results with that of the results of a GPU.
//
//===----------------------------------------------------------------------===//
#include "Recorded.h"
#include "girih/Support/Error.h"

#include <iostream>

using namespace girih::sim;

static int run(const std::string &folder, const std::string &path) {
  Recorded recorded = readRecorded(path);
  unsigned exact = 0, same = 0;
  for (const Form &form : readForms(folder)) {
    if (!form.isExact())
      continue;
    ++exact;
    auto hash = recorded.hashes.find(form.name);
    if (hash == recorded.hashes.end()) {
      std::cout << form.name << ": not recorded\n";
      continue;
    }
    try {
      if (hashOf(simulate(form).buffers[1].bytes) == hash->second)
        ++same;
      else
        std::cout << form.name << ": other bits than " << recorded.device << "\n";
    } catch (const Stop &stop) {
      std::cout << form.name << ": " << stop.found.str() << "\n";
    }
  }
  std::cout << same << " of " << exact << " forms give the bits of " << recorded.device << "\n";
  // A form that has left the tables would otherwise no longer be missed.
  if (exact != recorded.hashes.size())
    std::cout << recorded.hashes.size() << " forms are recorded, the tables have " << exact << "\n";
  return same == exact && exact == recorded.hashes.size() ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::cerr << "usage: girih-sim-recorded FOLDER RECORDED\n";
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
    return 2;
  }
}
