// The file pack.jsonl while it grows.
#ifndef GIRIH_LIB_TUNE_COMPILE_PACKWRITER_H
#define GIRIH_LIB_TUNE_COMPILE_PACKWRITER_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

namespace girih::tune {

/// What is known of the schedules of one problem.
struct Known {
  llvm::StringSet<> schedules; ///< with a line
  llvm::StringSet<> code;      ///< digests of PTX
  int64_t compiled = 0;
};

/// A pack that is made or gone on with. Safe to use from many threads.
class PackWriter {
public:
  /// Opens the folder, or says why it cannot go on there: it has the pack of another
  /// compiler or target.
  static llvm::Expected<std::unique_ptr<PackWriter>> open(const std::string &directory, llvm::json::Object header);

  Known known(llvm::StringRef problem) const { return problems.lookup(problem); }

  /// Files first, then the line that names them.
  llvm::Error add(llvm::json::Object line, llvm::StringRef stem, llvm::StringRef cubin, llvm::json::Object manifest);
  /// A schedule without code.
  llvm::Error add(llvm::json::Object line);

private:
  llvm::Error read(llvm::StringRef text, const llvm::json::Object &header);
  llvm::Error write(const llvm::Twine &fileName, llvm::StringRef contents) const;

  std::string directory;
  llvm::StringMap<Known> problems;
  std::mutex mutex;
  std::unique_ptr<llvm::raw_fd_ostream> lines;
};

} // namespace girih::tune

#endif // GIRIH_LIB_TUNE_COMPILE_PACKWRITER_H
