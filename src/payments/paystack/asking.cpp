#include "payments/paystack/asking.h"

#include <optional>
#include <utility>
#include <vector>

#include "payments/paystack/amount.h"
#include "payments/paystack/objects.h"
#include "payments/reading.h"

namespace payments::paystack {

namespace {

using Kind = ApiAnswer::Kind;

// Of a prompt that nobody answers: far beyond the three minutes that Paystack waits.
constexpr std::chrono::minutes prompt_is_over{15};
constexpr std::chrono::minutes grace{15};
constexpr std::chrono::hours is_found_within{24};
constexpr std::size_t most_pages = 10;
constexpr std::size_t on_a_page = 100;
constexpr std::chrono::hours refund_is_listed_within{1};

// What nobody knows the start of may have been a page.
bool is_prompt(const AttemptRef& attempt) { return !attempt.provider_id.empty() && attempt.second_id != "page"; }

Evidence judged(const AttemptRef& attempt, const Transaction& transaction, base::Timestamp now) {
    auto evidence = evidence_of(transaction, Source::query);
    const auto age = now - attempt.created_at;
    const bool is_over = age > (is_prompt(attempt) ? prompt_is_over : page_lives + grace);
    const bool has_failed = evidence.finding == Finding::declined || evidence.finding == Finding::cancelled ||
                            evidence.finding == Finding::timed_out;
    if (has_failed && !is_prompt(attempt) && !is_over) evidence.finding = Finding::processing;
    if (evidence.code == "abandoned" && is_over) {
        evidence.finding = Finding::timed_out;
        evidence.code = is_prompt(attempt) ? "payer_timeout" : "page_expired";
    }
    // It came, and has gone back: of an attempt that is known to be paid all of it, and of another one there is no money.
    if (evidence.code == "reversed") evidence.finding = attempt.receipt.empty() ? Finding::declined : Finding::refunded;
    return evidence;
}

struct Looked {
    std::optional<Refunded> found{};
    bool could_tell = true;  // nothing that could be it was left out
};

bool is_of(const Refund& refund, const AttemptRef& attempt) {
    // A number, or the object.
    const auto whole = payments::read<Transaction>(refund.transaction.text).value_or(Transaction{});
    const auto number = scalar(refund.transaction);
    const auto reference = attempt.id.to_string();
    return refund.transaction_reference == reference || whole.reference == reference ||
           (!attempt.receipt.empty() && (number.empty() ? scalar(whole.id) : number) == attempt.receipt);
}

Looked look_among(const std::vector<schema::Json>& list, const AttemptRef& attempt, const std::string& refund) {
    Looked looked;
    for (const auto& one : list) {
        const auto read = payments::read<Refund>(one.text);
        if (!read) return {.could_tell = false};
        if (read->merchant_note && read->merchant_note->starts_with(refund)) return {.found = refunded_of(*read)};
        // Of this payment, and it does not say which of our refunds it is.
        if (is_of(*read, attempt) && !read->merchant_note) looked.could_tell = false;
    }
    return looked;
}

// Our own name begins the merchant's note.
std::optional<base::Uuid> named_in(const Refund& refund) {
    constexpr std::size_t length = 36;
    return refund.merchant_note ? base::Uuid::from_string(refund.merchant_note->substr(0, length)) : std::nullopt;
}

// nullopt: it is not known what it says.
std::optional<Claim::RefundNews> news_of(const Refund& refund) {
    const auto amount = from_subunits(refund.amount, refund.currency);
    Claim::RefundNews news{
        .id = named_in(refund), .refunded = refunded_of(refund), .may_be_ours = !refund.merchant_note};
    if (!amount || news.refunded.provider_id.empty() || news.refunded.outcome == Refunded::Outcome::unknown)
        return std::nullopt;
    news.amount = *amount;
    return news;
}

void take_those_of(const std::vector<schema::Json>& list, const AttemptRef& attempt, Provider::RefundList* all) {
    for (const auto& one : list) {
        const auto refund = payments::read<Refund>(one.text);
        if (refund && !is_of(*refund, attempt)) continue;
        auto news = refund ? news_of(*refund) : std::nullopt;
        if (news) all->refunds.push_back(*std::move(news));
        all->whole = all->whole && news;
    }
}

}  // namespace

async::Task<Evidence> ask(BearerApi* api, const AttemptRef* attempt, base::Timestamp now) {
    const auto reference = attempt->id.to_string();
    const auto answer = co_await api->get("/transaction/verify/" + reference);
    if (answer.kind == Kind::refused && answer.code == "not_found") {
        if (now - attempt->created_at < is_found_within) co_return no_answer("not_found_yet");
        co_return Evidence{.source = Source::query,
                           .finding = Finding::declined,
                           .code = "not_found",
                           .text = "Paystack knows of no payment"};
    }
    if (answer.kind != Kind::done) co_return no_answer(answer);
    const auto transaction = read<Transaction>(answer.data.text);
    if (!transaction) co_return no_answer("unreadable");
    if (transaction->reference != reference) co_return no_answer("other_attempt");
    co_return judged(*attempt, *transaction, now);
}

async::Task<Refunded> ask_refund(BearerApi* api, const RefundRequest* refund, base::Timestamp now) {
    const auto made = refund->created_at;
    const auto id = refund->id.to_string();
    bool could_tell = true;
    for (std::size_t page = 1; page <= most_pages; ++page) {
        const auto answer = co_await api->get("/refund", {{"from", base::format_timestamp(made - std::chrono::days(1))},
                                                          {"perPage", std::to_string(on_a_page)},
                                                          {"page", std::to_string(page)}});
        const auto list = answer.kind == Kind::done ? read<std::vector<schema::Json>>(answer.data.text) : std::nullopt;
        if (!list) co_return Refunded{.code = answer.code, .text = answer.text};
        const auto looked = look_among(*list, refund->attempt, id);
        if (looked.found) co_return *looked.found;
        could_tell = could_tell && looked.could_tell;
        if (list->size() >= on_a_page) continue;
        if (!could_tell || now - made < refund_is_listed_within) break;
        co_return Refunded{
            .outcome = Refunded::Outcome::refused, .code = "not_found", .text = "Paystack never took this refund"};
    }
    co_return Refunded{.code = "not_found_yet"};
}

async::Task<Provider::RefundList> list_refunds(BearerApi* api, const AttemptRef* attempt) {
    Provider::RefundList all{.refunds = {}, .whole = true, .is_offered = true};
    const auto since = base::format_timestamp(attempt->created_at - std::chrono::days(1));
    for (std::size_t page = 1; page <= most_pages; ++page) {
        client::FormFields asked{
            {"from", since}, {"perPage", std::to_string(on_a_page)}, {"page", std::to_string(page)}};
        if (!attempt->receipt.empty()) asked.emplace_back("transaction", attempt->receipt);
        const auto answer = co_await api->get("/refund", std::move(asked));
        const auto list = answer.kind == Kind::done ? read<std::vector<schema::Json>>(answer.data.text) : std::nullopt;
        if (!list) break;
        take_those_of(*list, *attempt, &all);
        if (list->size() < on_a_page) co_return all;
    }
    all.whole = false;
    co_return all;
}

}  // namespace payments::paystack
