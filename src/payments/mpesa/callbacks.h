#pragma once
// What Daraja calls back with, and what its list of transactions holds, as claims. Nothing is signed: what a body says is worth what the
// secret of its URL is worth, and decide() asks where it proves nothing. Pure.
//
//     const mpesa::Callback callback = mpesa::read_callback("stk", bytes);

#include <optional>
#include <string_view>
#include <vector>

#include "payments/provider.h"
#include "schema/schema.h"

namespace payments::mpesa {

// `kind`: "stk", "confirm", "validate", "timeout"; nullopt: another one. Bytes that are not understood make no claim, and are accepted:
// whoever sent them cannot send better ones.
[[nodiscard]] std::optional<VerifiedCallback> read_callback(std::string_view kind, std::string_view bytes);

// Of a pull: its list, or list of lists. What is no transaction with a receipt and an amount is left out. `count`: with those.
struct PulledPage {
    std::vector<Claim> claims;
    std::size_t count = 0;
};
[[nodiscard]] PulledPage read_pulled(const schema::Json& response, std::string_view short_code);

}  // namespace payments::mpesa
