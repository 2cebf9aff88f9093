# How sources are compiled where time to build counts for more than speed.
#
# PRECOMPILED_HEADERS: targets read the standard library and fmt (and GoogleTest) as the compiler keeps them, parsed once for all.
# Nothing of ours is in it: a changed header compiles what it compiles without it. An #include <...> that is missing is not seen
# with it; bin/lint and the release preset, which compile without, find it.
# UNOPTIMISED_PROGRAMS: programs and tests are compiled with -O0, the libraries of src/ as the build type says: under sanitizers the
# optimiser is half of what a source takes, and what runs long is in the libraries (docs/decisions/0055-build-times.md).
option(PRECOMPILED_HEADERS "Read the standard library, fmt and GoogleTest precompiled" OFF)
option(UNOPTIMISED_PROGRAMS "Compile programs and tests with -O0, and the libraries of src/ as the build type says" OFF)

if(PRECOMPILED_HEADERS)
  # What a target's own libraries add to the command must not differ from this one's.
  target_compile_options(project_options INTERFACE -pthread)
  set(libraries fmt::fmt)
  set(headers
    <algorithm> <array> <atomic> <bitset> <charconv> <chrono> <compare> <concepts> <condition_variable> <coroutine> <deque> <exception>
    <expected> <filesystem> <functional> <map> <memory> <mutex> <optional> <ranges> <set> <span> <sstream> <stdexcept> <stop_token>
    <string> <string_view> <thread> <tuple> <type_traits> <unordered_map> <unordered_set> <utility> <variant> <vector>
    <fmt/format.h> <fmt/ranges.h>)
  foreach(kind IN ITEMS library program test)
    if(kind STREQUAL test)
      list(APPEND libraries GTest::gtest GTest::gmock)
      list(APPEND headers <gtest/gtest.h> <gmock/gmock.h>)
    endif()
    set(name precompiled_${kind}_headers)
    add_library(${name} OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled_headers.cpp)
    target_link_libraries(${name} PRIVATE project_options ${libraries})
    if(UNOPTIMISED_PROGRAMS AND NOT kind STREQUAL library)
      target_compile_options(${name} PRIVATE -O0)
    endif()
    # Without the headers' dates ccache finds it again, and what was compiled on top of it.
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(${name} PRIVATE ${headers})
  endforeach()
endif()

# quick_to_build(TARGET library|program|test): what the two options above say, for a target of this kind.
function(quick_to_build target kind)
  if(UNOPTIMISED_PROGRAMS AND NOT kind STREQUAL library)
    target_compile_options(${target} PRIVATE -O0)
  endif()
  if(PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM precompiled_${kind}_headers)
  endif()
endfunction()
