#pragma once
// A file inside the binary, put there by embed_files() of cmake/embed.cmake. The views live as long as the program; any
// thread.
//
//     #include "embedded/swagger_ui.h"                     // made by embed_files(TARGET openapi NAME swagger_ui ...)
//     for (const base::EmbeddedFile& file : embedded::swagger_ui()) serve(file.path, file.bytes);

#include <string_view>

namespace base {

struct EmbeddedFile {
    std::string_view path;  // relative to the embedded directory, with '/'
    std::string_view bytes;
    std::string_view br = {};    // the same compressed, when embedded with COMPRESS
    std::string_view gzip = {};
};

}  // namespace base
