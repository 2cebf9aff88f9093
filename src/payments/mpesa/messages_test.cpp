#include "payments/mpesa/messages.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "payments/mpesa/callback_url.h"
#include "payments/mpesa/credentials.h"
#include "payments/mpesa/seal.h"
#include "payments/mpesa/values.h"

namespace payments::mpesa {

namespace {

Credentials paybill() {
    return {.environment = Environment::sandbox,
            .kind = Kind::paybill,
            .short_code = "174379",
            .goods_number = {},
            .consumer_key = "key",
            .consumer_secret = "secret",
            .passkey = "testpasskey",
            .nominated_number = {}};
}

const base::Timestamp half_past_ten = *base::parse_timestamp("2024-01-15T10:30:00+03:00");

TEST(MpesaMessage, HasThePasswordOfTheTestVector) {
    EXPECT_EQ(password("174379", "testpasskey", "20240115103000"), "MTc0Mzc5dGVzdHBhc3NrZXkyMDI0MDExNTEwMzAwMA==");
    const auto push =
        prompt_of(paybill(), {.id = {}, .amount = {15'000}, .currency = "KES", .reference = "R"}, "", half_past_ten);
    EXPECT_EQ(push.timestamp, "20240115103000");
    EXPECT_EQ(push.password, "MTc0Mzc5dGVzdHBhc3NrZXkyMDI0MDExNTEwMzAwMA==");
    EXPECT_EQ(query_of(paybill(), "ws_CO_1", half_past_ten).password, push.password);
}

TEST(MpesaMessage, IsWrittenInNairobiTime) {
    EXPECT_EQ(compact_time(*base::parse_timestamp("2024-12-31T21:30:05.999Z")), "20250101003005");
    EXPECT_EQ(spaced_time(*base::parse_timestamp("2024-12-31T21:30:05.999Z")), "2025-01-01 00:30:05");
    EXPECT_EQ(time_of("20250101003005"), base::parse_timestamp("2024-12-31T21:30:05Z"));
    EXPECT_EQ(time_of("2025-01-01 00:30:05"), base::parse_timestamp("2024-12-31T21:30:05Z"));
    EXPECT_EQ(time_of("2020-08-05T10:13:00Z"), base::parse_timestamp("2020-08-05T10:13:00Z"));
    for (const auto* const text : {"", "0", "20241301000000", "2024011510302", "yesterday", "20240115103o21"})
        EXPECT_FALSE(time_of(text)) << text;
}

TEST(MpesaMessage, AsksAPaybillOrATill) {
    const StartRequest request{.id = {},
                               .amount = {15'000},
                               .currency = "KES",
                               .phone = "254712345678",
                               .reference = "ORD-10027",
                               .description = "Order 10027"};
    const auto push = prompt_of(paybill(), request, "https://shop.example/v1/callbacks/m/00/stk", half_past_ten);
    EXPECT_EQ(schema::to_json(push),
              R"({"BusinessShortCode":"174379","Password":"MTc0Mzc5dGVzdHBhc3NrZXkyMDI0MDExNTEwMzAwMA==",)"
              R"("Timestamp":"20240115103000","TransactionType":"CustomerPayBillOnline","Amount":"150",)"
              R"("PartyA":"254712345678","PartyB":"174379","PhoneNumber":"254712345678",)"
              R"("CallBackURL":"https://shop.example/v1/callbacks/m/00/stk","AccountReference":"ORD-10027",)"
              R"("TransactionDesc":"Order 10027"})");
    auto till = paybill();
    till.kind = Kind::buy_goods;
    till.goods_number = "512345";
    const auto of_till = prompt_of(till, request, "https://shop.example/stk", half_past_ten);
    EXPECT_EQ(of_till.type, "CustomerBuyGoodsOnline");
    EXPECT_EQ(of_till.short_code, "174379");
    EXPECT_EQ(of_till.party_b, "512345");
}

TEST(MpesaMessage, SendsOnlyTheCharactersThatDarajaTakes) {
    EXPECT_EQ(cleaned("INV#10/27 & co@x", 12), "INV1027  cox");
    EXPECT_EQ(cleaned("  Duka la Mama Njoroge ", 12), "Duka la Mama");
    EXPECT_EQ(cleaned("ABCDEFGHIJK LM", 12), "ABCDEFGHIJK");
    EXPECT_EQ(cleaned("½ kg ñ", 12), "kg");
    EXPECT_EQ(cleaned("@#&", 12), "");
    const auto push =
        prompt_of(paybill(), {.id = {}, .amount = {100}, .currency = "KES", .reference = "@#"}, "", half_past_ten);
    EXPECT_EQ(push.reference, "Payment");
    EXPECT_EQ(push.description, "Payment");
    const auto long_one = prompt_of(paybill(),
                                    {.id = {},
                                     .amount = {100},
                                     .currency = "KES",
                                     .reference = "1234567890123456",
                                     .description = "abcdefghijklmnop"},
                                    "", half_past_ten);
    EXPECT_EQ(long_one.reference, "123456789012");
    EXPECT_EQ(long_one.description, "abcdefghijklm");
}

TEST(MpesaMessage, ReadsStringsAndNumbersAlike) {
    EXPECT_EQ(scalar({R"("0")"}), "0");
    EXPECT_EQ(scalar({"0"}), "0");
    EXPECT_EQ(scalar({R"("a\u0041\n")"}), "aA\n");
    for (const auto* const json : {"", "null", "true", "false", "{}", "[]", "[0]"})
        EXPECT_FALSE(scalar({json})) << json;
    EXPECT_EQ(money_of("150.00"), base::Money{15'000});
    EXPECT_EQ(money_of("150"), base::Money{15'000});
    EXPECT_EQ(money_of("1.5"), base::Money{150});
    EXPECT_EQ(money_of("0.05"), base::Money{5});
    EXPECT_EQ(money_of("1.500"), base::Money{150});
    for (const auto* const text :
         {"", "-1", "+1", "1.", ".5", "1.005", "1e3", "1,000", " 1", "1 ", "KES 1", "12345678901"})
        EXPECT_FALSE(money_of(text)) << text;
}

TEST(MpesaCallbackUrl, MustNotHoldAForbiddenWord) {
    EXPECT_EQ(forbidden_word("https://shop.example.co.ke/v1/callbacks/m/0123456789abcdef0123456789abcdef/stk"), "");
    EXPECT_EQ(forbidden_word("https://Mpesa.example.com"), "mpesa");
    EXPECT_EQ(forbidden_word("https://m-pesa.example.com"), "m-pesa");
    EXPECT_EQ(forbidden_word("https://example.com/SAFARICOM"), "safaricom");
    EXPECT_EQ(forbidden_word("https://example.com/a.exe"), "exe");
    EXPECT_EQ(forbidden_word("https://executive.example.com"), "exec");
    EXPECT_EQ(forbidden_word("https://cmd.example.com"), "cmd");
    EXPECT_EQ(forbidden_word("https://mysql.example.com"), "sql");
    EXPECT_EQ(forbidden_word("https://example.com/?query"), "query");
    EXPECT_EQ(forbidden_word("https://ab12.ngrok.io"), "ngrok");
}

TEST(MpesaCredentials, OfATillNameTheTill) {
    const auto read = [](std::string_view json) { return schema::parse<Credentials>(json); };
    EXPECT_TRUE(read(R"({"environment":"sandbox","kind":"paybill","shortCode":"174379","consumerKey":"k",)"
                     R"("consumerSecret":"s","passkey":"p"})"));
    EXPECT_TRUE(read(R"({"environment":"production","kind":"till","shortCode":"600123","tillNumber":"512345",)"
                     R"("consumerKey":"k","consumerSecret":"s","passkey":"p","nominatedNumber":"254712345678"})"));
    const auto missing = read(R"({"environment":"sandbox","kind":"till","shortCode":"600123","consumerKey":"k",)"
                              R"("consumerSecret":"s","passkey":"p"})");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().issues.at(0).pointer, "/tillNumber");
    const auto superfluous = read(R"({"environment":"sandbox","kind":"paybill","shortCode":"600123",)"
                                  R"("tillNumber":"512345","consumerKey":"k","consumerSecret":"s","passkey":"p"})");
    ASSERT_FALSE(superfluous);
    EXPECT_EQ(superfluous.error().issues.at(0).pointer, "/tillNumber");
}

TEST(MpesaSeal, OpensOnlyWithTheSecretThatSealed) {
    const auto sealed = seal("secret", "id", "token");
    EXPECT_EQ(unseal("secret", "id", sealed), "token");
    EXPECT_FALSE(unseal("Secret", "id", sealed));
    EXPECT_FALSE(unseal("secret", "other", sealed));
    EXPECT_FALSE(sealed.contains("token"));
    EXPECT_NE(sealed, seal("secret", "id", "token"));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        EXPECT_FALSE(unseal("secret", "id", altered)) << i;
        EXPECT_FALSE(unseal("secret", "id", sealed.substr(0, i))) << i;
    }
}

}  // namespace

}  // namespace payments::mpesa
