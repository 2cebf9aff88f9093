# cmake -DCOMPILER=… -DFLAGS=… -DSOURCE=… -P compile_fail.cmake: SOURCE must not compile, and the compiler must say what its
# first line expects (a regular expression).
file(STRINGS ${SOURCE} first_line LIMIT_COUNT 1)
string(REGEX REPLACE "^// Expected: " "" expected "${first_line}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
execute_process(COMMAND ${COMPILER} ${flags} -fsyntax-only ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE message)
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, and should not")
endif()
if(NOT message MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE}: expected \"${expected}\" among:\n${message}")
endif()
