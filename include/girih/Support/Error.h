//===- Error.h - The one exception of the runner ----------------*- C++ -*-===//
//
// Bad input, a missing library and a failed driver call all end in this one
// type, which a tool catches once and prints. It never marks a bug of ours.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SUPPORT_ERROR_H
#define GIRIH_SUPPORT_ERROR_H

#include <stdexcept>

namespace girih {

/// A message for the user: lower case first word, no final period, both numbers
/// where a number is wrong.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace girih

#endif // GIRIH_SUPPORT_ERROR_H
