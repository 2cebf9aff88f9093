#pragma once
// Credentials of an account at Daraja, as its owner types them in from the portal.
//
//     const auto credentials = mpesa::read_credentials(account.credentials.text);
//     if (credentials) credentials->receiver();                 // who gets the money: the till, or the paybill

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/schema.h"

namespace payments::mpesa {

enum class Environment : std::uint8_t { sandbox, production };
constexpr auto describe(Environment*) {
    return schema::enumeration<Environment>(
        "MpesaEnvironment", {{Environment::sandbox, "sandbox"}, {Environment::production, "production"}});
}

enum class Kind : std::uint8_t { paybill, till };
constexpr auto describe(Kind*) {
    return schema::enumeration<Kind>("MpesaKind", {{Kind::paybill, "paybill"}, {Kind::till, "till"}});
}

struct Credentials {
    Environment environment = Environment::production;
    Kind kind = Kind::paybill;
    std::string short_code;
    std::optional<std::string> till_number;
    std::string consumer_key;
    std::string consumer_secret;
    std::string passkey;
    std::optional<std::string> nominated_number;

    [[nodiscard]] const std::string& receiver() const { return till_number ? *till_number : short_code; }

    static void check(const Credentials& credentials, schema::Issues& issues);
    friend constexpr auto describe(Credentials*) {
        using schema::field;
        constexpr std::string_view visible = "[!-~]+";
        return schema::object<Credentials>(
            "MpesaCredentials", field<&Credentials::environment>("environment", {.doc = "Whose keys these are."}),
            field<&Credentials::kind>("kind", {.doc = "A paybill, or a till (Buy Goods)."}),
            field<&Credentials::short_code>(
                "shortCode", {.max_length = 7,
                              .pattern = "[0-9]{5,7}",
                              .text = schema::Text::raw,
                              .doc = "The paybill; of a till the store or head office number that went live."}),
            field<&Credentials::till_number>("tillNumber", {.max_length = 9,
                                                            .pattern = "[0-9]{5,9}",
                                                            .text = schema::Text::raw,
                                                            .doc = "Of a till: the number that customers pay."}),
            field<&Credentials::consumer_key>(
                "consumerKey", {.min_length = 1, .max_length = 255, .pattern = visible, .text = schema::Text::raw}),
            field<&Credentials::consumer_secret>(
                "consumerSecret", {.min_length = 1, .max_length = 255, .pattern = visible, .text = schema::Text::raw}),
            field<&Credentials::passkey>("passkey", {.min_length = 1,
                                                     .max_length = 255,
                                                     .pattern = visible,
                                                     .text = schema::Text::raw,
                                                     .doc = "Of Lipa na M-Pesa online (STK push)."}),
            field<&Credentials::nominated_number>(
                "nominatedNumber",
                {.max_length = 12,
                 .pattern = "254[17][0-9]{8}",
                 .text = schema::Text::raw,
                 .doc = "The number that the organisation named for pulling its transactions. Without it they are not "
                        "pulled."}),
            schema::refine<&Credentials::check>());
    }
};

// Of stored ones: nullopt when they are not what this release knows.
[[nodiscard]] std::optional<Credentials> read_credentials(std::string_view json);

}  // namespace payments::mpesa
