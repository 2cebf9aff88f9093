#pragma once
// File descriptors: how many this process may open, and how many of them may be clients. What is left belongs to databases,
// Redis, files and the listener, so that a crowd of clients cannot keep a request from its database.
//
//     const auto limit = app::raise_descriptor_limit();
//     const auto clients = app::connections_within(limit, 2, settings);        // of each of two loops

#include <cstddef>
#include <cstdint>

#include "app/settings.h"

namespace app {

// Raises the soft limit to the hard one, as far as it lets us; returns the soft limit. Before threads start.
std::uint64_t raise_descriptor_limit();

// settings.max_connections, or fewer.
[[nodiscard]] std::size_t connections_within(std::uint64_t limit, std::size_t loops, const Settings& settings);

}  // namespace app
