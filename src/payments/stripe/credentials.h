#pragma once
// Credentials of a Stripe account, as its owner types them in.
//
//     const auto credentials = schema::parse<stripe::Credentials>(account.credentials.text);
//     credentials->is_live();

#include <string>
#include <vector>

#include "schema/schema.h"

namespace payments::stripe {

struct Credentials {
    std::string secret_key;
    std::vector<std::string> webhook_secrets;
    std::optional<std::string> publishable_key;

    [[nodiscard]] bool is_live() const { return secret_key.substr(2).starts_with("_live_"); }

    static void check(const Credentials& credentials, schema::Issues& issues);
    friend constexpr auto describe(Credentials*) {
        using schema::field;
        return schema::object<Credentials>(
            "StripeCredentials",
            field<&Credentials::secret_key>(
                "secretKey", {.max_length = 255,
                              .pattern = "(sk|rk)_(test|live)_[A-Za-z0-9_]+",
                              .text = schema::Text::raw,
                              .doc = "A secret or a restricted key. Test or live is what the key says."}),
            field<&Credentials::webhook_secrets>(
                "webhookSecrets",
                {.max_items = 5,
                 .items = {.max_length = 255, .pattern = "whsec_[A-Za-z0-9+/=_-]+", .text = schema::Text::raw},
                 .defaulted = true,
                 .doc = "Of the endpoint. Several while one is rolled; without any, no event is believed."}),
            field<&Credentials::publishable_key>("publishableKey", {.max_length = 255,
                                                                    .pattern = "pk_(test|live)_[A-Za-z0-9_]+",
                                                                    .text = schema::Text::raw,
                                                                    .doc = "For Stripe's library in the browser."}),
            schema::refine<&Credentials::check>());
    }
};

}  // namespace payments::stripe
