#include "payments/flutterwave/webhook.h"

#include <optional>
#include <string>

#include "base/hash.h"
#include "base/strings.h"
#include "payments/flutterwave/objects.h"
#include "payments/reading.h"

namespace payments::flutterwave {

namespace {

constexpr std::string_view signature_header = "flutterwave-signature";

struct Event {
    std::string event;
    schema::Json data;

    friend constexpr auto describe(Event*) {
        using schema::field;
        return schema::object<Event>("FlutterwaveEvent", field<&Event::event>("event", {.defaulted = true}),
                                     field<&Event::data>("data", {.defaulted = true}));
    }
};

std::string signature_of(std::string_view secret, std::string_view bytes) {
    return base::base64_encode(base::as_chars(base::hmac_sha256(secret, bytes)));
}

// Which of the secrets the sender knows: all are looked at, whichever it is.
const std::string* secret_of(const Credentials& credentials, std::string_view bytes, const http::Headers& headers) {
    const std::string hash(headers.get("verif-hash").value_or(""));
    const std::string signature(headers.get(signature_header).value_or(""));
    const std::string* known = nullptr;
    for (const auto& secret : credentials.secret_hashes) {
        if (secret.empty()) continue;
        const bool is_hash = base::constant_time_equal(hash, secret);
        const bool is_signature = base::constant_time_equal(signature, signature_of(secret, bytes));
        if (is_hash || is_signature) known = &secret;
    }
    return known;
}

std::optional<Claim> claim_of(const Event& event, std::string_view bytes) {
    const auto transaction = read<Transaction>(event.data.text);
    if (!transaction) return std::nullopt;
    const auto attempt = base::Uuid::from_string(transaction->tx_ref);
    if (!attempt) return std::nullopt;
    const auto status = code(transaction->status);
    // Not the id of the transaction: what a stranger names must not be what is asked by.
    return Claim{.dedupe_key = base::hex_encode(base::as_chars(base::sha256(bytes))),
                 .attempt = attempt,
                 .evidence = {.source = Source::callback,
                              .finding = Finding::processing,
                              .code = status.empty() ? "event" : "event_" + status},
                 .is_hint = true};
}

}  // namespace

std::expected<VerifiedCallback, CallbackRefusal> verify_event(const Credentials& credentials, std::string_view bytes,
                                                              const http::Headers& headers) {
    if (credentials.secret_hashes.empty())
        return std::unexpected(CallbackRefusal{.status = 401, .detail = "the account has no secret hash"});
    const auto* secret = secret_of(credentials, bytes, headers);
    if (secret == nullptr)
        return std::unexpected(CallbackRefusal{.status = 401, .detail = "no secret hash of the account was sent"});
    auto verified = read_event(bytes);
    verified.kept = http::Headers();
    verified.kept->set(signature_header, signature_of(*secret, bytes));
    return verified;
}

VerifiedCallback read_event(std::string_view bytes) {
    VerifiedCallback verified{.claims = {}, .reply = R"({"received":true})"};
    const auto event = read<Event>(bytes);
    if (!event) return verified;
    if (auto claim = claim_of(*event, bytes)) verified.claims.push_back(*std::move(claim));
    return verified;
}

}  // namespace payments::flutterwave
