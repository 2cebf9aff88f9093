# g++ 12 miscompiles coroutines (docs/decisions/0001-toolchain.md), so it is refused rather than warned about.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines. Use clang-19: cmake --preset dev")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(ENABLE_SANITIZERS "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(ENABLE_THREAD_SANITIZER "ThreadSanitizer" OFF)
set(PGO "" CACHE STRING "train: count what the program does; use: ThinLTO, and optimise by PGO_PROFILE (bin/build --pgo)")
set(PGO_PROFILE "${CMAKE_SOURCE_DIR}/.cache/pgo/backend-api.profdata" CACHE FILEPATH "What llvm-profdata made of it")
option(ENABLE_FUZZERS "Build the libFuzzer targets in fuzz/" OFF)

add_library(project_options INTERFACE)
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough
  -Wno-missing-designated-field-initializers -Werror=return-type -Werror=unused-result -fcolor-diagnostics)
target_include_directories(project_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
# Asio keeps two recycled coroutine frames per thread, none above 1,020 bytes; every target must agree on the number.
target_compile_definitions(project_options INTERFACE BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)

if(ENABLE_SANITIZERS)
  target_compile_options(project_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(project_options INTERFACE -fsanitize=address,undefined)
endif()
if(ENABLE_THREAD_SANITIZER)
  target_compile_options(project_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(project_options INTERFACE -fsanitize=thread)
endif()
if(ENABLE_FUZZERS)
  target_compile_options(project_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(PGO STREQUAL "train")
  # Written when the program ends; runs of the same program are added up in one file.
  target_compile_options(project_options INTERFACE -fprofile-generate=${CMAKE_BINARY_DIR}/profiles)
  target_link_options(project_options INTERFACE -fprofile-generate=${CMAKE_BINARY_DIR}/profiles)
elseif(PGO STREQUAL "use")
  if(NOT EXISTS ${PGO_PROFILE})
    message(FATAL_ERROR "There is no ${PGO_PROFILE}: run bin/build --pgo")
  endif()
  # Ninja sees the command, not the profile: its digest in the command has all of it compiled anew by another one.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PGO_PROFILE})
  file(SHA256 ${PGO_PROFILE} profile_digest)
  target_compile_definitions(project_options INTERFACE PGO_PROFILE_DIGEST=0x${profile_digest})
  # Code that the load did not reach is no mistake, nor is source that changed a little since.
  target_compile_options(project_options INTERFACE -flto=thin -fprofile-use=${PGO_PROFILE}
    -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
  target_link_options(project_options INTERFACE -flto=thin)
endif()
