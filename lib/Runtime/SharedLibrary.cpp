//===- SharedLibrary.cpp - Libraries found at run time --------------------===//

#include "girih/Runtime/SharedLibrary.h"
#include "girih/Support/Error.h"
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <sstream>

using namespace girih;
using namespace girih::runtime;

SharedLibrary SharedLibrary::open(const std::vector<std::string> &names) {
  SharedLibrary library;
  for (const std::string &name : names) {
    library.handle = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library.handle) {
      library.opened = name;
      break;
    }
  }
  return library;
}

void *SharedLibrary::find(const char *symbol) const {
  return handle ? dlsym(handle, symbol) : nullptr;
}

void *SharedLibrary::requireAddress(const char *symbol) const {
  void *address = find(symbol);
  if (!address)
    throw Error(opened + " has no " + symbol);
  return address;
}

std::vector<std::string>
runtime::nvidiaLibraryCandidates(const char *environment,
                                 const std::string &file,
                                 const std::vector<std::string> &folders) {
  if (const char *chosen = std::getenv(environment); chosen && *chosen)
    return {chosen};
  std::vector<std::string> candidates{file};

  namespace fs = std::filesystem;
  std::vector<fs::path> packages;
  auto addEnvironment = [&](const fs::path &root) {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(root / "lib", ignored))
      if (entry.path().filename().string().rfind("python", 0) == 0)
        packages.push_back(entry.path() / "site-packages");
  };
  if (const char *active = std::getenv("VIRTUAL_ENV"); active && *active)
    addEnvironment(active);
  addEnvironment(".venv");
  if (const char *path = std::getenv("PYTHONPATH")) {
    std::istringstream entries(path);
    for (std::string entry; std::getline(entries, entry, ':');)
      if (!entry.empty())
        packages.push_back(entry);
  }
  std::error_code ignored;
  for (const fs::path &package : packages)
    for (const std::string &folder : folders) {
      fs::path candidate = package / "nvidia" / folder / "lib" / file;
      if (fs::exists(candidate, ignored))
        candidates.push_back(fs::absolute(candidate, ignored).string());
    }
  return candidates;
}
