include(GoogleTest)

# stack_library(NAME [LINKS <targets>] [PRIVATE_LINKS <targets>])
# One static library out of every *.cpp of the folder; *_test.cpp become NAME_test (label unit) and *_db_test.cpp
# NAME_db_test (label db). A link to a library further down STACK_LAYERS is an error.
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
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC project_options fmt::fmt ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)

  file(GLOB_RECURSE db_tests CONFIGURE_DEPENDS *_db_test.cpp)
  file(GLOB_RECURSE unit_tests CONFIGURE_DEPENDS *_test.cpp)
  list(FILTER unit_tests EXCLUDE REGEX "_db_test\\.cpp$")
  stack_test(${name}_test unit "${unit_tests}" ${name} ${arg_TEST_LINKS})
  stack_test(${name}_db_test db "${db_tests}" ${name} ${arg_TEST_LINKS})
endfunction()

function(stack_test target label sources)
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
  # One ctest entry per executable: discovery at build time would run every binary once more.
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 600)
endfunction()
