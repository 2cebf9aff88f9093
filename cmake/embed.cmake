# embed_files(TARGET NAME DIRECTORY [FILE...])
# Makes every file below DIRECTORY, or the named ones alone (which the build may make), part of TARGET: `std::span<const base::EmbeddedFile> embedded::NAME()`, declared in
# "embedded/NAME.h". A changed, new or removed file rebuilds one small source: the assembler reads the bytes (.incbin), and
# each file's digest stands in that source, so that neither Ninja nor ccache can serve old bytes.
set(EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_write.cmake)

function(embed_files target name directory)
  get_filename_component(directory ${directory} ABSOLUTE)
  if(ARGN)
    list(TRANSFORM ARGN PREPEND ${directory}/ OUTPUT_VARIABLE files)
  else()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS LIST_DIRECTORIES false ${directory}/*)
  endif()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name})
  file(CONFIGURE OUTPUT ${output}/embedded/${name}.h @ONLY CONTENT
"#pragma once
// The files below @directory@. Constant: any thread.

#include <span>

#include \"base/embedded.h\"

namespace embedded {
[[nodiscard]] std::span<const base::EmbeddedFile> @name@() noexcept;
}
")
  # The list is a file of its own: a removed file must rebuild, although nothing that is left has changed.
  list(SORT files)
  list(JOIN files "\n" lines)
  file(CONFIGURE OUTPUT ${output}/files.txt CONTENT "${lines}")
  add_custom_command(
    OUTPUT ${output}/${name}.cpp
    COMMAND ${CMAKE_COMMAND} -D NAME=${name} -D DIRECTORY=${directory} -D LIST=${output}/files.txt
            -D OUTPUT=${output}/${name}.cpp -P ${EMBED_SCRIPT}
    DEPENDS ${files} ${output}/files.txt ${EMBED_SCRIPT}
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${output}/${name}.cpp)
  # The symbols are the assembler's: nothing in it for the link to optimise, which would read the assembler's text once more.
  set_source_files_properties(${output}/${name}.cpp TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS -fno-lto)
  target_include_directories(${target} PUBLIC ${output})
endfunction()
