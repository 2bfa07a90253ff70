//===- SharedLibrary.h - Libraries found at run time ------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_SHAREDLIBRARY_H
#define GIRIH_RUNTIME_SHAREDLIBRARY_H

#include <string>
#include <vector>

namespace girih::runtime {

/// A library opened with dlopen. It stays open until the process ends: CUDA
/// libraries run code at exit.
class SharedLibrary {
public:
  /// Opens the first of `names` that can be opened; null when none can.
  static SharedLibrary open(const std::vector<std::string> &names);

  explicit operator bool() const { return handle != nullptr; }
  void *native() const { return handle; }
  const std::string &name() const { return opened; }

  /// The address of `symbol`, or null.
  void *find(const char *symbol) const;

  /// The address of `symbol`; throws Error that names it and the library.
  template <typename Function> Function require(const char *symbol) const {
    return reinterpret_cast<Function>(requireAddress(symbol));
  }

private:
  void *requireAddress(const char *symbol) const;

  void *handle = nullptr;
  std::string opened;
};

/// Where NVIDIA's library `file` of a pip package may be: the variable
/// `environment` when it is set (and then nowhere else), the loader's own path,
/// then nvidia/FOLDER/lib among the packages of the active virtual environment,
/// of .venv in the working folder, of the python3 on PATH, and of PYTHONPATH.
std::vector<std::string> nvidiaLibraryCandidates(const char *environment, const std::string &file,
                                                 const std::vector<std::string> &folders);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_SHAREDLIBRARY_H
