#pragma once
// How a statement is run: what a query declares and the driver acts on.

#include <cstdint>

namespace db {

enum class Kind : std::uint8_t {
    point,  // autocommit read of at most about 100 rows by index: shares a Sync group with its neighbours, may be repeated
    read,   // any other read: a connection of its own while it runs
    write,  // everything else, and every statement of a batch or transaction may be of any kind
};

}  // namespace db
