#pragma once
// Inside the library: the writer with a choice of members. Pure functions: any thread.

#include <cstdint>
#include <string>

#include "schema/type.h"

namespace schema::detail {

// `all` includes internal and write-only members: what tells two values apart (unique_items). Never sent.
enum class Members : std::uint8_t { visible, all };

// Without a view everything of those is written.
void write_json(const Type& type, const void* value, std::string& out, Members members, const View* view = nullptr);

// The shortest text that reads back as `number`, which is finite; at most 32 characters. Returns the end.
char* put_double(char* to, double number);

}  // namespace schema::detail
