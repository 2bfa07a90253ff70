// How large the results of a score region can be.
#ifndef GIRIH_DIALECTS_ATTN_SCOREBOUND_H
#define GIRIH_DIALECTS_ATTN_SCOREBOUND_H

#include "dialects/Attn/Attn.h"
#include <optional>

namespace girih::attn {

/// No score that the region of `op` gives is larger in magnitude, but for those that it hides by -inf;
/// none if there is no such number, or no region. Of f32, in the units of the score.
std::optional<double> scoreBound(ForwardOp op);

} // namespace girih::attn

#endif // GIRIH_DIALECTS_ATTN_SCOREBOUND_H
