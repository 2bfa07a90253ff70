//===- Files.cpp - Whole files and the hash of kernel files ---------------===//

#include "girih/Runtime/Files.h"
#include "girih/Runtime/Manifest.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace girih;
using namespace girih::runtime;

namespace {

struct FileCloser {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, FileCloser>;

volatile std::sig_atomic_t delayedSignal = 0;

/// Delays the signals by which users end programs, in all threads, to the end of
/// the scope.
class SignalDelay {
public:
  SignalDelay() {
    delayedSignal = 0;
    struct sigaction delay = {};
    delay.sa_handler = [](int signal) { delayedSignal = signal; };
    delay.sa_flags = SA_RESTART;
    for (size_t i = 0; i < std::size(signals); ++i) {
      sigaction(signals[i], nullptr, &before[i]);
      if (before[i].sa_handler != SIG_IGN)
        sigaction(signals[i], &delay, nullptr);
    }
  }
  ~SignalDelay() {
    for (size_t i = 0; i < std::size(signals); ++i)
      sigaction(signals[i], &before[i], nullptr);
    if (delayedSignal)
      std::raise(delayedSignal);
  }

private:
  static constexpr int signals[] = {SIGHUP, SIGINT, SIGTERM};
  struct sigaction before[std::size(signals)];
};

Error systemError(const std::string &path, const char *what) {
  return Error(path + ": cannot " + what + ": " + std::strerror(errno));
}

} // namespace

std::string runtime::readWholeFile(const std::string &path) {
  FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file)
    throw systemError(path, "open");
  std::string bytes;
  char block[1 << 16];
  while (size_t size = std::fread(block, 1, sizeof block, file.get()))
    bytes.append(block, size);
  if (std::ferror(file.get()))
    throw systemError(path, "read");
  return bytes;
}

void runtime::writeWholeFile(const std::string &path, const std::string &text) {
  SignalDelay delay; // or the temporary file would stay
  std::string temporary = path + ".tmp" + std::to_string(getpid());
  FileHandle file(std::fopen(temporary.c_str(), "wb"));
  if (!file)
    throw systemError(temporary, "create");
  bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  written &= std::fclose(file.release()) == 0;
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    Error error = systemError(path, "write");
    std::remove(temporary.c_str());
    throw error;
  }
}

std::string runtime::besides(const std::string &base, const std::string &path) {
  size_t slash = base.find_last_of('/');
  if (slash == std::string::npos || (!path.empty() && path[0] == '/'))
    return path;
  return base.substr(0, slash + 1) + path;
}

std::string runtime::hashBytes(const std::string &bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char digits[33];
  std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return digits;
}

std::string runtime::readKernelFile(const Manifest &manifest, const KernelFile &file, const char *what) {
  std::string path = besides(manifest.path, file.path);
  std::string bytes = readWholeFile(path);
  std::string hash = hashBytes(bytes);
  if (hash != file.xxh3128)
    throw Error(manifest.path + ": manifest and " + what + " do not belong together: " + path + " has hash " + hash +
                " when the manifest gives " + file.xxh3128);
  return bytes;
}
