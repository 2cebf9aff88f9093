#include "auth/jwk.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/strings.h"

namespace auth {
namespace {

constexpr std::string_view rfc8037_private =
    R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
// RFC 7515 A.3
constexpr std::string_view rfc7515_p256 =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";
// RFC 7638 §3.1
constexpr std::string_view rfc7638_rsa =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})";

std::string decode(std::string_view text) { return base::base64url_decode(text).value(); }

TEST(Jwk, SignsTheVectorOfRfc8037) {
    const auto key = Key::from_jwk(rfc8037_private);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    KeyOperations operations(*key);
    constexpr std::string_view input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const std::string signature = operations.sign(input);
    EXPECT_EQ(base::base64url_encode(signature),
              "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(operations.verify(input, signature));
    EXPECT_FALSE(operations.verify("other", signature));
}

TEST(Jwk, SignsTheVectorOfRfc7515WithHmac) {
    const auto key = Key::from_jwk(
        R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})");
    ASSERT_TRUE(key);
    KeyOperations operations(*key);
    constexpr std::string_view input =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(base::base64url_encode(operations.sign(input)), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }
    EXPECT_FALSE(key->public_jwk());
    EXPECT_FALSE(key->private_pem());
}

TEST(Jwk, VerifiesTheP256VectorOfRfc7515) {
    const auto key = Key::from_jwk(rfc7515_p256);
    ASSERT_TRUE(key) << explain(key.error());
    KeyOperations operations(*key);
    constexpr std::string_view input =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const std::string signature =
        decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    EXPECT_TRUE(operations.verify(input, signature));
    EXPECT_TRUE(operations.verify(input, signature));
    EXPECT_TRUE(operations.verify(input, operations.sign(input)));
    EXPECT_FALSE(operations.verify("other", signature));
}

TEST(Jwk, EcdsaRefusesZeroOutOfRangeAndOtherLengths) {
    KeyOperations operations(Key::from_jwk(rfc7515_p256).value());
    const std::string order =
        base::hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").value();
    const std::string one = std::string(31, '\0') + '\1';
    const std::string zero(32, '\0');
    const std::string valid = operations.sign("input");
    for (const std::string& bad :
         {zero + zero, zero + one, one + zero, order + one, one + order, order + order, std::string(64, '\xFF'),
          std::string(), valid.substr(1), valid + '\0', std::string(70, '0')}) {
        EXPECT_FALSE(operations.verify("input", bad)) << base::hex_encode(bad);
    }
    EXPECT_TRUE(operations.verify("input", valid));
}

TEST(Jwk, RsaThumbprintOfRfc7638AndNamedKid) {
    const auto key = Key::from_jwk(rfc7638_rsa);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    EXPECT_EQ(key->kid(), "2011-04-29");
    EXPECT_FALSE(key->can_sign());
    KeyOperations operations(*key);
    EXPECT_THROW((void)operations.sign("x"), std::logic_error);
}

// RFC 7515 A.2
TEST(Jwk, VerifiesTheRsaVectorOfRfc7515) {
    const auto key = Key::from_jwk(
        R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})");
    ASSERT_TRUE(key);
    KeyOperations operations(*key);
    constexpr std::string_view input =
        "eyJhbGciOiJSUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const std::string signature = decode(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
        "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjb"
        "KBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
        "eOkHWEsqtFZES"
        "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
    EXPECT_TRUE(operations.verify(input, signature));
    EXPECT_FALSE(operations.verify("other", signature));
    EXPECT_FALSE(operations.verify(input, signature.substr(1)));
}

TEST(Jwk, PemRoundTrip) {
    for (const Algorithm algorithm : {Algorithm::eddsa, Algorithm::es256}) {
        const Key key = Key::generate(algorithm);
        const auto again = Key::from_pem(key.private_pem().value());
        ASSERT_TRUE(again);
        EXPECT_EQ(again->kid(), key.kid());
        EXPECT_EQ(again->algorithm(), algorithm);
        KeyOperations signer(*again);
        KeyOperations verifier(Key::from_jwk(key.public_jwk().value()).value());
        EXPECT_FALSE(verifier.key().can_sign());
        for (int i = 0; i < 50; ++i) {
            const std::string input = "message " + std::to_string(i);
            const std::string signature = signer.sign(input);
            EXPECT_EQ(signature.size(), 64U);
            EXPECT_TRUE(verifier.verify(input, signature));
        }
    }
    EXPECT_THROW((void)Key::generate(Algorithm::hs256), std::invalid_argument);
}

TEST(Jwk, RefusesWhatIsNoFitKey) {
    struct Case {
        std::string_view json;
        KeyFault fault;
    };
    const Case cases[] = {
        {"", KeyFault::malformed},
        {"[]", KeyFault::malformed},
        {R"({"kty":"OKP","crv":"Ed25519","x":"AA"})", KeyFault::malformed},
        {R"({"kty":"OKP","crv":"Ed25519","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
         KeyFault::malformed},
        {R"({"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})", KeyFault::unsupported},
        {R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"enc"})",
         KeyFault::unsupported},
        {R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["deriveKey"]})",
         KeyFault::unsupported},
        {R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"ES256"})",
         KeyFault::mismatched},
        // x of another key
        {R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"22qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
         KeyFault::mismatched},
        // off the curve
        {R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"})",
         KeyFault::malformed},
        {R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw"})",
         KeyFault::mismatched},
        {R"({"kty":"oct","k":"c2hvcnQ"})", KeyFault::too_weak},
        {R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw","e":"AQAB"})",
         KeyFault::too_weak},
        {R"({"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"})", KeyFault::rsa_private_key},
    };
    for (const Case& c : cases) {
        const auto key = Key::from_jwk(c.json);
        ASSERT_FALSE(key) << c.json;
        EXPECT_EQ(key.error(), c.fault) << c.json << ": " << explain(key.error());
    }
}

TEST(Jwk, RefusesWeakAndPemLookingSecrets) {
    EXPECT_EQ(Key::from_secret(std::string(31, 'x')).error(), KeyFault::too_weak);
    EXPECT_TRUE(Key::from_secret("0123456789abcdef0123456789abcdef"));
    const std::string pem = Key::generate(Algorithm::es256).private_pem().value();
    EXPECT_EQ(Key::from_secret(pem).error(), KeyFault::looks_like_pem);
    EXPECT_EQ(Key::from_pem("not a pem").error(), KeyFault::malformed);
    EXPECT_EQ(Key::from_pem(std::string(20'000, 'x')).error(), KeyFault::malformed);
}

TEST(KeySet, PublishesOnlyPublicMembers) {
    const KeySet keys({{Key::from_jwk(rfc8037_private).value(), KeyState::current},
                       {Key::from_jwk(rfc7515_p256).value(), KeyState::next},
                       {Key::from_secret(std::string(32, 's')).value(), KeyState::retired}});
    const std::string json = keys.public_jwks();
    EXPECT_EQ(
        json,
        R"({"keys":[{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA","key_ops":["verify"]},)"
        R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","use":"sig","alg":"ES256","key_ops":["verify"]}]})");
    EXPECT_EQ(json.find("\"d\""), std::string::npos);
    EXPECT_EQ(json.find("\"k\""), std::string::npos);
    const auto read = KeySet::from_jwks(json);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->entries().size(), 2U);
    EXPECT_EQ(read->signing_key(), nullptr);
}

TEST(KeySet, SelectsByAlgorithmAndKid) {
    const Key first = Key::generate(Algorithm::eddsa);
    const Key second = Key::generate(Algorithm::eddsa);
    const KeySet keys(
        {{first, KeyState::retired}, {second, KeyState::current}, {Key::generate(Algorithm::es256), KeyState::next}});
    EXPECT_EQ(keys.signing_key()->kid(), second.kid());
    EXPECT_EQ(keys.select(Algorithm::eddsa, first.kid()), 0U);
    EXPECT_EQ(keys.select(Algorithm::eddsa, second.kid()), 1U);
    EXPECT_EQ(keys.select(Algorithm::es256, std::nullopt), 2U);
    EXPECT_EQ(keys.select(Algorithm::es256, first.kid()).error(), KeySelectionFault::no_matching_key);
    EXPECT_EQ(keys.select(Algorithm::eddsa, "../../etc/passwd").error(), KeySelectionFault::no_matching_key);
    EXPECT_EQ(keys.select(Algorithm::eddsa, "").error(), KeySelectionFault::no_matching_key);
    EXPECT_EQ(keys.select(Algorithm::eddsa, std::nullopt).error(), KeySelectionFault::multiple_matching_keys);
}

TEST(KeySet, RefusesContradictions) {
    const Key key = Key::generate(Algorithm::eddsa);
    const Key public_key = Key::from_jwk(key.public_jwk().value()).value();
    EXPECT_THROW(KeySet({{key, KeyState::current}, {key, KeyState::retired}}), std::invalid_argument);
    EXPECT_THROW(KeySet({{key, KeyState::current}, {Key::generate(Algorithm::eddsa), KeyState::current}}),
                 std::invalid_argument);
    EXPECT_THROW(KeySet({{public_key, KeyState::current}}), std::invalid_argument);
}

TEST(KeySet, ForeignSetsSkipUnknownKeysAndRefuseSecrets) {
    const auto set = KeySet::from_jwks(
        R"({"keys":[{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"},{"kty":"future"},)"
        R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]})");
    ASSERT_TRUE(set);
    EXPECT_EQ(set->entries().size(), 1U);
    EXPECT_EQ(KeySet::from_jwks("{\"keys\":[" + std::string(rfc8037_private) + "]}").error(), KeyFault::unsupported);
    EXPECT_EQ(
        KeySet::from_jwks(R"({"keys":[{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]})").error(),
        KeyFault::unsupported);
    EXPECT_EQ(KeySet::from_jwks(R"({"keys":{}})").error(), KeyFault::malformed);
}

}  // namespace
}  // namespace auth
