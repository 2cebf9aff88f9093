#pragma once
// Inside the library: what msgpack::Writer wrote, as JSON. Pure; any thread.

#include <string>
#include <string_view>

namespace jobs::msgpack {

// Throws std::logic_error for bytes that the Writer does not write.
[[nodiscard]] std::string to_json(std::string_view bytes);

}  // namespace jobs::msgpack
