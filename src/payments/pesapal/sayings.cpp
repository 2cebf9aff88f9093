// What Pesapal's codes mean to whoever stands at the counter, in English and Swahili. What they have in common with others':
// payments/common_sayings.h.

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "payments/common_sayings.h"
#include "payments/pesapal/pesapal.h"

namespace payments {

namespace {

struct Row {
    std::string_view code;
    std::string_view en;
    std::string_view sw;
    bool may_try_again;
};

constexpr auto rows = std::to_array<Row>({
    {"FAILED", "The payment did not go through. Try again, or take another way to pay.",
     "Malipo hayakufanikiwa. Jaribu tena, au tumia njia nyingine ya kulipa.", true},
    {"order_cancelled", "The payment was called off.", "Malipo yamesitishwa.", true},
    {"never_shown", "The payer was not shown the page to pay on. No money moved. Start again.",
     "Mlipaji hakuonyeshwa ukurasa wa kulipa. Hakuna pesa iliyotoka. Anza tena.", true},
    {"return_url_missing", "The app has to say where the payer comes back to (returnUrl).",
     "Programu haijasema mlipaji arudi wapi (returnUrl).", false},
});

// Words of ours for what others call otherwise.
std::string_view common_code(std::string_view code) {
    constexpr auto same = std::to_array<std::array<std::string_view, 2>>({
        {"INVALID", "pending"},
        {"payment_details_not_found", "pending"},
        {"200", "pending"},
        {"no_tracking_id", "unreadable"},
        {"credentials_invalid", "credentials"},
        {"invalid_consumer_key_or_secret_provided", "credentials"},
        {"invalid_api_credentials_provided", "credentials"},
        {"http_401", "credentials"},
        {"http_403", "connect"},
        {"http_429", "rate_limit"},
        {"status_429", "rate_limit"},
    });
    const auto* const found = std::ranges::find(same, code, [](const auto& one) { return one[0]; });
    return found == same.end() ? code : (*found)[1];
}

}  // namespace

Saying Pesapal::saying(std::string_view code, std::string_view language) const {
    constexpr std::string_view no_token = "no_token:";
    const bool is_unsent = code.starts_with(no_token);
    if (is_unsent) code.remove_prefix(no_token.size());
    const auto* const row = std::ranges::find(rows, code, &Row::code);
    if (row != rows.end())
        return {.text = std::string(language.starts_with("sw") ? row->sw : row->en),
                .may_try_again = row->may_try_again};
    auto common = base::ascii_lower(common_code(code));
    // Without a token nothing was sent, whatever became of asking for one.
    if (is_unsent && common != "credentials") common = "connect";
    return common_saying(common, language, "Pesapal");
}

}  // namespace payments
