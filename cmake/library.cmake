include(GoogleTest)

# stack_library(NAME [LINKS <targets>] [PRIVATE_LINKS <targets>])
# One static library out of every *.cpp of the folder; *_test.cpp become NAME_test (label unit) and *_db_test.cpp
# NAME_db_test (label db); compile_fail/*.cxx must not compile. A link to a library further down STACK_LAYERS is an error.
function(stack_library name)
  cmake_parse_arguments(arg "" "" "LINKS;PRIVATE_LINKS;TEST_LINKS" ${ARGN})
  list(FIND STACK_LAYERS ${name} own_layer)
  foreach(link IN LISTS arg_LINKS arg_PRIVATE_LINKS)
    list(FIND STACK_LAYERS ${link} other_layer)
    if(own_layer GREATER -1 AND other_layer GREATER own_layer)
      message(FATAL_ERROR "src/${name} may not use src/${link}: it stands below it in STACK_LAYERS")
    endif()
  endforeach()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC project_options fmt::fmt ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  quick_to_build(${name} library)

  file(GLOB_RECURSE db_tests CONFIGURE_DEPENDS *_db_test.cpp)
  file(GLOB_RECURSE unit_tests CONFIGURE_DEPENDS *_test.cpp)
  list(FILTER unit_tests EXCLUDE REGEX "_db_test\\.cpp$")
  stack_test(${name}_test unit "${unit_tests}" ${name} ${arg_TEST_LINKS})
  stack_test(${name}_db_test db "${db_tests}" ${name} ${arg_TEST_LINKS})
  compile_fail_tests(${name})
endfunction()

function(stack_test target label sources)
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
  quick_to_build(${target} test)
  # One ctest entry per executable: discovery at build time would run every binary once more.
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 1200)
endfunction()

# second_half(TARGET): two ctest entries share the tests of TARGET, for what takes longer than all that could run beside it; they
# begin first.
function(second_half target)
  get_test_property(${target} LABELS label)
  add_test(NAME ${target}_2 COMMAND ${target} --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${target} PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=0")
  set_tests_properties(${target}_2 PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=1" LABELS ${label} TIMEOUT 1200)
  set_tests_properties(${target} ${target}_2 PROPERTIES COST 100)
endfunction()

# compile_fail_tests(NAME): each compile_fail/*.cxx of the folder is a mistake that the types are to prevent. It becomes the
# test NAME_compile_fail_MISTAKE: it must not compile, and the compiler must say what its first line expects.
# (.cxx: no part of the library, not linted.)
function(compile_fail_tests name)
  file(GLOB mistakes CONFIGURE_DEPENDS compile_fail/*.cxx)
  foreach(source IN LISTS mistakes)
    get_filename_component(mistake ${source} NAME_WE)
    set(test ${name}_compile_fail_${mistake})
    add_test(NAME ${test} COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
      "-DFLAGS=-std=c++23 -Werror=unused-result -I${CMAKE_SOURCE_DIR}/src -I${CMAKE_SOURCE_DIR} -I${PostgreSQL_INCLUDE_DIR} -DFMT_SHARED"
      -DSOURCE=${source} -P ${CMAKE_SOURCE_DIR}/cmake/compile_fail.cmake)
    set_tests_properties(${test} PROPERTIES LABELS unit TIMEOUT 120)
  endforeach()
endfunction()

# generated_sources(TARGET FILE...): what custom commands of the folder write becomes part of TARGET, and of `generated_sources`,
# which makes all of it. A custom command waits for whatever its target links; as a target of its own it waits for nothing, so
# that bin/lint compiles no library to have the headers.
add_custom_target(generated_sources)
function(generated_sources target)
  target_sources(${target} PRIVATE ${ARGN})
  add_custom_target(${target}_generated DEPENDS ${ARGN})
  add_dependencies(generated_sources ${target}_generated)
endfunction()
