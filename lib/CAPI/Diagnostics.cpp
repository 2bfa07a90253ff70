#include "Diagnostics.h"

using namespace girih::capi;

static GirihDiagnostic view(const GirihDiagnostics::Entry &entry) {
  return {entry.severity, toText(entry.message), toText(entry.file), entry.line, entry.column};
}

void girih::capi::say(GirihDiagnostics *diagnostics, GirihDiagnostics::Entry entry, const std::string &rendered) {
  static const char *const severities[] = {"error", "warning", "remark", "note"};
  if (!diagnostics)
    return;
  diagnostics->text +=
      rendered.empty() ? std::string(severities[entry.severity]) + ": " + entry.message + "\n" : rendered;
  diagnostics->entries.push_back(std::move(entry));
  if (!diagnostics->handler)
    return;
  GirihDiagnostic said = view(diagnostics->entries.back());
  diagnostics->handler(&said, diagnostics->user);
}

void girih::capi::fail(GirihDiagnostics *diagnostics, const std::string &message) {
  say(diagnostics, {GIRIH_ERROR, message, "", 0, 0});
}

GirihDiagnostics *girihDiagnosticsCreate(void) { return new GirihDiagnostics; }
void girihDiagnosticsDestroy(GirihDiagnostics *diagnostics) { delete diagnostics; }
size_t girihDiagnosticsCount(const GirihDiagnostics *diagnostics) { return diagnostics->entries.size(); }
GirihText girihDiagnosticsText(const GirihDiagnostics *diagnostics) { return toText(diagnostics->text); }

GirihDiagnostic girihDiagnosticsGet(const GirihDiagnostics *diagnostics, size_t index) {
  if (index >= diagnostics->entries.size())
    return {GIRIH_ERROR, {"", 0}, {"", 0}, 0, 0};
  return view(diagnostics->entries[index]);
}

void girihDiagnosticsSetHandler(GirihDiagnostics *diagnostics, GirihDiagnosticHandler handler, void *user) {
  diagnostics->handler = handler;
  diagnostics->user = user;
}
