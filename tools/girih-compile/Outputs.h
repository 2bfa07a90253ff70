// The files that girih-compile writes.
#ifndef GIRIH_TOOLS_GIRIH_COMPILE_OUTPUTS_H
#define GIRIH_TOOLS_GIRIH_COMPILE_OUTPUTS_H

#include "llvm/Support/FileSystem.h"
#include <vector>

namespace girih {

/// Files that appear together or not at all: each is written under a name that
/// nobody looks for, and gets its own name when all of them are complete. What is
/// not kept is removed, also when a signal ends the program.
class OutputFiles {
public:
  explicit OutputFiles(llvm::StringRef directory) : directory(directory) {}
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;
  ~OutputFiles();

  llvm::Error add(const llvm::Twine &fileName, llvm::StringRef contents);
  /// Names the files in the order in which they were added.
  llvm::Error keep();

private:
  struct File {
    std::string path;
    llvm::sys::fs::TempFile temporary;
  };

  std::string directory;
  std::vector<File> files;
};

/// Writes one file whole or not at all.
llvm::Error writeWholeFile(llvm::StringRef directory, const llvm::Twine &fileName, llvm::StringRef contents);

} // namespace girih

#endif // GIRIH_TOOLS_GIRIH_COMPILE_OUTPUTS_H
