# embed_files(TARGET <target> NAME <symbol> DIRECTORY <directory> [PATTERNS <glob>...] [COMPRESS])
# Puts the files of DIRECTORY (all, or those that match a glob) into the target. Its sources get
#     #include "embedded/<symbol>.h"     std::span<const base::EmbeddedFile> embedded::<symbol>();     sorted by path
# With COMPRESS each file is there as brotli and gzip too.
#
# Files go in by the assembler's .incbin, and the object file depends on each: neither #embed nor a C array would do, as
# ccache serves stale bytes of the one and the other takes seconds per megabyte. New files are found at the next build.
enable_language(ASM)

function(embed_files)
  cmake_parse_arguments(PARSE_ARGV 0 arg "COMPRESS" "TARGET;NAME;DIRECTORY" "PATTERNS")
  get_filename_component(directory "${arg_DIRECTORY}" ABSOLUTE)
  embedded_paths(paths "${directory}" ${arg_PATTERNS})

  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${arg_NAME})
  set(assembly "    .section .rodata.embedded,\"a\"\n")
  set(declarations "")
  set(rows "")
  set(inputs "")
  set(index 0)
  foreach(path IN LISTS paths)
    set(symbol embedded_${arg_NAME}_${index})
    embedded_symbol(${symbol} ${directory}/${path})
    string(APPEND rows "        {\"${path}\", BYTES(${symbol})")
    list(APPEND inputs ${directory}/${path})
    if(arg_COMPRESS)
      compress_file(${directory}/${path} ${output}/${path})
      embedded_symbol(${symbol}_br ${output}/${path}.br)
      embedded_symbol(${symbol}_gz ${output}/${path}.gz)
      string(APPEND rows ", BYTES(${symbol}_br), BYTES(${symbol}_gz)")
      list(APPEND inputs ${output}/${path}.br ${output}/${path}.gz)
    endif()
    string(APPEND rows "},\n")
    math(EXPR index "${index} + 1")
  endforeach()

  write_embedded_sources()
  target_sources(${arg_TARGET} PRIVATE ${output}.S ${output}.cpp)
  target_include_directories(${arg_TARGET} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  # -I and -D of the target mean nothing to the assembler, and clang says so.
  set_source_files_properties(${output}.S PROPERTIES OBJECT_DEPENDS "${inputs}"
    COMPILE_OPTIONS -Wno-unused-command-line-argument)
endfunction()

# Paths under `directory` that match a pattern, in byte order.
function(embedded_paths result directory)
  if(NOT IS_DIRECTORY "${directory}")
    message(FATAL_ERROR "embed_files: there is no directory ${directory}")
  endif()
  set(patterns ${ARGN})
  if(NOT patterns)
    set(patterns *)
  endif()
  set(paths "")
  foreach(pattern IN LISTS patterns)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS LIST_DIRECTORIES false RELATIVE ${directory} ${directory}/${pattern})
    if(NOT found AND NOT pattern MATCHES "[*?[]")
      message(FATAL_ERROR "embed_files: there is no file ${directory}/${pattern}")
    endif()
    list(APPEND paths ${found})
  endforeach()
  list(REMOVE_DUPLICATES paths)
  list(SORT paths COMPARE STRING)
  foreach(path IN LISTS paths)
    if(NOT path MATCHES "^[A-Za-z0-9._/@+-]+$")
      message(FATAL_ERROR "embed_files: \"${path}\" has characters that would need quoting")
    endif()
  endforeach()
  set(${result} ${paths} PARENT_SCOPE)
endfunction()

# Adds one file to the caller's `assembly` and `declarations`.
macro(embedded_symbol symbol_name file)
  string(APPEND assembly
    "    .balign 16\n    .globl ${symbol_name}\n    .hidden ${symbol_name}\n${symbol_name}:\n    .incbin \"${file}\"\n"
    "    .globl ${symbol_name}_end\n    .hidden ${symbol_name}_end\n${symbol_name}_end:\n    .byte 0\n")
  string(APPEND declarations "extern const char ${symbol_name}[];\nextern const char ${symbol_name}_end[];\n")
endmacro()

# <output>.br and <output>.gz; Node is there for the npm packages anyway.
function(compress_file input output)
  find_program(NODE node)
  if(NOT NODE)
    message(FATAL_ERROR "node is missing, which compresses what the binary embeds. Run bin/setup")
  endif()
  set(script ${PROJECT_SOURCE_DIR}/cmake/compress.mjs)
  add_custom_command(
    OUTPUT ${output}.br ${output}.gz
    COMMAND ${NODE} ${script} ${input} ${output}
    DEPENDS ${input} ${script}
    COMMENT "Compressing ${input}"
    VERBATIM)
endfunction()

# Writes the header, the table and the assembly; a file whose text has not changed keeps its time.
macro(write_embedded_sources)
  file(CONFIGURE OUTPUT ${output}.h @ONLY CONTENT [[
#pragma once
#include <span>
#include "base/embedded.h"
namespace embedded {
std::span<const base::EmbeddedFile> @arg_NAME@();
}
]])
  file(CONFIGURE OUTPUT ${output}.cpp @ONLY CONTENT [[
#include "embedded/@arg_NAME@.h"
#include <vector>
#define BYTES(symbol) {symbol, static_cast<std::size_t>(symbol##_end - symbol)}
extern "C" {
@declarations@}
namespace embedded {
std::span<const base::EmbeddedFile> @arg_NAME@() {
    static const std::vector<base::EmbeddedFile> files{
@rows@    };
    return files;
}
}
]])
  file(CONFIGURE OUTPUT ${output}.S @ONLY CONTENT [[
@assembly@    .section .note.GNU-stack,"",%progbits
]])
endmacro()
