#include "Identifiers.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using llvm::StringRef;

namespace girih {

/// Keywords of C23 and C++23, and the macros that compilers define without a
/// leading underscore.
static constexpr llvm::StringLiteral kReserved =
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t "
    "class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue "
    "decltype default delete do double dynamic_cast else enum explicit export extern false float for friend "
    "goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private "
    "protected public register reinterpret_cast requires restrict return short signed sizeof static "
    "static_assert static_cast struct switch template this thread_local throw true try typedef typeid "
    "typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq NULL "
    "i386 linux unix";

static std::string replaceOthers(StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  // What begins with an underscore belongs to the compiler.
  if (result.empty() || !llvm::isAlpha(result[0]))
    result.insert(0, "n");
  return result;
}

std::string makePrefix(StringRef name) {
  std::string prefix = replaceOthers(name);
  if (prefix != name)
    prefix += "_" + llvm::utohexstr(llvm::xxh3_64bits(name), /*LowerCase=*/true);
  return prefix;
}

IdentifierScope::IdentifierScope(StringRef names) {
  for (StringRef list : {StringRef(kReserved), names})
    for (StringRef name : llvm::split(list, ' '))
      taken.insert(name);
}

std::string IdentifierScope::add(StringRef name) {
  std::string identifier = replaceOthers(name);
  while (!taken.insert(identifier).second)
    identifier += '_';
  return identifier;
}

} // namespace girih
