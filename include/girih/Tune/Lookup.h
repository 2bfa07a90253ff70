//===- Lookup.h - Reading one schedule of a database ------------*- C++ -*-===//
#ifndef GIRIH_TUNE_LOOKUP_H
#define GIRIH_TUNE_LOOKUP_H

#include <string>

namespace girih::tune {

/// What the compiler found in a database.
struct Lookup {
  std::string schedule; ///< "rows=128,columns=128,..."; empty when there is no row
  std::string error;    ///< why the database cannot be read; empty when it can
};

/// The fastest confirmed schedule of a problem on a chip, measured with this version of
/// the compiler; where several devices or drivers have one, that of the newest
/// measurement. Never throws: the compiler is built without exceptions.
Lookup lookupSchedule(const std::string &database, const std::string &problem, const std::string &target,
                      const std::string &compiler);

} // namespace girih::tune

#endif // GIRIH_TUNE_LOOKUP_H
