#pragma once
// Credentials of a Paystack account, as its owner types them in.
//
//     const auto credentials = payments::read<paystack::Credentials>(account.credentials.text);
//     credentials->is_live();

#include <string>

#include "schema/schema.h"

namespace payments::paystack {

struct Credentials {
    std::string secret_key;
    std::string email;

    [[nodiscard]] bool is_live() const { return secret_key.starts_with("sk_live_"); }

    friend constexpr auto describe(Credentials*) {
        using schema::field;
        return schema::object<Credentials>(
            "PaystackCredentials",
            field<&Credentials::secret_key>(
                "secretKey", {.max_length = 255,
                              .pattern = "sk_(test|live)_[A-Za-z0-9]+",
                              .text = schema::Text::raw,
                              .doc = "The secret key. Test or live is what it says; events are signed with it."}),
            field<&Credentials::email>(
                "email", {.max_length = 100,
                          .format = schema::Format::email,
                          .doc = "Paystack wants a payer's address with each payment, and writes to it: yours."}));
    }
};

}  // namespace payments::paystack
