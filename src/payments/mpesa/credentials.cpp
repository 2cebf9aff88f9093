#include "payments/mpesa/credentials.h"

#include <utility>

namespace payments::mpesa {

void Credentials::check(const Credentials& credentials, schema::Issues& issues) {
    const bool is_till = credentials.kind == Kind::till;
    if (is_till && !credentials.till_number)
        issues.add("/tillNumber", "required", "a till has a number that customers pay");
    if (!is_till && credentials.till_number) issues.add("/tillNumber", "not_allowed", "a paybill has none");
}

std::optional<Credentials> read_credentials(std::string_view json) {
    auto read = schema::parse<Credentials>(json, {.lenient = true});
    if (!read) return std::nullopt;
    return *std::move(read);
}

}  // namespace payments::mpesa
