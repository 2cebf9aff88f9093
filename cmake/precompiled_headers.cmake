# precompiled_headers(TARGET [precompiled_test_headers]): with PRECOMPILED_HEADERS, TARGET reads the standard library and fmt (and
# GoogleTest) as the compiler keeps them, parsed once for all targets. Nothing of ours is in it: a changed header compiles what it
# compiles without it. An #include <…> that is missing is not seen with it; bin/test, which builds `dev` without, finds it.
option(PRECOMPILED_HEADERS "Read the standard library, fmt and GoogleTest precompiled" OFF)

if(PRECOMPILED_HEADERS)
  # What a target's own libraries add to the command must not differ from this one's.
  target_compile_options(project_options INTERFACE -pthread)
  set(libraries fmt::fmt)
  set(headers
    <algorithm> <array> <atomic> <bitset> <charconv> <chrono> <compare> <concepts> <condition_variable> <coroutine> <deque> <exception>
    <expected> <filesystem> <functional> <map> <memory> <mutex> <optional> <ranges> <set> <span> <sstream> <stdexcept> <stop_token>
    <string> <string_view> <thread> <tuple> <type_traits> <unordered_map> <unordered_set> <utility> <variant> <vector>
    <fmt/format.h> <fmt/ranges.h>)
  foreach(name IN ITEMS precompiled_headers precompiled_test_headers)
    if(name STREQUAL precompiled_test_headers)
      list(APPEND libraries GTest::gtest GTest::gmock)
      list(APPEND headers <gtest/gtest.h> <gmock/gmock.h>)
    endif()
    add_library(${name} OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled_headers.cpp)
    target_link_libraries(${name} PRIVATE project_options ${libraries})
    # Without the headers' dates ccache finds it again, and what was compiled on top of it.
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(${name} PRIVATE ${headers})
  endforeach()
endif()

function(precompiled_headers target)
  if(PRECOMPILED_HEADERS)
    list(APPEND ARGN precompiled_headers)
    list(GET ARGN 0 from)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
