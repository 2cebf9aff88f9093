#include "auth/jwt.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>

#include "base/strings.h"

namespace auth {
namespace {

using std::chrono::seconds;

constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
constexpr base::Timestamp now{seconds(1'705'300'000)};

KeySet hmac_keys() { return KeySet({{Key::from_secret(secret, "k1").value(), KeyState::current}}); }

JwtVerifierOptions api_options() { return {.issuer = "https://api.example", .audience = "api", .device_claim = "did"}; }

Claims good_claims() {
    Claims claims;
    claims.subject = "user-1";
    claims.tenant_id = base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    claims.session_id = base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a02");
    claims.device_id = base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a03");
    claims.issued_at = now;
    claims.expires_at = now + seconds(600);
    claims.token_id = "token-1";
    claims.issuer = "https://api.example";
    claims.audience = {"api"};
    return claims;
}

// A token of any header and payload text, properly signed: what a holder of the key could have been made to sign.
std::string raw_token(std::string_view header, std::string_view payload,
                      const Key& key = hmac_keys().entries()[0].key) {
    const std::string input = base::base64url_encode(header) + '.' + base::base64url_encode(payload);
    KeyOperations operations(key);
    return input + '.' + base::base64url_encode(operations.sign(input));
}

constexpr std::string_view good_header = R"({"alg":"HS256","typ":"at+jwt","kid":"k1"})";
constexpr std::string_view good_payload = R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600})";

std::string outcome(std::string_view token, const JwtVerifierOptions& options = api_options()) {
    JwtVerifier verifier(hmac_keys(), options);
    const auto claims = verifier.verify(token, now);
    if (claims) return "ok";
    std::string text(code_text(claims.error().code));
    if (!claims.error().claim.empty()) {
        text += ' ';
        text += claims.error().claim;
        text += ' ';
        text += to_string(claims.error().reason);
    }
    return text;
}

TEST(Jwt, RoundTripWithEveryAlgorithm) {
    for (const Key& key :
         {Key::from_secret(secret).value(), Key::generate(Algorithm::es256), Key::generate(Algorithm::eddsa)}) {
        const KeySet keys({{key, KeyState::current}});
        JwtSigner signer(keys, {.device_claim = "did"});
        JwtVerifier verifier(keys, api_options());
        const Claims given = good_claims();
        const auto claims = verifier.verify(signer.sign(given), now);
        ASSERT_TRUE(claims) << claims.error().message;
        EXPECT_EQ(claims->subject, given.subject);
        EXPECT_EQ(claims->tenant_id, given.tenant_id);
        EXPECT_EQ(claims->session_id, given.session_id);
        EXPECT_EQ(claims->device_id, given.device_id);
        EXPECT_EQ(claims->issued_at, given.issued_at);
        EXPECT_EQ(claims->expires_at, given.expires_at);
        EXPECT_EQ(claims->token_id, given.token_id);
        EXPECT_EQ(claims->audience, given.audience);
        EXPECT_FALSE(claims->not_before);
    }
}

TEST(Jwt, WritesClaimsAsOthersReadThem) {
    Claims claims = good_claims();
    claims.subject = "a\"\\\n\x01é";
    claims.audience = {"api", "other"};
    claims.not_before = now + std::chrono::milliseconds(250) - seconds(1);
    JwtSigner signer(hmac_keys(), {.device_claim = "did"});
    const std::string token = signer.sign(claims);
    const auto payload_begin = token.find('.') + 1;
    EXPECT_EQ(
        base::base64url_decode(token.substr(payload_begin, token.rfind('.') - payload_begin)).value(),
        R"({"iss":"https://api.example","sub":"a\"\\\u000a\u0001é","aud":["api","other"],)"
        R"("tid":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01","sid":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a02",)"
        R"("did":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a03","iat":1705300000,"nbf":1705299999.25,"exp":1705300600,"jti":"token-1"})");
    JwtVerifier verifier(hmac_keys(), api_options());
    const auto read = verifier.verify(token, now);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->subject, claims.subject);
    EXPECT_EQ(read->not_before, claims.not_before);
}

// The token of the reference: signature right, but no typ at+jwt, no iss: a foreign JWT under our key.
TEST(Jwt, ForeignTokenUnderTheSameKeyIsRefused) {
    EXPECT_EQ(
        outcome("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1MSIsImlhdCI6MTcwNTMwMDAwMCwiZXhwIjoxNzA1MzAzNjAwfQ."
                "VtDsfWGzhCjiPsPhusXotSok39VXE5HqIvJGuw01h9k"),
        "ERR_JWT_CLAIM_VALIDATION_FAILED typ check_failed");
    JwtVerifierOptions options = api_options();
    options.type = "JWT";
    EXPECT_EQ(
        outcome("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1MSIsImlhdCI6MTcwNTMwMDAwMCwiZXhwIjoxNzA1MzAzNjAwfQ."
                "VtDsfWGzhCjiPsPhusXotSok39VXE5HqIvJGuw01h9k",
                options),
        "ERR_JWT_CLAIM_VALIDATION_FAILED iss missing");
}

TEST(Jwt, HeaderAttacks) {
    struct Case {
        std::string_view header;
        std::string_view expected;
    };
    const Case cases[] = {
        {good_header, "ok"},
        {R"({"alg":"HS256","typ":"at+jwt"})", "ok"},
        {R"({"alg":"HS256","typ":"application/AT+jwt"})", "ok"},
        {R"({"alg":"HS256","typ":"at+jwt","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://evil","x5u":"https://evil","x5c":["AA"]})",
         "ok"},
        {R"({"alg":"none","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":"None","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":"nOnE","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":"","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":"hs256","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":"HS384","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":"ES256","typ":"at+jwt"})", "ERR_JOSE_ALG_NOT_ALLOWED"},
        {R"({"alg":["HS256"],"typ":"at+jwt"})", "ERR_JWS_INVALID"},
        {R"({"typ":"at+jwt"})", "ERR_JWS_INVALID"},
        {R"({"alg":"HS256"})", "ERR_JWT_CLAIM_VALIDATION_FAILED typ missing"},
        {R"({"alg":"HS256","typ":"refresh+jwt"})", "ERR_JWT_CLAIM_VALIDATION_FAILED typ check_failed"},
        {R"({"alg":"HS256","typ":"at+jwt","kid":"../../../dev/null"})", "ERR_JWKS_NO_MATCHING_KEY"},
        {R"({"alg":"HS256","typ":"at+jwt","kid":"k1' or '1'='1"})", "ERR_JWKS_NO_MATCHING_KEY"},
        {R"({"alg":"HS256","typ":"at+jwt","kid":"k1\u0000"})", "ERR_JWKS_NO_MATCHING_KEY"},
        {R"({"alg":"HS256","typ":"at+jwt","kid":1})", "ERR_JWS_INVALID"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":["exp"],"exp":1})", "ERR_JOSE_NOT_SUPPORTED crit none"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":["b64"],"b64":false})", "ERR_JOSE_NOT_SUPPORTED crit none"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":[]})", "ERR_JWS_INVALID crit invalid"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":"exp"})", "ERR_JWS_INVALID crit invalid"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":[1]})", "ERR_JWS_INVALID crit invalid"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":[""]})", "ERR_JWS_INVALID crit invalid"},
        {R"({"alg":"HS256","typ":"at+jwt","crit":null})", "ERR_JWS_INVALID crit invalid"},
        {R"({"alg":"HS256","typ":"at+jwt","b64":false})", "ERR_JWS_INVALID b64 invalid"},
        {R"({"alg":"none","alg":"HS256","typ":"at+jwt"})", "ERR_JWS_INVALID"},
        {R"({"alg":"HS256","\u0061lg":"HS256","typ":"at+jwt"})", "ERR_JWS_INVALID"},
        {R"({"alg":"HS256","typ":"at+jwt","x":{"a":1,"a":2}})", "ERR_JWS_INVALID"},
        {R"({"alg":"HS256","typ":"at+jwt","x":[[[[[[[[[[1]]]]]]]]]]})", "ERR_JWS_INVALID"},
        {"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"x\":\"\xff\"}", "ERR_JWS_INVALID"},
        {R"(["HS256"])", "ERR_JWS_INVALID"},
        {R"("HS256")", "ERR_JWS_INVALID"},
        {R"({"alg":"HS256","typ":"at+jwt"} {})", "ERR_JWS_INVALID"},
        {"{", "ERR_JWS_INVALID"},
    };
    for (const Case& c : cases) EXPECT_EQ(outcome(raw_token(c.header, good_payload)), c.expected) << c.header;
    const std::string long_kid = R"({"alg":"HS256","typ":"at+jwt","kid":")" + std::string(257, 'k') + "\"}";
    EXPECT_EQ(outcome(raw_token(long_kid, good_payload)), "ERR_JWS_INVALID");
    std::string many = R"({"alg":"HS256","typ":"at+jwt")";
    for (int i = 0; i < 100; ++i) many += ",\"m" + std::to_string(i) + "\":0";
    EXPECT_EQ(outcome(raw_token(many + "}", good_payload)), "ERR_JWS_INVALID");
}

TEST(Jwt, ClaimAttacks) {
    struct Case {
        std::string_view payload;
        std::string_view expected;
    };
    const Case cases[] = {
        {good_payload, "ok"},
        {R"({"iss":"https://api.example","aud":["x","api"],"sub":"u","exp":1705300000.5})", "ok"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"nbf":1705300000})", "ok"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300000})", "ERR_JWT_EXPIRED exp check_failed"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705299999.999})",
         "ERR_JWT_EXPIRED exp check_failed"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u"})", "ERR_JWT_CLAIM_VALIDATION_FAILED exp missing"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":"1705300600"})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":null})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":-1})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1e300})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":9223372036854775807})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":18446744073709551615})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED exp invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":99999999999999999999999})", "ERR_JWT_INVALID"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1e309})", "ERR_JWT_INVALID"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":NaN})", "ERR_JWT_INVALID"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1,"exp":1705300600})", "ERR_JWT_INVALID"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"nbf":1705300001})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED nbf check_failed"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"nbf":"0"})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED nbf invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"iat":true})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED iat invalid"},
        {R"({"aud":"api","sub":"u","exp":1705300600})", "ERR_JWT_CLAIM_VALIDATION_FAILED iss missing"},
        {R"({"iss":"https://api.example/","aud":"api","sub":"u","exp":1705300600})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED iss check_failed"},
        {R"({"iss":["https://api.example"],"aud":"api","sub":"u","exp":1705300600})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED iss invalid"},
        {R"({"iss":"https://api.example","sub":"u","exp":1705300600})", "ERR_JWT_CLAIM_VALIDATION_FAILED aud missing"},
        {R"({"iss":"https://api.example","aud":"API","sub":"u","exp":1705300600})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED aud check_failed"},
        {R"({"iss":"https://api.example","aud":[],"sub":"u","exp":1705300600})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED aud check_failed"},
        {R"({"iss":"https://api.example","aud":["api",1],"sub":"u","exp":1705300600})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED aud invalid"},
        {R"({"iss":"https://api.example","aud":"api","exp":1705300600})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED sub missing"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"tid":"1' or 1"})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED tid invalid"},
        {R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"sid":7})",
         "ERR_JWT_CLAIM_VALIDATION_FAILED sid invalid"},
        {"[]", "ERR_JWT_INVALID"},
        {"x", "ERR_JWT_INVALID"},
    };
    for (const Case& c : cases) EXPECT_EQ(outcome(raw_token(good_header, c.payload)), c.expected) << c.payload;
}

TEST(Jwt, SerialisationAttacks) {
    const std::string good = raw_token(good_header, good_payload);
    const std::size_t first = good.find('.');
    const std::size_t second = good.rfind('.');
    const std::string header = good.substr(0, first);
    const std::string payload = good.substr(first + 1, second - first - 1);
    const std::string signature = good.substr(second + 1);
    ASSERT_EQ(outcome(good), "ok");
    const std::vector<std::string> attacks{
        std::string(),
        std::string("."),
        std::string(".."),
        header,
        header + '.' + payload,
        header + '.' + payload + '.',
        good + '.',
        good + ".x",
        good + "=",
        ' ' + good,
        good + ' ',
        good + '\n',
        '.' + payload + '.' + signature,
        header + ".." + signature,
        header + "=." + payload + '.' + signature,
        header + '.' + payload + '.' + signature.substr(0, 4) + '+' + signature.substr(5),
        good + std::string(1, '\0'),
        R"({"protected":")" + header + R"(","payload":")" + payload + R"(","signature":")" + signature + "\"}",
        std::string(max_token_bytes + 1, 'a')};
    for (const std::string& bad : attacks) {
        EXPECT_EQ(outcome(bad), "ERR_JWS_INVALID") << bad;
    }
    // Unused trailing bits: 43 characters carry 258 bits, so four spellings would decode to one signature.
    std::string twisted = good;
    const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    twisted.back() = alphabet[alphabet.find(good.back()) + 1];
    EXPECT_EQ(outcome(twisted), "ERR_JWS_INVALID");
    std::string changed = good;
    changed[second + 1] = changed[second + 1] == 'A' ? 'B' : 'A';
    EXPECT_EQ(outcome(changed), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    EXPECT_EQ(outcome(header + '.' + payload + '.' + signature.substr(0, 40)), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    EXPECT_EQ(outcome(header + '.' + base::base64url_encode("{}") + '.' + signature),
              "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

// RFC 8725 §2.1: the public key, in whatever spelling, used as an HMAC secret.
TEST(Jwt, KeyConfusionIsRefused) {
    const Key key = Key::generate(Algorithm::es256);
    const KeySet keys({{key, KeyState::current}});
    JwtVerifier verifier(keys, api_options());
    const auto forged = raw_token(R"({"alg":"HS256","typ":"at+jwt","kid":")" + key.kid() + "\"}", good_payload,
                                  Key::from_secret(key.public_jwk().value()).value());
    EXPECT_EQ(verifier.verify(forged, now).error().code, JwtErrorCode::jose_alg_not_allowed);

    // Both kinds in one set: the name alone must not lead from one algorithm to the other's key.
    const KeySet mixed({{key, KeyState::current}, {Key::from_secret(secret, "h").value(), KeyState::retired}});
    JwtVerifier both(mixed, api_options());
    EXPECT_EQ(both.verify(forged, now).error().code, JwtErrorCode::jwks_no_matching_key);
    const auto swapped = raw_token(R"({"alg":"ES256","typ":"at+jwt","kid":"h"})", good_payload, key);
    EXPECT_EQ(both.verify(swapped, now).error().code, JwtErrorCode::jwks_no_matching_key);
}

TEST(Jwt, AlgorithmListNarrowsTheKeys) {
    JwtVerifierOptions options = api_options();
    options.algorithms = {Algorithm::eddsa};
    EXPECT_EQ(outcome(raw_token(good_header, good_payload), options), "ERR_JOSE_ALG_NOT_ALLOWED");
}

TEST(Jwt, RotationKeepsOldTokensValid) {
    const Key old_key = Key::generate(Algorithm::eddsa);
    const Key new_key = Key::generate(Algorithm::eddsa);
    JwtSigner before(KeySet({{old_key, KeyState::current}, {new_key, KeyState::next}}));
    const KeySet rotated({{old_key, KeyState::retired}, {new_key, KeyState::current}});
    JwtSigner after(rotated);
    JwtVerifier verifier(rotated, api_options());
    EXPECT_TRUE(verifier.verify(before.sign(good_claims()), now));
    EXPECT_TRUE(verifier.verify(after.sign(good_claims()), now));
    JwtVerifier later(KeySet({{new_key, KeyState::current}}), api_options());
    EXPECT_EQ(later.verify(before.sign(good_claims()), now).error().code, JwtErrorCode::jwks_no_matching_key);
}

TEST(Jwt, LeewayAndMaxAge) {
    JwtVerifierOptions options = api_options();
    options.leeway = seconds(5);
    const std::string expired_by_4 = raw_token(
        good_header, R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705299996,"nbf":1705300005})");
    EXPECT_EQ(outcome(expired_by_4, options), "ok");
    EXPECT_EQ(outcome(raw_token(good_header, R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705299995})"),
                      options),
              "ERR_JWT_EXPIRED exp check_failed");
    options.max_age = seconds(60);
    const auto aged = [&](std::string_view iat) {
        return outcome(
            raw_token(good_header, R"({"iss":"https://api.example","aud":"api","sub":"u","exp":1705300600,"iat":)" +
                                       std::string(iat) + "}"),
            options);
    };
    EXPECT_EQ(aged("1705299935"), "ok");
    EXPECT_EQ(aged("1705299934"), "ERR_JWT_EXPIRED iat check_failed");
    EXPECT_EQ(aged("1705300005"), "ok");
    EXPECT_EQ(aged("1705300006"), "ERR_JWT_CLAIM_VALIDATION_FAILED iat check_failed");
    EXPECT_EQ(outcome(raw_token(good_header, good_payload), options), "ERR_JWT_CLAIM_VALIDATION_FAILED iat missing");
    options.leeway = seconds(61);
    EXPECT_THROW(JwtVerifier(hmac_keys(), options), std::invalid_argument);
    EXPECT_THROW(JwtVerifier(hmac_keys(), {.issuer = "", .audience = "api"}), std::invalid_argument);
    EXPECT_THROW(JwtVerifier(hmac_keys(), {.issuer = "i", .audience = ""}), std::invalid_argument);
}

TEST(Jwt, BearerHeader) {
    EXPECT_EQ(bearer_token("Bearer abc.def"), "abc.def");
    EXPECT_EQ(bearer_token("bEARER abc=="), "abc==");
    for (const std::string_view bad :
         {"", "Bearer", "Bearer ", "Bearer  abc", "Bearer\tabc", " Bearer abc", "Bearer abc ", "Bearer a b",
          "Bearer a,b", "Basic abc", "Bearerabc", "Bearer =", "Bearer a=b"}) {
        EXPECT_FALSE(bearer_token(bad)) << bad;
    }
}

class CacheTest : public testing::Test {
protected:
    VerifiedTokenCache cache{{.capacity = 64, .max_age = seconds(60)}};
};

TEST_F(CacheTest, NeverServesPastExpiryOrMaxAge) {
    Claims claims = good_claims();
    claims.expires_at = now + seconds(10);
    cache.insert("short", claims, now);
    EXPECT_TRUE(cache.find("short", now + seconds(9)));
    EXPECT_FALSE(cache.find("short", now + seconds(10)));
    cache.insert("long", good_claims(), now);
    EXPECT_TRUE(cache.find("long", now + seconds(59)));
    EXPECT_FALSE(cache.find("long", now + seconds(60)));
    EXPECT_EQ(cache.size(), 0U);
}

TEST_F(CacheTest, DropsSessionsAndClears) {
    Claims other = good_claims();
    other.session_id = base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0aff");
    cache.insert("one", good_claims(), now);
    const auto held = cache.insert("two", other, now);
    cache.drop_session(*good_claims().session_id);
    EXPECT_FALSE(cache.find("one", now));
    EXPECT_TRUE(cache.find("two", now));
    cache.clear();
    EXPECT_FALSE(cache.find("two", now));
    EXPECT_EQ(held->session_id, other.session_id);
}

TEST_F(CacheTest, StaysBoundedAndKeepsWhatIsUsed) {
    cache.insert("kept", good_claims(), now);
    for (int i = 0; i < 10'000; ++i) {
        cache.insert("token " + std::to_string(i), good_claims(), now);
        EXPECT_TRUE(cache.find("kept", now));
    }
    EXPECT_LE(cache.size(), 64U);
    cache.insert("kept", good_claims(), now);
    EXPECT_LE(cache.size(), 64U);
}

TEST_F(CacheTest, VerifyCachedAsksTheVerifierOnce) {
    JwtVerifier verifier(hmac_keys(), api_options());
    const std::string good = raw_token(good_header, good_payload);
    const auto first = verify_cached(verifier, cache, good, now);
    ASSERT_TRUE(first);
    EXPECT_EQ(verify_cached(verifier, cache, good, now)->get(), first->get());
    EXPECT_EQ(verify_cached(verifier, cache, good, now + seconds(600)).error().code, JwtErrorCode::jwt_expired);
    EXPECT_FALSE(verify_cached(verifier, cache, good + "x", now));
    EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace auth
