// Names of a C header from names that may be any text.
#ifndef GIRIH_LIB_TARGET_EMIT_IDENTIFIERS_H
#define GIRIH_LIB_TARGET_EMIT_IDENTIFIERS_H

#include "llvm/ADT/StringSet.h"
#include <string>

namespace girih {

/// The prefix of all that a kernel's header declares: the kernel's name where that
/// is an identifier; else its letters and digits and a hash of it, so that no two
/// names get the same.
std::string makePrefix(llvm::StringRef name);

/// Names of one scope. A name becomes an identifier by an underscore for each
/// character that cannot be in one, and by underscores at its end while it is a
/// keyword of C or C++ or taken.
class IdentifierScope {
public:
  /// `taken` are words with a space between them.
  explicit IdentifierScope(llvm::StringRef taken = "");
  std::string add(llvm::StringRef name);

private:
  llvm::StringSet<> taken;
};

} // namespace girih

#endif // GIRIH_LIB_TARGET_EMIT_IDENTIFIERS_H
