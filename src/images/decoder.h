#pragma once
// The decoder's process: this program, started by Images with the command `image-decoder`, its socket as descriptor 0. It reads
// and writes pictures behind the sandbox (sandbox.h) until the socket closes. main() asks first, before anything else is made:
//
//     if (images::is_decoder(argc, argv)) return images::run_decoder(argc, argv);

#include <string_view>

namespace images {

inline constexpr std::string_view decoder_command = "image-decoder";

[[nodiscard]] bool is_decoder(int argc, const char* const* argv);
// Does not return: what ends a program (destructors, a sanitizer's last look) may not be done in the sandbox. Started by hand it
// says so.
[[noreturn]] void run_decoder(int argc, const char* const* argv);

}  // namespace images
