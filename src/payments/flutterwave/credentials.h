#pragma once
// Credentials of a Flutterwave account, as its owner types them in.
//
//     const auto credentials = payments::read<flutterwave::Credentials>(account.credentials.text);

#include <string>
#include <vector>

#include "schema/schema.h"

namespace payments::flutterwave {

struct Credentials {
    std::string secret_key;
    std::vector<std::string> secret_hashes;
    std::string email;

    [[nodiscard]] bool is_live() const { return !secret_key.starts_with("FLWSECK_TEST-"); }

    friend constexpr auto describe(Credentials*) {
        using schema::field;
        return schema::object<Credentials>(
            "FlutterwaveCredentials",
            field<&Credentials::secret_key>("secretKey",
                                            {.max_length = 255,
                                             .pattern = "FLWSECK(_TEST)?-[A-Za-z0-9-]+",
                                             .text = schema::Text::raw,
                                             .doc = "A secret key of version 3. Test or live is what the key says."}),
            field<&Credentials::secret_hashes>(
                "secretHashes",
                {.max_items = 5,
                 .items = {.min_length = 16, .max_length = 255, .text = schema::Text::raw},
                 .defaulted = true,
                 .doc =
                     "The secret hash of the dashboard's webhooks. Several while it is changed; without any, no event "
                     "is believed."}),
            field<&Credentials::email>(
                "email", {.max_length = 100,
                          .format = schema::Format::email,
                          .doc = "Flutterwave wants a payer's address with each payment, and writes to it: yours."}));
    }
};

}  // namespace payments::flutterwave
