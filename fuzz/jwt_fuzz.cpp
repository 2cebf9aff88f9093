// A token as a stranger sends it, and the same two texts as if they had been signed: the second way gets past the
// signature, into the claims. Also the bearer header, key selection and JWK reading.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/jwk.h"
#include "auth/jwt.h"
#include "base/strings.h"

namespace {

constexpr base::Timestamp now{std::chrono::seconds(1'705'300'000)};

struct Fixture {
    auth::Key key = auth::Key::from_secret("0123456789abcdef0123456789abcdef", "k1").value();
    auth::KeySet keys{{{key, auth::KeyState::current}}};
    auth::KeyOperations operations{key};
    auth::JwtSigner signer{keys};
    auth::JwtVerifier verifier{keys, {.issuer = "https://api.example", .audience = "api"}};
};

void require(bool condition) {
    if (!condition) std::abort();
}

// Whatever was accepted must survive being written and read again.
void check_round_trip(Fixture& fixture, const auth::Claims& claims) {
    require(claims.expires_at > now && claims.issuer == "https://api.example" && !claims.subject.empty());
    const auto again = fixture.verifier.verify(fixture.signer.sign(claims), now);
    if (!again) return;  // escapes can grow the text beyond the size limit
    require(again->subject == claims.subject && again->expires_at == claims.expires_at &&
            again->session_id == claims.session_id);
}

void try_signed(Fixture& fixture, std::string_view header, std::string_view payload) {
    std::string token = base::base64url_encode(header) + '.' + base::base64url_encode(payload);
    const std::string signature = base::base64url_encode(fixture.operations.sign(token));
    token += '.' + signature;
    if (const auto claims = fixture.verifier.verify(token, now)) check_round_trip(fixture, *claims);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Fixture fixture;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto claims = fixture.verifier.verify(input, now)) check_round_trip(fixture, *claims);
    // Header and payload of the input parted by a line feed.
    const std::size_t cut = input.find('\n');
    if (cut == std::string_view::npos) {
        try_signed(fixture, R"({"alg":"HS256","typ":"at+jwt"})", input);
    } else {
        try_signed(fixture, input.substr(0, cut), input.substr(cut + 1));
    }
    (void)auth::bearer_token(input);
    if (const auto key = auth::Key::from_jwk(input); key && !key->is_symmetric()) {
        // What we publish of a key we accepted is itself acceptable, and public.
        const auto published = auth::Key::from_jwk(key->public_jwk().value());
        require(published && !published->can_sign() && published->thumbprint() == key->thumbprint());
    }
    return 0;
}
