#include "webhooks/signature.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace {

using namespace webhooks;

base::Timestamp at(std::int64_t seconds) { return base::Timestamp(std::chrono::seconds(seconds)); }

SigningKey key_of(std::string_view text) {
    auto key = SigningKey::parse(text);
    EXPECT_TRUE(key.has_value()) << (key ? "" : key.error());
    return *std::move(key);
}
VerifyingKey verifying(std::string_view text) {
    auto key = VerifyingKey::parse(text);
    EXPECT_TRUE(key.has_value()) << (key ? "" : key.error());
    return *std::move(key);
}

// Of the public test suites of the specification's reference libraries.
TEST(WebhookSignature, HmacIsTheSpecifications) {
    const auto key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    EXPECT_EQ(key.sign({"msg_p5jXN8AQM9LWM0D4loKWxJek", at(1614265330), R"({"test": 2432232314})"}),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    EXPECT_EQ(key.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    EXPECT_EQ(key.verifying_text(), key.text());
}

TEST(WebhookSignature, Ed25519IsTheSpecifications) {
    const auto key =
        key_of("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==");
    EXPECT_EQ(key.verifying_text(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
    EXPECT_EQ(key.sign({"msg_p5jXN8AQM9LWM0D4loKWxJek", at(1614265330), R"({"test": 2432232314})"}),
              "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==");
}

// RFC 8032 §7.1, the key of test 1, by its seed alone and with its public key behind it.
TEST(WebhookSignature, AnEd25519KeyMayBeItsSeed) {
    const auto seed = key_of("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
    EXPECT_EQ(seed.verifying_text(), "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    EXPECT_EQ(key_of(seed.text()).verifying_text(), seed.verifying_text());
}

TEST(WebhookSignature, KeysThatAreNoneAreRefused) {
    constexpr std::string_view bad[] = {
        "",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",    // 22 bytes, and no padding
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",  // 22 bytes
        "whsec_not base64 at all, really not....",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvw==",
        "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
    };
    for (const auto text : bad) {
        const auto key = SigningKey::parse(text);
        EXPECT_FALSE(key.has_value()) << text;
        if (!key && text.size() > 8) EXPECT_EQ(key.error().find(text.substr(6)), std::string::npos);
    }
    EXPECT_FALSE(VerifyingKey::parse("whpk_AAAA").has_value());
    EXPECT_FALSE(VerifyingKey::parse("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").has_value());
}

struct Case {
    const char* name;
    std::int64_t now;
    std::string_view id = "msg_1";
    std::string timestamp = "1700000000";
    std::string_view body = R"({"a":1})";
    std::optional<Fault> fault{};
};

TEST(WebhookSignature, WhatIsVerified) {
    constexpr std::int64_t sent = 1'700'000'000;
    const Case cases[] = {
        {"as it was sent", sent},
        {"five minutes later", sent + 300},
        {"a clock that is slow", sent - 300},
        {.name = "too late", .now = sent + 301, .fault = Fault::too_old},
        {.name = "from the future", .now = sent - 301, .fault = Fault::too_new},
        {.name = "another id", .now = sent, .id = "msg_2", .fault = Fault::no_signature_fits},
        {.name = "no id", .now = sent, .id = "", .fault = Fault::missing_header},
        {.name = "another time", .now = sent, .timestamp = "1700000001", .fault = Fault::no_signature_fits},
        {.name = "the same time otherwise written",
         .now = sent,
         .timestamp = "01700000000",
         .fault = Fault::no_signature_fits},
        {.name = "no time", .now = sent, .timestamp = "now", .fault = Fault::bad_timestamp},
        {.name = "a negative time", .now = sent, .timestamp = "-1", .fault = Fault::bad_timestamp},
        {.name = "a fraction", .now = sent, .timestamp = "1700000000.0", .fault = Fault::bad_timestamp},
        {.name = "a time that overflows",
         .now = sent,
         .timestamp = "99999999999999999999",
         .fault = Fault::bad_timestamp},
        {.name = "one byte changed", .now = sent, .body = R"({"a":2})", .fault = Fault::no_signature_fits},
        {.name = "white space changed", .now = sent, .body = R"({"a": 1})", .fault = Fault::no_signature_fits},
    };
    base::SeededRandom random(7);
    for (const auto scheme : {Scheme::hmac, Scheme::ed25519}) {
        const auto key = SigningKey::generate(scheme, random);
        const auto header = key.sign({"msg_1", at(sent), R"({"a":1})"});
        const VerifyingKey keys[] = {verifying(key.verifying_text())};
        for (const auto& one : cases)
            EXPECT_EQ(verify(keys, {one.id, one.timestamp, header}, one.body, at(one.now)), one.fault) << one.name;
    }
}

TEST(WebhookSignature, OneOfSeveralIsEnough) {
    base::SeededRandom random(8);
    const SigningKey old_and_new[] = {SigningKey::generate(Scheme::hmac, random),
                                      SigningKey::generate(Scheme::ed25519, random)};
    const auto other = SigningKey::generate(Scheme::hmac, random);
    const auto header = signature_header(old_and_new, {"msg_1", at(1000), "x"});
    EXPECT_EQ(std::ranges::count(header, ' '), 1);
    for (const auto& key : old_and_new) {
        const VerifyingKey keys[] = {verifying(other.verifying_text()), verifying(key.verifying_text())};
        EXPECT_EQ(verify(keys, {"msg_1", "1000", header}, "x", at(1000)), std::nullopt);
    }
    const VerifyingKey none[] = {verifying(other.verifying_text())};
    EXPECT_EQ(verify(none, {"msg_1", "1000", header}, "x", at(1000)), Fault::no_signature_fits);
    EXPECT_EQ(verify({}, {"msg_1", "1000", header}, "x", at(1000)), Fault::no_signature_fits);
}

// A signature counts under its own version alone, and what cannot be read is passed over.
TEST(WebhookSignature, HeadersThatLie) {
    base::SeededRandom random(9);
    const auto key = SigningKey::generate(Scheme::hmac, random);
    const auto good = key.sign({"msg_1", at(1000), "x"});
    const VerifyingKey keys[] = {verifying(key.verifying_text())};
    const auto check = [&](const std::string& header) {
        return verify(keys, {"msg_1", "1000", header}, "x", at(1000));
    };
    EXPECT_EQ(check("v9,AAAA garbage , ,, v1, " + good), std::nullopt);
    EXPECT_EQ(check("v1a" + good.substr(2)), Fault::no_signature_fits);
    EXPECT_EQ(check(good.substr(3)), Fault::no_signature_fits);
    EXPECT_EQ(check("v1,"), Fault::no_signature_fits);
    std::string many;
    for (int i = 0; i < 40; ++i) many += "v1,AAAA ";
    EXPECT_EQ(check(many + good), Fault::no_signature_fits);
}

}  // namespace
