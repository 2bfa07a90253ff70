# Precompiles headers that many sources of the target include: of the standard library,
# and of others that are named. A build aid only; the preset `no-pch` builds without it.
function(girih_precompile name)
  if(GIRIH_PRECOMPILED_HEADERS)
    target_precompile_headers(${name} PRIVATE <algorithm> <array> <cmath> <cstring> <functional> <map> <memory> <mutex>
                              <optional> <set> <sstream> <string> <string_view> <thread> <unordered_map> <variant>
                              <vector> ${ARGN})
  endif()
endfunction()
