//===- LookupMissing.cpp - A compiler that reads no databases -------------===//

#include "girih/Tune/Lookup.h"

girih::tune::Lookup girih::tune::lookupSchedule(const std::string &, const std::string &, const std::string &,
                                                const std::string &) {
  return {"", "this library is built without SQLite"};
}
