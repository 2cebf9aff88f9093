# doc_pages(TARGET NAME CONTENTS PAGE...)
# Makes the pages of Markdown that CONTENTS lists part of TARGET, rendered for the reader of src/openapi: `embedded::NAME()`, for
# `openapi::Reader::guides`. Each PAGE has to be listed. A changed page renders all anew, which takes a second.
function(doc_pages target name contents)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/node_modules/markdown-it)
    message(FATAL_ERROR "node_modules/markdown-it is missing, which ${name} are rendered with. Run bin/setup")
  endif()
  set(site ${CMAKE_CURRENT_BINARY_DIR}/${name})
  get_filename_component(folder ${contents} DIRECTORY)
  set(files "")
  foreach(page IN ITEMS ${ARGN} ${folder}/index.json ${folder}/search.json)
    file(RELATIVE_PATH file ${folder} ${page})
    string(REGEX REPLACE "^(\\.\\./)+" "" file ${file})
    string(REGEX REPLACE "(/README)?\\.md$" ".html" file ${file})
    list(APPEND files guides/${file} guides/${file}.br guides/${file}.gz)
  endforeach()
  list(TRANSFORM files PREPEND ${site}/ OUTPUT_VARIABLE outputs)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/cmake/render_pages.mjs ${contents} ${site}/guides ${ARGN}
    DEPENDS ${contents} ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/render_pages.mjs ${CMAKE_SOURCE_DIR}/cmake/compress.mjs
    COMMENT "Rendering ${name}"
    VERBATIM)
  embed_files(${target} ${name} ${site} ${files})
endfunction()
