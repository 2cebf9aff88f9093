#include "db/database_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/strings.h"

namespace db {

namespace {

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using OptionsHandle = std::unique_ptr<PQconninfoOption, FreeOptions>;

// libpq's own words may quote the URL, so they are dropped.
OptionsHandle read(const std::string& url) {
    char* problem = nullptr;
    OptionsHandle options(PQconninfoParse(url.c_str(), &problem));
    PQfreemem(problem);
    return options;
}

// What stands behind the user and the password as libpq finds them: up to the first `@`, unless a `/` comes before it. Hosts and the
// database's name have no `@` of their own, or a %40.
bool has_stray_at(std::string_view url) {
    if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) return false;
    auto rest = url.substr(url.find("://") + 3);
    const auto end = rest.find_first_of("@/");
    if (end != std::string_view::npos && rest[end] == '@') rest.remove_prefix(end + 1);
    return rest.substr(0, rest.find('?')).contains('@');
}

bool has_ports(std::string_view list) {
    return list.empty() || std::ranges::all_of(base::split(list, ','), [](std::string_view port) {
               return port.empty() || base::parse_integer<std::uint16_t>(port).value_or(0) > 0;
           });
}

std::string_view value_of(const PQconninfoOption* option, std::string_view keyword) {
    for (; option->keyword != nullptr; ++option) {
        if (option->keyword == keyword && option->val != nullptr) return option->val;
    }
    return {};
}

}  // namespace

std::string url_fault(const std::string& url) {
    if (base::trim(url).size() != url.size()) return "has white space at its beginning or end; take it away";
    const auto options = read(url);
    if (options == nullptr) {
        return "is no URL of PostgreSQL (postgresql://user:password@host:port/database), or has an option that "
               "PostgreSQL does not know";
    }
    if (has_stray_at(url)) {
        return "has an @ behind its host: if the user or the password has an @ or a /, percent-encode it (%40, %2F)";
    }
    if (!has_ports(value_of(options.get(), "port"))) {
        return "has a port that is no number from 1 to 65535; if the password has a /, percent-encode it (%2F)";
    }
    return {};
}

}  // namespace db
