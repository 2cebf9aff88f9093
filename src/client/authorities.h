#pragma once
// A file of authorities (CLIENT_CA_FILE), looked at before the first call needs it: by the reader that calls use, so that what
// passes here is believed there.
//
//     if (auto fault = client::authorities_fault(settings.ca_file); !fault.empty())
//         issues.add("/CLIENT_CA_FILE", "format", "the file " + fault);                    // "has no certificate in PEM"

#include <string>

namespace client {

inline constexpr std::size_t most_authorities_bytes =
    4UL * 1024 * 1024;  // the system's own are a quarter of a megabyte

// Why nobody can be believed by it, as the end of a sentence about the file; empty: it has a certificate, and each can be read.
// Never waits (base/file.h).
[[nodiscard]] std::string authorities_fault(const std::string& path);

}  // namespace client
