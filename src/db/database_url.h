#pragma once
// Whether a database's URL says what its author meant, before anything connects with it. The sentence repeats nothing of the URL, which
// may hold a password. Pure; any thread.
//
//     if (const auto fault = db::url_fault(settings.url); !fault.empty()) issues.add("/DATABASE_URL", "format", fault);
//
// PostgreSQL's library takes an `@` or a `/` of a password as the end of it: the rest would be a host, a port or a database, and stand in
// messages about them. Such a URL is refused, as is what the library cannot read, or what has white space at its ends.

#include <string>

namespace db {

// "" when there is none. Keywords and values ("host=… dbname=…") are read as well.
[[nodiscard]] std::string url_fault(const std::string& url);

}  // namespace db
