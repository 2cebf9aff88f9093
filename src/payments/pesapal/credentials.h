#pragma once
// Credentials of a merchant at Pesapal, as its owner types them in.
//
//     const auto credentials = payments::read<pesapal::Credentials>(account.credentials.text);

#include <string>

#include "schema/schema.h"

namespace payments::pesapal {

enum class Environment : std::uint8_t { sandbox, live };
constexpr auto describe(Environment*) {
    return schema::enumeration<Environment>("PesapalEnvironment",
                                            {{Environment::sandbox, "sandbox"}, {Environment::live, "live"}});
}

struct Credentials {
    Environment environment = Environment::live;
    std::string consumer_key;
    std::string consumer_secret;

    [[nodiscard]] bool is_live() const { return environment == Environment::live; }

    friend constexpr auto describe(Credentials*) {
        using schema::field;
        constexpr std::string_view visible = "[!-~]+";
        return schema::object<Credentials>(
            "PesapalCredentials", field<&Credentials::environment>("environment", {.doc = "Whose keys these are."}),
            field<&Credentials::consumer_key>(
                "consumerKey", {.min_length = 1, .max_length = 255, .pattern = visible, .text = schema::Text::raw}),
            field<&Credentials::consumer_secret>(
                "consumerSecret", {.min_length = 1, .max_length = 255, .pattern = visible, .text = schema::Text::raw}));
    }
};

}  // namespace payments::pesapal
