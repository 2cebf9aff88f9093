# Writes the C++ source of embed_files(); run by its custom command. NAME, DIRECTORY, LIST and OUTPUT are given.
file(STRINGS ${LIST} files)
set(declarations "")
set(entries "")
set(count 0)
foreach(file IN LISTS files)
  file(SHA256 ${file} digest)
  file(RELATIVE_PATH path ${DIRECTORY} ${file})
  set(symbol embedded_${NAME}_${count})
  string(APPEND declarations "// ${digest}
asm(\".pushsection .rodata\\n\"
    \".global ${symbol}_begin\\n.hidden ${symbol}_begin\\n.global ${symbol}_end\\n.hidden ${symbol}_end\\n\"
    \"${symbol}_begin:\\n.incbin \\\"${file}\\\"\\n${symbol}_end:\\n.byte 0\\n\"
    \".popsection\\n\");
extern \"C\" const char ${symbol}_begin[];
extern \"C\" const char ${symbol}_end[];
")
  string(APPEND entries "        {\"${path}\", {${symbol}_begin, static_cast<std::size_t>(${symbol}_end - ${symbol}_begin)}},\n")
  math(EXPR count "${count} + 1")
endforeach()

set(table "    return {};\n")
if(count GREATER 0)
  set(table "    static const base::EmbeddedFile files[] = {\n${entries}    };\n    return files;\n")
endif()
file(WRITE ${OUTPUT} "// Written by cmake/embed.cmake.
#include \"embedded/${NAME}.h\"

${declarations}
namespace embedded {
std::span<const base::EmbeddedFile> ${NAME}() noexcept {
${table}}
}  // namespace embedded
")
