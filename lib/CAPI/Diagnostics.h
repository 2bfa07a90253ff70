// What the functions of the C API say to their caller.
#ifndef GIRIH_LIB_CAPI_DIAGNOSTICS_H
#define GIRIH_LIB_CAPI_DIAGNOSTICS_H

#include "girih-c/girih.h"
#include <deque>
#include <string>

/// Strings stay where they are when more are said.
struct GirihDiagnostics {
  struct Entry {
    GirihSeverity severity;
    std::string message, file;
    unsigned line, column;
  };
  std::deque<Entry> entries;
  std::string text;
  GirihDiagnosticHandler handler = nullptr;
  void *user = nullptr;
};

namespace girih::capi {

inline GirihText toText(const std::string &string) { return {string.data(), string.size()}; }
inline std::string toString(GirihText text) { return text.data ? std::string(text.data, text.size) : std::string(); }

/// Keeps a diagnostic and hands it on; `rendered` is what a tool would print, a line
/// with the severity if empty. All of it in vain where `diagnostics` is null.
void say(GirihDiagnostics *diagnostics, GirihDiagnostics::Entry entry, const std::string &rendered = "");

/// An error that has no place.
void fail(GirihDiagnostics *diagnostics, const std::string &message);

} // namespace girih::capi

#endif // GIRIH_LIB_CAPI_DIAGNOSTICS_H
