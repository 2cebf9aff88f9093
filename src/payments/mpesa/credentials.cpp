#include "payments/mpesa/credentials.h"

#include <string>
#include <utility>

namespace payments::mpesa {

void Credentials::check(const Credentials& credentials, schema::Issues& issues) {
    constexpr std::string_view pointer = "/tillNumber";  // lint: allow(word) what M-Pesa calls it
    const bool has_goods_number = credentials.goods_number.has_value();
    const bool wants_one = credentials.kind == Kind::buy_goods;
    if (wants_one && !has_goods_number) issues.add(std::string(pointer), "required", "the number that customers pay");
    if (!wants_one && has_goods_number) issues.add(std::string(pointer), "not_allowed", "a paybill has none");
}

std::optional<Credentials> read_credentials(std::string_view json) {
    auto read = schema::parse<Credentials>(json, {.lenient = true});
    if (!read) return std::nullopt;
    return *std::move(read);
}

}  // namespace payments::mpesa
