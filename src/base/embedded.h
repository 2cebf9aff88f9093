#pragma once
// A file that is part of the program: embed_files() of cmake/embed.cmake makes a table of a folder's files. Constant data that
// lives as long as the program; any thread.
//
//     embed_files(pos migrations ${CMAKE_CURRENT_SOURCE_DIR}/migrations)      # CMakeLists.txt
//
//     #include "embedded/migrations.h"
//     for (const base::EmbeddedFile& file : embedded::migrations()) use(file.path, file.bytes);

#include <string_view>

namespace base {

struct EmbeddedFile {
    std::string_view path;  // below the folder, with '/'; the table is sorted by it
    std::string_view bytes;
};

}  // namespace base
