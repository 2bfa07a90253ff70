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

void *SharedLibrary::find(const char *symbol) const { return handle ? dlsym(handle, symbol) : nullptr; }

void *SharedLibrary::requireAddress(const char *symbol) const {
  void *address = find(symbol);
  if (!address)
    throw Error(opened + " has no " + symbol);
  return address;
}

namespace fs = std::filesystem;

static std::vector<std::string> splitPath(const char *variable) {
  std::vector<std::string> entries;
  const char *value = std::getenv(variable);
  std::istringstream text(value ? value : "");
  for (std::string entry; std::getline(text, entry, ':');)
    if (!entry.empty())
      entries.push_back(entry);
  return entries;
}

/// Folders of Python packages, the likeliest first.
static std::vector<fs::path> pythonPackageFolders() {
  std::vector<fs::path> roots;
  if (const char *active = std::getenv("VIRTUAL_ENV"); active && *active)
    roots.push_back(active);
  roots.push_back(".venv");
  std::error_code ignored;
  for (const std::string &folder : splitPath("PATH"))
    if (fs::exists(fs::path(folder) / "python3", ignored)) {
      roots.push_back(fs::path(folder).parent_path());
      break; // the one that `python3` starts
    }
  std::vector<fs::path> packages;
  for (const fs::path &root : roots)
    for (const auto &entry : fs::directory_iterator(root / "lib", ignored))
      if (entry.path().filename().string().rfind("python3", 0) == 0)
        for (const char *name : {"site-packages", "dist-packages"})
          packages.push_back(entry.path() / name);
  for (const std::string &folder : splitPath("PYTHONPATH"))
    packages.push_back(folder);
  return packages;
}

std::vector<std::string> runtime::nvidiaLibraryCandidates(const char *environment, const std::string &file,
                                                          const std::vector<std::string> &folders) {
  if (const char *chosen = std::getenv(environment); chosen && *chosen)
    return {chosen};
  std::vector<std::string> candidates{file};
  std::error_code ignored;
  for (const fs::path &package : pythonPackageFolders())
    for (const std::string &folder : folders) {
      fs::path candidate = package / "nvidia" / folder / "lib" / file;
      if (fs::exists(candidate, ignored))
        candidates.push_back(fs::absolute(candidate, ignored).string());
    }
  return candidates;
}
