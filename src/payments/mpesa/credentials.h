#pragma once
// Credentials of an account at Daraja, as its owner types them in from the portal.
//
//     const auto credentials = mpesa::read_credentials(account.credentials.text);
//     if (credentials) credentials->receiver();                 // the number that gets the money

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

enum class Kind : std::uint8_t { paybill, buy_goods };
constexpr auto describe(Kind*) {
    constexpr std::string_view buy_goods = "till";  // lint: allow(word) what M-Pesa calls it
    return schema::enumeration<Kind>("MpesaKind", {{Kind::paybill, "paybill"}, {Kind::buy_goods, buy_goods}});
}

struct Credentials {
    Environment environment = Environment::production;
    Kind kind = Kind::paybill;
    std::string short_code;
    std::optional<std::string> goods_number;
    std::string consumer_key;
    std::string consumer_secret;
    std::optional<std::string> passkey;
    std::optional<std::string> nominated_number;
    std::optional<std::string> initiator_name;
    std::optional<std::string> initiator_password;
    std::optional<std::string> certificate;

    [[nodiscard]] bool is_live() const { return environment == Environment::production; }
    [[nodiscard]] const std::string& receiver() const { return goods_number ? *goods_number : short_code; }
    // Money can be sent out.
    [[nodiscard]] bool has_initiator() const { return initiator_name && initiator_password && certificate; }

    static void check(const Credentials& credentials, schema::Issues& issues);
    friend constexpr auto describe(Credentials*) {
        using schema::field;
        constexpr std::string_view visible = "[!-~]+";
        constexpr std::string_view goods_number_name = "tillNumber";  // lint: allow(word) what M-Pesa calls it
        return schema::object<Credentials>(
            "MpesaCredentials", field<&Credentials::environment>("environment", {.doc = "Whose keys these are."}),
            field<&Credentials::kind>("kind", {.doc = "A paybill, or Buy Goods."}),
            field<&Credentials::short_code>(
                "shortCode", {.max_length = 7,
                              .pattern = "[0-9]{5,7}",
                              .text = schema::Text::raw,
                              .doc = "The paybill; of Buy Goods the store or head office number that went live."}),
            field<&Credentials::goods_number>(goods_number_name,
                                              {.max_length = 9,
                                               .pattern = "[0-9]{5,9}",
                                               .text = schema::Text::raw,
                                               .doc = "Of Buy Goods: the number that customers pay."}),
            field<&Credentials::consumer_key>(
                "consumerKey", {.min_length = 1, .max_length = 255, .pattern = visible, .text = schema::Text::raw}),
            field<&Credentials::consumer_secret>(
                "consumerSecret", {.min_length = 1, .max_length = 255, .pattern = visible, .text = schema::Text::raw}),
            field<&Credentials::passkey>("passkey", {.min_length = 1,
                                                     .max_length = 255,
                                                     .pattern = visible,
                                                     .text = schema::Text::raw,
                                                     .doc = "Of Lipa na M-Pesa online (STK push). An account that only "
                                                            "pays out has none."}),
            field<&Credentials::nominated_number>(
                "nominatedNumber",
                {.max_length = 12,
                 .pattern = "254[17][0-9]{8}",
                 .text = schema::Text::raw,
                 .doc = "The number that the organisation named for pulling its transactions. Without it they are not "
                        "pulled."}),
            field<&Credentials::initiator_name>(
                "initiatorName", {.min_length = 1,
                                  .max_length = 100,
                                  .pattern = visible,
                                  .text = schema::Text::raw,
                                  .doc = "Of the API operator that pays out and takes payments back. With it "
                                         "`initiatorPassword` and `certificate`."}),
            field<&Credentials::initiator_password>(
                "initiatorPassword",
                {.min_length = 1, .max_length = 100, .pattern = visible, .text = schema::Text::raw}),
            field<&Credentials::certificate>(
                "certificate", {.min_length = 1,
                                .max_length = 8'000,
                                .text = schema::Text::raw,
                                .doc = "Safaricom's, of the environment, as its portal gives it (PEM): the password is "
                                       "encrypted for it."}),
            schema::refine<&Credentials::check>());
    }
};

// Of stored ones: nullopt when they are not what this release knows.
[[nodiscard]] std::optional<Credentials> read_credentials(std::string_view json);

}  // namespace payments::mpesa
