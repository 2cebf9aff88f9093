// Events of Flutterwave as a stranger, or a Flutterwave that has changed, sends them. The first line is the verif-hash header, the rest the
// body. As it came it is never believed; with the secret it names an attempt at most, proves nothing, and the secret is not kept.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "payments/flutterwave/webhook.h"
#include "payments/state.h"

namespace {

constexpr std::string_view secret = "c7a1f0b6d3e24958c7a1f0b6";

void require(bool condition) {
    if (!condition) std::abort();
}

http::Headers with(std::string_view hash) {
    http::Headers headers;
    headers.set("verif-hash", hash);
    return headers;
}

void check(const payments::Claim& claim) {
    const auto& evidence = claim.evidence;
    require(claim.attempt.has_value() && claim.dedupe_key.size() == 64);
    require(evidence.source == payments::Source::callback && evidence.finding == payments::Finding::processing);
    require(!payments::is_proof(evidence) && !evidence.amount && evidence.receipt.empty());
    require(evidence.provider_id.empty() && evidence.second_id.empty() && evidence.code.size() <= 80);
    require(!claim.refund && !claim.received);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const payments::flutterwave::Credentials credentials{
        .secret_key = "FLWSECK_TEST-fuzz", .secret_hashes = {"changed-secret-hash", std::string(secret)}, .email = ""};
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(input.find('\n'), input.size());
    const auto body = input.substr(std::min(line + 1, input.size()));
    const auto hash = input.substr(0, line);
    const auto is_header = [](char c) { return c >= ' ' && c <= '~'; };
    if (std::ranges::all_of(hash, is_header))
        require(!payments::flutterwave::verify_event(credentials, body, with(hash)));

    const auto verified = payments::flutterwave::verify_event(credentials, body, with(secret));
    require(verified.has_value() && verified->kept && verified->claims.size() <= 1);
    for (const auto& [name, value] : *verified->kept) require(value.find(secret) == std::string_view::npos);
    for (const auto& claim : verified->claims) check(claim);
    // What is kept proves the same.
    const auto again = payments::flutterwave::verify_event(credentials, body, *verified->kept);
    require(again && again->claims.size() == verified->claims.size());
    return 0;
}
