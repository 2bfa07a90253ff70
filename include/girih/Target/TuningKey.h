// What a measured schedule is found by, and schedules as text.
#ifndef GIRIH_TARGET_TUNINGKEY_H
#define GIRIH_TARGET_TUNINGKEY_H

#include "dialects/Attn/Attn.h"
#include "dialects/Tile/Schedule.h"

namespace girih {

/// The problem as text, with all that can change which schedule is the fastest: two
/// problems that differ only in their scale are one.
std::string problemKey(attn::ForwardOp op);

/// "rows=128,columns=128,...": the knobs that have a value, in the order of the table.
std::string scheduleText(const tile::Schedule &schedule);

/// The schedule of such a text; nothing if it names no knob or a value out of range.
std::optional<tile::Schedule> parseSchedule(llvm::StringRef text);

/// `given` with its open knobs from `known`. Rows, workers and registers are chosen
/// together: where `given` has others, those of `known` stay out, and so do its item
/// stages, which take the memory that is left, where `given` has other tiles.
tile::Schedule adopt(const tile::Schedule &given, tile::Schedule known);

/// The version of this compiler and a digest of its sources: another one makes other code
/// of the same schedule.
llvm::StringRef compilerVersion();

} // namespace girih

#endif // GIRIH_TARGET_TUNINGKEY_H
