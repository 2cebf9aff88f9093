#include "auth/jwk.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "auth/json_object.h"
#include "auth/openssl_handles.h"
#include "base/hash.h"
#include "base/strings.h"

namespace auth {

namespace {

constexpr std::size_t p256_bytes = 32;
constexpr std::size_t ed25519_bytes = 32;
constexpr std::size_t ed25519_signature_bytes = 64;
constexpr int min_rsa_bits = 2048;
// A verify grows with the square of the size: an 8 Kibit key costs about what one Ed25519 verify does.
constexpr int max_rsa_bits = 8192;
constexpr std::size_t max_pem_bytes = std::size_t{16} * 1024;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// OpenSSL's default would ask on the terminal.
int refuse_passphrase(char*, int, int, void*) { return -1; }

std::string bignum_parameter(const EVP_PKEY* key, const char* name, std::size_t width = 0) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
    const BignumHandle number(raw);
    std::string out(std::max<std::size_t>(width, static_cast<std::size_t>(BN_num_bytes(number.get()))), '\0');
    if (BN_bn2binpad(number.get(), bytes_of(out), static_cast<int>(out.size())) < 0) return {};
    return out;
}

std::string ed25519_public(const EVP_PKEY* key) {
    std::string out(ed25519_bytes, '\0');
    std::size_t size = out.size();
    if (EVP_PKEY_get_raw_public_key(key, bytes_of(out), &size) != 1 || size != ed25519_bytes) return {};
    return out;
}

bool is_public_key_valid(EVP_PKEY* key) {
    const PkeyContextHandle context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return context && EVP_PKEY_public_check(context.get()) == 1;
}

bool is_pair_valid(EVP_PKEY* key) {
    const PkeyContextHandle context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return context && EVP_PKEY_pairwise_check(context.get()) == 1;
}

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 64> name{};
    std::size_t size = 0;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &size) == 1 &&
           std::string_view(name.data(), size) == "prime256v1";
}

PkeyHandle pkey_from_parameters(const char* type, int selection, OSSL_PARAM_BLD* builder) {
    const ParamsHandle parameters(OSSL_PARAM_BLD_to_param(builder));
    const PkeyContextHandle context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) != 1) {
        ERR_clear_error();
        return nullptr;
    }
    return PkeyHandle(key);
}

PkeyHandle ec_from_coordinates(std::string_view x, std::string_view y, std::string_view d) {
    const std::string point = "\x04" + std::string(x) + std::string(y);
    const BignumHandle secret(d.empty() ? nullptr : BN_bin2bn(bytes_of(d), static_cast<int>(d.size()), nullptr));
    const ParamBuilderHandle builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    if (secret) OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
    return pkey_from_parameters("EC", secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, builder.get());
}

PkeyHandle rsa_from_numbers(std::string_view n, std::string_view e) {
    const BignumHandle modulus(BN_bin2bn(bytes_of(n), static_cast<int>(n.size()), nullptr));
    const BignumHandle exponent(BN_bin2bn(bytes_of(e), static_cast<int>(e.size()), nullptr));
    const ParamBuilderHandle builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    return pkey_from_parameters("RSA", EVP_PKEY_PUBLIC_KEY, builder.get());
}

// DER of SEQUENCE { INTEGER r, INTEGER s } out of the fixed-width pair; OpenSSL refuses r or s outside 1..n-1.
std::size_t write_ecdsa_der(std::string_view raw, std::array<unsigned char, 72>& out) {
    std::size_t size = 2;
    for (const std::string_view part : {raw.substr(0, p256_bytes), raw.substr(p256_bytes)}) {
        const std::size_t first = std::min(part.find_first_not_of('\0'), p256_bytes - 1);
        const std::string_view digits = part.substr(first);
        const bool needs_zero = (static_cast<unsigned char>(digits.front()) & 0x80U) != 0;
        out[size++] = 0x02;
        out[size++] = static_cast<unsigned char>(digits.size() + (needs_zero ? 1 : 0));
        if (needs_zero) out[size++] = 0x00;
        for (const char c : digits) out[size++] = static_cast<unsigned char>(c);
    }
    out[0] = 0x30;
    out[1] = static_cast<unsigned char>(size - 2);
    return size;
}

std::string ecdsa_raw_from_der(std::string_view der) {
    const unsigned char* position = bytes_of(der);
    const EcdsaSignatureHandle signature(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
    std::string raw(2 * p256_bytes, '\0');
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(raw), p256_bytes) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(raw) + p256_bytes, p256_bytes) < 0) {
        throw std::runtime_error("OpenSSL gave an unreadable ECDSA signature");
    }
    return raw;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::eddsa: return "EdDSA";
        case Algorithm::es256: return "ES256";
        case Algorithm::rs256: return "RS256";
        case Algorithm::hs256: return "HS256";
    }
    std::unreachable();
}

std::optional<Algorithm> algorithm_from_name(std::string_view name) {
    for (const Algorithm algorithm : {Algorithm::eddsa, Algorithm::es256, Algorithm::rs256, Algorithm::hs256}) {
        if (name == to_string(algorithm)) return algorithm;
    }
    return std::nullopt;
}

std::string_view explain(KeyFault fault) {
    switch (fault) {
        case KeyFault::malformed: return "not a readable PEM or JWK (an encrypted PEM is not read)";
        case KeyFault::unsupported:
            return "only Ed25519, P-256, RSA public keys and HMAC secrets meant for signatures are supported";
        case KeyFault::too_weak: return "too weak: HMAC secrets need 32 bytes or more, RSA keys 2048 to 8192 bits";
        case KeyFault::looks_like_pem: return "a PEM text cannot be an HMAC secret";
        case KeyFault::rsa_private_key: return "RSA keys only verify here: give the public key";
        case KeyFault::mismatched: return "the members of the key contradict each other";
    }
    std::unreachable();
}

// ---- Key ------------------------------------------------------------------------------------------------------------

struct Key::Material {
    Material(Algorithm chosen, PkeyHandle handle, bool holds_private)
        : algorithm(chosen), pkey(std::move(handle)), is_private(holds_private) {}
    Material(Material&&) = default;
    ~Material() { OPENSSL_cleanse(secret.data(), secret.size()); }

    // Kty and the required members in lexicographic order (RFC 7638 §3.2).
    [[nodiscard]] std::string required_members() const;

    Algorithm algorithm;
    PkeyHandle pkey;
    bool is_private;
    std::string secret;
    std::string kid;
    std::string thumbprint;
};

std::string Key::Material::required_members() const {
    const auto encoded = [](std::string_view bytes) { return base::base64url_encode(bytes); };
    switch (algorithm) {
        case Algorithm::eddsa:
            return R"("crv":"Ed25519","kty":"OKP","x":")" + encoded(ed25519_public(pkey.get())) + '"';
        case Algorithm::es256:
            return R"("crv":"P-256","kty":"EC","x":")" +
                   encoded(bignum_parameter(pkey.get(), OSSL_PKEY_PARAM_EC_PUB_X, p256_bytes)) + R"(","y":")" +
                   encoded(bignum_parameter(pkey.get(), OSSL_PKEY_PARAM_EC_PUB_Y, p256_bytes)) + '"';
        case Algorithm::rs256:
            return R"("e":")" + encoded(bignum_parameter(pkey.get(), OSSL_PKEY_PARAM_RSA_E)) +
                   R"(","kty":"RSA","n":")" + encoded(bignum_parameter(pkey.get(), OSSL_PKEY_PARAM_RSA_N)) + '"';
        case Algorithm::hs256: return R"("k":")" + encoded(secret) + R"(","kty":"oct")";
    }
    std::unreachable();
}

std::expected<Key, KeyFault> Key::finish(Material material, std::string_view kid) {
    if (kid.size() > max_kid_bytes || !base::is_utf8(kid)) return std::unexpected(KeyFault::malformed);
    material.thumbprint = base::base64url_encode(base::as_chars(base::sha256('{' + material.required_members() + '}')));
    material.kid = kid.empty() ? material.thumbprint : std::string(kid);
    return Key(std::make_shared<const Material>(std::move(material)));
}

namespace {

std::expected<Algorithm, KeyFault> algorithm_of(EVP_PKEY* key, bool is_private) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) return Algorithm::eddsa;
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        if (!is_p256(key)) return std::unexpected(KeyFault::unsupported);
        // Catches a point off the curve (RFC 8725 §2.5, §3.4), and halves that do not belong together.
        const bool valid = is_public_key_valid(key) && (!is_private || is_pair_valid(key));
        if (!valid) return std::unexpected(KeyFault::mismatched);
        return Algorithm::es256;
    }
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        if (is_private) return std::unexpected(KeyFault::rsa_private_key);
        const int bits = EVP_PKEY_get_bits(key);
        if (bits < min_rsa_bits || bits > max_rsa_bits) return std::unexpected(KeyFault::too_weak);
        if (!is_public_key_valid(key)) return std::unexpected(KeyFault::mismatched);
        return Algorithm::rs256;
    }
    return std::unexpected(KeyFault::unsupported);
}

// Base64url of exactly `size` bytes.
std::optional<std::string> fixed_bytes(const simdjson::dom::object& jwk, std::string_view name, std::size_t size) {
    const auto text = string_member(jwk, name);
    if (!text) return std::nullopt;
    auto bytes = base::base64url_decode(*text);
    if (!bytes || bytes->size() != size) return std::nullopt;
    return bytes;
}

struct ImportedKey {
    PkeyHandle pkey;
    bool is_private = false;
};

std::expected<ImportedKey, KeyFault> import_okp(const simdjson::dom::object& jwk) {
    if (string_member(jwk, "crv") != "Ed25519") return std::unexpected(KeyFault::unsupported);
    const auto x = fixed_bytes(jwk, "x", ed25519_bytes);
    if (!x) return std::unexpected(KeyFault::malformed);
    if (!member(jwk, "d")) {
        PkeyHandle key(
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(std::string_view(*x)), x->size()));
        if (!key) return std::unexpected(KeyFault::malformed);
        return ImportedKey{std::move(key), false};
    }
    const auto d = fixed_bytes(jwk, "d", ed25519_bytes);
    if (!d) return std::unexpected(KeyFault::malformed);
    PkeyHandle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(std::string_view(*d)), d->size()));
    if (!key) return std::unexpected(KeyFault::malformed);
    if (ed25519_public(key.get()) != *x) return std::unexpected(KeyFault::mismatched);
    return ImportedKey{std::move(key), true};
}

std::expected<ImportedKey, KeyFault> import_ec(const simdjson::dom::object& jwk) {
    if (string_member(jwk, "crv") != "P-256") return std::unexpected(KeyFault::unsupported);
    const auto x = fixed_bytes(jwk, "x", p256_bytes);
    const auto y = fixed_bytes(jwk, "y", p256_bytes);
    const bool is_private = member(jwk, "d").has_value();
    const auto d = is_private ? fixed_bytes(jwk, "d", p256_bytes) : std::optional<std::string>(std::string());
    if (!x || !y || !d) return std::unexpected(KeyFault::malformed);
    PkeyHandle key = ec_from_coordinates(*x, *y, *d);
    // The point is refused here already when it is off the curve.
    if (!key) return std::unexpected(KeyFault::mismatched);
    return ImportedKey{std::move(key), is_private};
}

std::expected<ImportedKey, KeyFault> import_rsa(const simdjson::dom::object& jwk) {
    if (member(jwk, "d")) return std::unexpected(KeyFault::rsa_private_key);
    const auto n_text = string_member(jwk, "n");
    const auto e_text = string_member(jwk, "e");
    if (!n_text || !e_text) return std::unexpected(KeyFault::malformed);
    const auto n = base::base64url_decode(*n_text);
    const auto e = base::base64url_decode(*e_text);
    if (!n || !e || e->empty()) return std::unexpected(KeyFault::malformed);
    if (n->size() > max_rsa_bits / 8 || e->size() > 8) return std::unexpected(KeyFault::too_weak);
    PkeyHandle key = rsa_from_numbers(*n, *e);
    if (!key) return std::unexpected(KeyFault::malformed);
    return ImportedKey{std::move(key), false};
}

// RFC 7517 §4.2, §4.3: what the owner says the key is for.
bool is_for_signatures(const simdjson::dom::object& jwk) {
    if (member(jwk, "use") && string_member(jwk, "use") != "sig") return false;
    const auto operations = member(jwk, "key_ops");
    if (!operations) return true;
    simdjson::dom::array names;
    if (operations->get(names) != simdjson::SUCCESS) return false;
    const bool is_private = member(jwk, "d").has_value();
    return std::ranges::any_of(names, [is_private](const simdjson::dom::element& item) {
        std::string_view name;
        return item.get(name) == simdjson::SUCCESS && (name == "verify" || (is_private && name == "sign"));
    });
}

std::expected<ImportedKey, KeyFault> import_asymmetric(const simdjson::dom::object& jwk) {
    const auto type = string_member(jwk, "kty");
    if (type == "OKP") return import_okp(jwk);
    if (type == "EC") return import_ec(jwk);
    if (type == "RSA") return import_rsa(jwk);
    return std::unexpected(type ? KeyFault::unsupported : KeyFault::malformed);
}

}  // namespace

std::expected<Key, KeyFault> Key::from_pem(std::string_view pem, std::string_view kid) {
    if (pem.size() > max_pem_bytes) return std::unexpected(KeyFault::malformed);
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    PkeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr));
    const bool is_private = key != nullptr;
    if (!is_private) {
        const BioHandle again(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        key.reset(PEM_read_bio_PUBKEY(again.get(), nullptr, refuse_passphrase, nullptr));
    }
    ERR_clear_error();
    if (!key) return std::unexpected(KeyFault::malformed);
    const auto algorithm = algorithm_of(key.get(), is_private);
    ERR_clear_error();
    if (!algorithm) return std::unexpected(algorithm.error());
    return finish(Material(*algorithm, std::move(key), is_private), kid);
}

std::expected<Key, KeyFault> Key::from_jwk(std::string_view json) {
    JsonObjectReader reader;
    const auto jwk = reader.read(json);
    if (!jwk) return std::unexpected(KeyFault::malformed);
    if (!is_for_signatures(*jwk)) return std::unexpected(KeyFault::unsupported);
    if (member(*jwk, "kid") && !string_member(*jwk, "kid")) return std::unexpected(KeyFault::malformed);
    const std::string_view kid = string_member(*jwk, "kid").value_or("");
    const auto named = string_member(*jwk, "alg");

    if (string_member(*jwk, "kty") == "oct") {
        const auto secret = base::base64url_decode(string_member(*jwk, "k").value_or(""));
        if (!secret) return std::unexpected(KeyFault::malformed);
        if (named && *named != "HS256") return std::unexpected(KeyFault::unsupported);
        return from_secret(*secret, kid);
    }
    auto imported = import_asymmetric(*jwk);
    if (!imported) return std::unexpected(imported.error());
    const auto algorithm = algorithm_of(imported->pkey.get(), imported->is_private);
    ERR_clear_error();
    if (!algorithm) return std::unexpected(algorithm.error());
    if (named && *named != to_string(*algorithm)) return std::unexpected(KeyFault::mismatched);
    return finish(Material(*algorithm, std::move(imported->pkey), imported->is_private), kid);
}

std::expected<Key, KeyFault> Key::from_secret(std::string_view secret, std::string_view kid) {
    if (secret.find("-----BEGIN") != std::string_view::npos) return std::unexpected(KeyFault::looks_like_pem);
    if (secret.size() < min_secret_bytes) return std::unexpected(KeyFault::too_weak);
    Material material(Algorithm::hs256, nullptr, true);
    material.secret = secret;
    return finish(std::move(material), kid);
}

Key Key::generate(Algorithm algorithm) {
    PkeyHandle key;
    if (algorithm == Algorithm::eddsa) key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (algorithm == Algorithm::es256) key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    if (!key) throw std::invalid_argument("only EdDSA and ES256 keys can be generated");
    return finish(Material(algorithm, std::move(key), true), {}).value();
}

Algorithm Key::algorithm() const { return material_->algorithm; }
const std::string& Key::kid() const { return material_->kid; }
bool Key::can_sign() const { return material_->is_private; }
const std::string& Key::thumbprint() const { return material_->thumbprint; }

std::optional<std::string> Key::public_jwk() const {
    if (is_symmetric()) return std::nullopt;
    std::string out = '{' + material_->required_members() + R"(,"kid":)";
    append_json_string(out, kid());
    out += R"(,"use":"sig","alg":")";
    out += to_string(algorithm());
    out += R"(","key_ops":["verify"]})";
    return out;
}

std::optional<std::string> Key::private_pem() const {
    if (is_symmetric() || !can_sign()) return std::nullopt;
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio ||
        PEM_write_bio_PKCS8PrivateKey(bio.get(), material_->pkey.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot write the key");
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

// ---- KeyOperations --------------------------------------------------------------------------------------------------

// Fetching an algorithm by name walks OpenSSL's stores and takes locks: done once here, not per token.
struct KeyOperations::Contexts {
    explicit Contexts(const Key::Material& material) {
        if (material.algorithm == Algorithm::hs256) {
            set_up_hmac(material.secret);
            return;
        }
        digest_context.reset(EVP_MD_CTX_new());
        if (material.algorithm == Algorithm::eddsa) return;
        sha256.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
        verify_context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, material.pkey.get(), nullptr));
        if (!sha256 || !verify_context || EVP_PKEY_verify_init(verify_context.get()) != 1 ||
            EVP_PKEY_CTX_set_signature_md(verify_context.get(), sha256.get()) != 1) {
            throw std::runtime_error("OpenSSL cannot set up a verification key");
        }
        if (material.algorithm == Algorithm::rs256) {
            EVP_PKEY_CTX_set_rsa_padding(verify_context.get(), RSA_PKCS1_PADDING);
        }
    }

    void set_up_hmac(std::string_view secret) {
        const MacHandle mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
        mac_context.reset(EVP_MAC_CTX_new(mac.get()));
        char digest[] = "SHA256";
        const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                    OSSL_PARAM_construct_end()};
        if (!mac_context || EVP_MAC_init(mac_context.get(), bytes_of(secret), secret.size(), parameters.data()) != 1) {
            throw std::runtime_error("OpenSSL cannot set up HMAC-SHA256");
        }
    }

    base::Digest256 hmac(std::string_view input) const {
        base::Digest256 out{};
        std::size_t size = 0;
        // A null key means: the same key again, from the start (EVP_MAC(3)).
        if (EVP_MAC_init(mac_context.get(), nullptr, 0, nullptr) != 1 ||
            EVP_MAC_update(mac_context.get(), bytes_of(input), input.size()) != 1 ||
            EVP_MAC_final(mac_context.get(), out.data(), &size, out.size()) != 1) {
            throw std::runtime_error("OpenSSL cannot compute HMAC-SHA256");
        }
        return out;
    }

    base::Digest256 digest(std::string_view input) const {
        base::Digest256 out{};
        unsigned int size = 0;
        if (EVP_DigestInit_ex2(digest_context.get(), sha256.get(), nullptr) != 1 ||
            EVP_DigestUpdate(digest_context.get(), input.data(), input.size()) != 1 ||
            EVP_DigestFinal_ex(digest_context.get(), out.data(), &size) != 1) {
            throw std::runtime_error("OpenSSL cannot compute SHA-256");
        }
        return out;
    }

    bool verify_digest(std::string_view input, std::string_view signature) const {
        const base::Digest256 hash = digest(input);
        return EVP_PKEY_verify(verify_context.get(), bytes_of(signature), signature.size(), hash.data(), hash.size()) ==
               1;
    }

    MacContextHandle mac_context;
    DigestHandle sha256;
    DigestContextHandle digest_context;
    PkeyContextHandle verify_context;
};

KeyOperations::KeyOperations(Key key) : key_(std::move(key)), contexts_(std::make_unique<Contexts>(*key_.material_)) {}
KeyOperations::~KeyOperations() = default;
KeyOperations::KeyOperations(KeyOperations&&) noexcept = default;
KeyOperations& KeyOperations::operator=(KeyOperations&&) noexcept = default;

std::string KeyOperations::sign(std::string_view input) {
    if (!key_.can_sign()) throw std::logic_error("this key only verifies");
    if (key_.is_symmetric()) return std::string(base::as_chars(contexts_->hmac(input)));
    EVP_MD_CTX* context = contexts_->digest_context.get();
    const EVP_MD* digest = contexts_->sha256.get();  // null for Ed25519, which hashes by itself
    EVP_MD_CTX_reset(context);
    std::string signature(128, '\0');
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context, nullptr, digest, nullptr, key_.material_->pkey.get()) != 1 ||
        EVP_DigestSign(context, bytes_of(signature), &size, bytes_of(input), input.size()) != 1) {
        ERR_clear_error();
        throw std::runtime_error("OpenSSL cannot sign");
    }
    EVP_MD_CTX_reset(context);
    signature.resize(size);
    return key_.algorithm() == Algorithm::es256 ? ecdsa_raw_from_der(signature) : signature;
}

bool KeyOperations::verify(std::string_view input, std::string_view signature) {
    bool valid = false;
    switch (key_.algorithm()) {
        case Algorithm::hs256: return base::constant_time_equal(base::as_chars(contexts_->hmac(input)), signature);
        case Algorithm::es256: {
            if (signature.size() != 2 * p256_bytes) return false;
            std::array<unsigned char, 72> der{};
            const std::size_t size = write_ecdsa_der(signature, der);
            valid = contexts_->verify_digest(input, base::as_chars({der.data(), size}));
            break;
        }
        case Algorithm::rs256: valid = contexts_->verify_digest(input, signature); break;
        case Algorithm::eddsa: {
            if (signature.size() != ed25519_signature_bytes) return false;
            EVP_MD_CTX* context = contexts_->digest_context.get();
            EVP_MD_CTX_reset(context);
            valid =
                EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key_.material_->pkey.get()) == 1 &&
                EVP_DigestVerify(context, bytes_of(signature), signature.size(), bytes_of(input), input.size()) == 1;
            break;
        }
    }
    // OpenSSL's error queue is per thread and would otherwise surface in somebody else's call.
    if (!valid) ERR_clear_error();
    return valid;
}

// ---- KeySet ---------------------------------------------------------------------------------------------------------

KeySet::KeySet(std::vector<KeySetEntry> entries) : entries_(std::move(entries)) {
    if (entries_.size() > max_keys) throw std::invalid_argument("a key set holds at most 32 keys");
    int current = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const KeySetEntry& entry = entries_[i];
        if (entry.state == KeyState::current) {
            ++current;
            if (!entry.key.can_sign())
                throw std::invalid_argument("the current key cannot sign: it has no private part");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (entries_[j].key.kid() == entry.key.kid())
                throw std::invalid_argument("two keys have the kid " + entry.key.kid());
        }
    }
    if (current > 1) throw std::invalid_argument("a key set has one current key");
}

std::expected<KeySet, KeyFault> KeySet::from_jwks(std::string_view json) {
    JsonObjectReader reader;
    const auto document = reader.read(json, max_keys * 20);
    if (!document) return std::unexpected(KeyFault::malformed);
    const auto keys = member(*document, "keys");
    simdjson::dom::array items;
    if (!keys || keys->get(items) != simdjson::SUCCESS || items.size() > max_keys)
        return std::unexpected(KeyFault::malformed);
    KeySet set;
    for (const auto item : items) {
        auto key = Key::from_jwk(simdjson::minify(item));
        if (!key) {
            if (key.error() == KeyFault::rsa_private_key) return std::unexpected(KeyFault::unsupported);
            continue;
        }
        // Whoever publishes a secret has lost it.
        if (key->can_sign()) return std::unexpected(KeyFault::unsupported);
        set.entries_.push_back({*std::move(key), KeyState::retired});
    }
    return set;
}

const Key* KeySet::signing_key() const {
    const auto found = std::ranges::find(entries_, KeyState::current, &KeySetEntry::state);
    return found == entries_.end() ? nullptr : &found->key;
}

std::expected<std::size_t, KeySelectionFault> KeySet::select(Algorithm algorithm,
                                                             std::optional<std::string_view> kid) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Key& key = entries_[i].key;
        if (key.algorithm() != algorithm || (kid && *kid != key.kid())) continue;
        if (found) return std::unexpected(KeySelectionFault::multiple_matching_keys);
        found = i;
    }
    if (!found) return std::unexpected(KeySelectionFault::no_matching_key);
    return *found;
}

std::string KeySet::public_jwks() const {
    std::string out = R"({"keys":[)";
    for (const KeySetEntry& entry : entries_) {
        const auto jwk = entry.key.public_jwk();
        if (!jwk) continue;
        if (out.back() == '}') out.push_back(',');
        out += *jwk;
    }
    return out += "]}";
}

}  // namespace auth
