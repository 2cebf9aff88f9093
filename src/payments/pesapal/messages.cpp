#include "payments/pesapal/messages.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace payments::pesapal {

namespace {

constexpr std::size_t longest_description = 100;
constexpr std::size_t longest_receipt = 100;
constexpr std::size_t longest_id = 64;

Evidence said(Finding finding, std::string code, std::string text = {}) {
    return {.source = Source::query, .finding = finding, .code = std::move(code), .text = std::move(text)};
}

// Its number, its word, or both, and then the same.
std::string state_of(const Status& status) {
    struct Known {
        std::string_view number;
        std::string_view word;
    };
    constexpr Known all[]{{"0", "INVALID"}, {"1", "COMPLETED"}, {"2", "FAILED"}, {"3", "REVERSED"}};
    const auto number = scalar(status.code);
    const auto word = scalar(status.description);
    for (const auto& one : all) {
        const bool fits_number = number.empty() || number == one.number;
        const bool fits_word = word.empty() || base::iequals(word, one.word);
        if (fits_number && fits_word && !(number.empty() && word.empty())) return std::string(one.word);
    }
    return {};
}

Evidence paid(const Status& status) {
    auto evidence = said(Finding::paid, "COMPLETED");
    evidence.currency = scalar(status.currency);
    evidence.amount = from_major(status.amount, evidence.currency);
    evidence.receipt = scalar(status.receipt);
    const bool is_whole = base::find_currency(evidence.currency) && evidence.amount && evidence.amount->minor > 0 &&
                          !evidence.receipt.empty() && evidence.receipt.size() <= longest_receipt;
    return is_whole ? evidence : said(Finding::lost, "unreadable");
}

// Money that came and went back before anybody heard of it came to nothing.
Evidence reversed(const AttemptRef& attempt) {
    if (attempt.receipt.empty()) return said(Finding::declined, "REVERSED");
    auto evidence = said(Finding::refunded, "REVERSED");
    evidence.amount = attempt.amount;
    return evidence;
}

}  // namespace

bool is_id(std::string_view text) {
    const auto is_usual = [](char c) {
        const char small = base::ascii_lower(c);
        return (small >= 'a' && small <= 'z') || base::is_ascii_digit(c) || c == '-';
    };
    return !text.empty() && text.size() <= longest_id && std::ranges::all_of(text, is_usual);
}

Order order_of(const StartRequest& request, std::string ipn_id) {
    auto description = cut(request.description.empty() ? request.reference : request.description, longest_description);
    if (description.empty()) description = "Payment";
    return {.id = request.id.to_string(),
            .currency = request.currency,
            .amount = {to_major(request.amount, request.currency)},
            .description = std::move(description),
            .callback_url = request.return_url,
            .cancellation_url = request.return_url,
            .notification_id = std::move(ipn_id),
            .billing_address = {.phone = request.phone}};
}

Evidence evidence_of(const Status& status, const AttemptRef& attempt) {
    const auto named = base::Uuid::from_string(scalar(status.reference));
    if (named && *named != attempt.id) return said(Finding::lost, "other_attempt");
    const auto state = state_of(status);
    auto text = words(scalar(status.text));
    if (state == "INVALID") return said(Finding::processing, state, std::move(text));
    // Whatever ends it, or pays it, says whose it is.
    if (!named || state.empty()) return said(Finding::lost, "unreadable");
    if (state == "COMPLETED") return paid(status);
    if (state == "FAILED") return said(Finding::declined, state, std::move(text));
    return reversed(attempt);
}

}  // namespace payments::pesapal
