#include "http/tls.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/tls_state.h"

namespace http {

namespace {

using Certificate = std::unique_ptr<X509, decltype([](X509* one) { X509_free(one); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* one) { EVP_PKEY_free(one); })>;
using Memory = std::unique_ptr<BIO, decltype([](BIO* one) { BIO_free(one); })>;

constexpr auto ticket_key_life = std::chrono::hours(1);
constexpr long ticket_life_seconds = 2 * 3600;

// Mozilla's "intermediate" without DHE: forward secrecy and an AEAD, whatever the client prefers.
constexpr auto* ciphers_of_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr auto* groups = "X25519:P-256:P-384";
constexpr std::string_view http_1_1 = "http/1.1";

std::string openssl_reason() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    const auto* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown" : reason;
}

[[noreturn]] void refuse_pair(TlsFault::Of of, const std::string& why) {
    ERR_clear_error();
    throw TlsFault(of, why);
}

std::string read_file(TlsFault::Of of, const std::string& name) {
    auto text = base::read_file(name, most_tls_file_bytes);
    if (!text) refuse_pair(of, fmt::format("{} {}", name, text.error()));
    return *std::move(text);
}

std::string bytes_of(const base::Digest256& digest) { return {digest.begin(), digest.end()}; }

struct Pem {
    std::string certificate;
    std::string key;

    [[nodiscard]] std::string digest() const {
        return bytes_of(base::sha256(certificate)) + bytes_of(base::sha256(key));
    }
};

Memory memory_of(const std::string& text) {
    return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

base::Timestamp time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        refuse_pair(TlsFault::Of::certificate, "the certificate's dates cannot be read");
    return base::Timestamp(std::chrono::seconds(timegm(&parts)));
}

std::string subject_of(X509* certificate) {
    std::array<char, 256> text{};
    X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), text.size());
    return text.data();
}

int no_passphrase(char*, int, int, void*) { return -1; }

// All of them, in order: a text that ends within one is refused, as it is half of a file.
std::vector<Certificate> certificates_in(const std::string& pem, const std::string& file) {
    std::vector<Certificate> found;
    const auto memory = memory_of(pem);
    ERR_clear_error();
    while (auto* const one = PEM_read_bio_X509(memory.get(), nullptr, no_passphrase, nullptr)) found.emplace_back(one);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    const bool is_whole = base::trim(pem).ends_with("-----END CERTIFICATE-----");
    if (found.empty() || !at_end || !is_whole)
        refuse_pair(TlsFault::Of::certificate, fmt::format("{} is no whole PEM file of certificates", file));
    return found;
}

// ALPN (RFC 7301 §3.2): a client that names protocols, none of which is ours, is told so.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int size, void*) {
    for (unsigned int at = 0; at < size; at += 1U + offered[at]) {
        const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
        if (name != http_1_1) continue;
        *out = offered + at + 1;
        *out_size = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

// ---- Tickets ------------------------------------------------------------------------------------------------------------

// The present key encrypts, the one before still decrypts. In memory alone: who steals a disk, or the program's secrets, cannot read
// what was recorded before.
class TicketKeys {
public:
    struct Key {
        std::array<unsigned char, 16> name{};
        std::array<unsigned char, 32> cipher{};
        std::array<unsigned char, 32> mac{};
    };
    enum class Found : std::uint8_t { none, present, before };

    Key present() {
        const std::scoped_lock lock(mutex_);
        rotate();
        return keys_[0];
    }
    Found find(const unsigned char* name, Key& key) {
        const std::scoped_lock lock(mutex_);
        rotate();
        for (std::size_t i = 0; i < count_; ++i) {
            if (CRYPTO_memcmp(keys_[i].name.data(), name, keys_[i].name.size()) != 0) continue;
            key = keys_[i];
            return i == 0 ? Found::present : Found::before;
        }
        return Found::none;
    }

private:
    void rotate() {
        const auto now = std::chrono::steady_clock::now();
        if (count_ > 0 && now < until_) return;
        // Nobody asked for two lives of a key: the one before is too old as well.
        const bool is_long_ago = count_ > 0 && now >= until_ + ticket_key_life;
        keys_[1] = keys_[0];
        Key fresh;
        RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size()));
        RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size()));
        RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size()));
        keys_[0] = fresh;
        count_ = count_ == 0 || is_long_ago ? 1 : 2;
        until_ = now + ticket_key_life;
    }

    std::mutex mutex_;
    std::array<Key, 2> keys_{};
    std::size_t count_ = 0;
    std::chrono::steady_clock::time_point until_{};
};

namespace {

bool set_mac_key(EVP_MAC_CTX* mac, std::array<unsigned char, 32>& key) {
    std::array<char, 7> digest{"sha256"};
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 goes on, 0 does without a ticket, 2 accepts and renews, -1 is an error.
int use_ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int encrypts) {
    auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    TicketKeys::Key key;
    if (encrypts == 1) {
        key = keys.present();
        std::memcpy(name, key.name.data(), key.name.size());
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
        const bool is_set = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
                            set_mac_key(mac, key.mac);
        return is_set ? 1 : -1;
    }
    const auto found = keys.find(name, key);
    if (found == TicketKeys::Found::none) return 0;
    const bool is_set =
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 && set_mac_key(mac, key.mac);
    if (!is_set) return -1;
    return found == TicketKeys::Found::present ? 1 : 2;
}

TlsContext make_context(TicketKeys& tickets) {
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    if (!context) throw std::bad_alloc();
    auto* const of = context.get();
    SSL_CTX_set_min_proto_version(of, TLS1_2_VERSION);
    SSL_CTX_set_options(of, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(of,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_security_level(of, 2);  // RSA from 2,048 bits on, no SHA-1
    SSL_CTX_set_read_ahead(of, 1);
    SSL_CTX_set_session_cache_mode(of, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(of, ticket_life_seconds);
    SSL_CTX_set_num_tickets(of, 2);
    SSL_CTX_set_app_data(of, &tickets);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(of, use_ticket_key);
    SSL_CTX_set_alpn_select_cb(of, select_protocol, nullptr);
    if (SSL_CTX_set_cipher_list(of, ciphers_of_1_2) != 1 || SSL_CTX_set1_groups_list(of, groups) != 1)
        throw std::runtime_error("TLS: this OpenSSL has none of the ciphers");
    return context;
}

ServedPair load(const Pem& pem, const TlsFiles& files, TicketKeys& tickets) {
    auto certificates = certificates_in(pem.certificate, files.certificate_file);
    const Key key(PEM_read_bio_PrivateKey(memory_of(pem.key).get(), nullptr, no_passphrase, nullptr));
    if (!key)
        refuse_pair(TlsFault::Of::key,
                    fmt::format("{} is no whole PEM file of a key without a passphrase", files.key_file));
    auto* const own = certificates.front().get();
    if (X509_check_private_key(own, key.get()) != 1)
        refuse_pair(TlsFault::Of::both, fmt::format("the key in {} is not that of the certificate in {}",
                                                    files.key_file, files.certificate_file));
    ServedPair pair{make_context(tickets), time_of(X509_get0_notBefore(own)), time_of(X509_get0_notAfter(own)),
                    subject_of(own)};
    auto* const context = pair.context.get();
    ERR_clear_error();
    if (SSL_CTX_use_certificate(context, own) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        refuse_pair(TlsFault::Of::certificate, fmt::format("the certificate in {} cannot be served: {}",
                                                           files.certificate_file, openssl_reason()));
    for (std::size_t i = 1; i < certificates.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1)
            refuse_pair(TlsFault::Of::certificate, fmt::format("certificate {} in {} cannot be served: {}", i + 1,
                                                               files.certificate_file, openssl_reason()));
    }
    return pair;
}

Pem read_pair(const TlsFiles& files) {
    return {read_file(TlsFault::Of::certificate, files.certificate_file), read_file(TlsFault::Of::key, files.key_file)};
}

bool is_valid_at(const ServedPair& pair, base::Timestamp now) {
    return pair.not_before <= now && now <= pair.not_after;
}

}  // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

// ---- The pair that is served ----------------------------------------------------------------------------------------------

Tls::State::State(TlsFiles of, const base::Clock& with, logging::Logger to, observe::Metrics& metrics)
    : files(std::move(of)), clock(with), logger(std::move(to)), tickets(std::make_unique<TicketKeys>()) {
    const auto handshake = [&metrics](std::string outcome) {
        return metrics.counter("tls_handshakes_total", "TLS handshakes, by what became of them.",
                               {{"outcome", std::move(outcome)}});
    };
    handshakes = {handshake("done"), handshake("resumed"), handshake("failed"), handshake("timed_out")};
    reload_failed = metrics.gauge("tls_reload_failed", "1: the certificate's files have a pair that cannot be served.");
    const auto pem = read_pair(files);
    served = load(pem, files, *tickets);
    served_bytes = seen_bytes = pem.digest();
    registration = metrics.collect([this](observe::Samples& samples) {
        const std::scoped_lock lock(mutex);
        const auto seconds = std::chrono::floor<std::chrono::seconds>(served.not_after).time_since_epoch().count();
        samples.gauge("tls_certificate_not_after_seconds", "When the certificate that is served ends, since 1970.",
                      static_cast<double>(seconds));
    });
}

Tls::State::~State() = default;

ssl_st* Tls::State::new_session() const {
    const std::scoped_lock lock(mutex);
    return SSL_new(served.context.get());
}

Tls::Tls(TlsFiles files, const base::Clock& clock, logging::Logger logger, observe::Metrics& metrics)
    : state_(std::make_unique<State>(std::move(files), clock, std::move(logger), metrics)) {
    if (!is_valid_at(state_->served, clock.now()))
        state_->logger.error(
            "the TLS certificate is not valid now; clients will refuse it",
            {{"subject", state_->served.subject}, {"notAfter", base::format_timestamp(state_->served.not_after)}});
}

Tls::~Tls() = default;

base::Timestamp Tls::not_after() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->served.not_after;
}

namespace {

void keep_serving(Tls::State& state, std::string digest, std::string_view why) {
    state.reload_failed.set(1);
    if (state.refused_bytes == digest) return;
    state.refused_bytes = std::move(digest);
    state.logger.error("the new TLS certificate is not served; the one before goes on",
                       {{"reason", why}, {"notAfter", base::format_timestamp(state.served.not_after)}});
}

// With the lock held.
bool take(Tls::State& state, const Pem& pem, std::string digest) {
    std::optional<ServedPair> pair;
    std::string why;
    try {
        pair = load(pem, state.files, *state.tickets);
        const auto now = state.clock.now();
        if (is_valid_at(state.served, now) && !is_valid_at(*pair, now)) why = "it is not valid now";
    } catch (const std::runtime_error& error) {
        why = error.what();
    }
    if (!why.empty()) {
        keep_serving(state, std::move(digest), why);
        return false;
    }
    state.served = *std::move(pair);
    state.served_bytes = std::move(digest);
    state.refused_bytes.clear();
    state.reload_failed.set(0);
    state.logger.info(
        "a new TLS certificate is served",
        {{"subject", state.served.subject}, {"notAfter", base::format_timestamp(state.served.not_after)}});
    return true;
}

}  // namespace

bool Tls::look() {
    auto& state = *state_;
    Pem pem;
    std::string digest;
    std::string why;
    try {
        pem = read_pair(state.files);
        digest = pem.digest();
    } catch (const std::runtime_error& error) {
        why = error.what();
        digest = why;
    }
    const std::scoped_lock lock(state.mutex);
    const bool is_settled = std::exchange(state.seen_bytes, digest) == digest;
    if (!is_settled) return false;
    if (digest == state.served_bytes) {
        state.refused_bytes.clear();
        state.reload_failed.set(0);
        return false;
    }
    if (!why.empty()) {
        keep_serving(state, std::move(digest), why);
        return false;
    }
    if (digest == state.refused_bytes) return false;
    return take(state, pem, std::move(digest));
}

}  // namespace http
