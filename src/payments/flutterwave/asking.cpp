#include "payments/flutterwave/asking.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "payments/flutterwave/charges.h"
#include "payments/flutterwave/objects.h"
#include "payments/reading.h"

namespace payments::flutterwave {

namespace {

using Kind = ApiAnswer::Kind;

// Behind the end of a page, for clocks and for what is still on its way.
constexpr std::chrono::minutes grace{15};
// What is not found so long after its start was never taken.
constexpr std::chrono::hours is_found_within{24};
constexpr int most_pages = 10;
constexpr std::chrono::hours refund_is_listed_within{1};

std::string day_of(base::Timestamp time) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
}

bool is_missing(const ApiAnswer& answer) { return answer.kind == Kind::refused && answer.code == "not_found"; }

std::optional<std::vector<schema::Json>> list_of(const schema::Json& data) {
    return read<std::vector<schema::Json>>(data.text);
}

// By the id of a transaction, whose reference must be ours.
async::Task<Evidence> by_id(BearerApi* api, const AttemptRef* attempt, std::string id) {
    const auto answer = co_await api->get("/v3/transactions/" + id + "/verify");
    if (answer.kind != Kind::done) co_return no_answer(answer);
    const auto transaction = read<Transaction>(answer.data.text);
    if (!transaction || id_of(*transaction) != id) co_return no_answer("unreadable");
    if (transaction->tx_ref != attempt->id.to_string()) co_return no_answer("other_attempt");
    co_return evidence_of(*transaction);
}

// A success among the transactions of this reference: "" is none, nullopt that nobody could say.
async::Task<std::optional<std::string>> succeeded(BearerApi* api, const AttemptRef* attempt) {
    const auto reference = attempt->id.to_string();
    const auto answer = co_await api->get("/v3/transactions", {{"tx_ref", reference}, {"status", "successful"}});
    if (answer.kind != Kind::done && !is_missing(answer)) co_return std::nullopt;
    if (answer.kind != Kind::done) co_return "";
    const auto list = list_of(answer.data);
    if (!list) co_return std::nullopt;
    for (const auto& one : *list) {
        const auto transaction = read<Transaction>(one.text);
        if (!transaction) co_return std::nullopt;
        if (transaction->tx_ref == reference && transaction->status == "successful") co_return id_of(*transaction);
    }
    co_return "";
}

async::Task<Evidence> after_failure(BearerApi* api, const AttemptRef* attempt, Evidence failed, std::string id,
                                    base::Timestamp now) {
    // A prompt is one transaction.
    if (!id.empty() && id == attempt->provider_id) {
        failed.provider_id = std::move(id);
        co_return failed;
    }
    const auto paid = co_await succeeded(api, attempt);
    if (paid && !paid->empty()) co_return co_await by_id(api, attempt, *paid);
    const bool is_over = now - attempt->created_at > page_lives + grace;
    if (!paid || !is_over) failed.finding = Finding::processing;
    co_return failed;
}

// ---- Refunds ----------------------------------------------------------------------------------------------------

struct PageInfo {
    std::int64_t total_pages = 0;

    friend constexpr auto describe(PageInfo*) {
        return schema::object<PageInfo>("FlutterwavePageInfo",
                                        schema::field<&PageInfo::total_pages>("total_pages", {.defaulted = true}));
    }
};
struct ListMeta {
    PageInfo page_info;

    friend constexpr auto describe(ListMeta*) {
        return schema::object<ListMeta>("FlutterwaveListMeta",
                                        schema::field<&ListMeta::page_info>("page_info", {.defaulted = true}));
    }
};

struct Looked {
    std::optional<Refunded> found{};
    bool could_tell = true;  // nothing that could be it was left out
};

Looked look_among(const std::vector<schema::Json>& list, const std::string& transaction, const std::string& refund) {
    Looked looked;
    for (const auto& one : list) {
        const auto read = payments::read<Refund>(one.text);
        if (!read) return {.could_tell = false};
        if (read->comments && read->comments->starts_with(refund)) return {.found = refunded_of(*read)};
        // Of this payment, and it does not say which of our refunds it is.
        if (scalar(read->tx_id) == transaction && !read->comments) looked.could_tell = false;
    }
    return looked;
}

}  // namespace

async::Task<Evidence> ask(BearerApi* api, const AttemptRef* attempt, base::Timestamp now) {
    const auto reference = attempt->id.to_string();
    const auto answer = co_await api->get("/v3/transactions/verify_by_reference", {{"tx_ref", reference}});
    if (is_missing(answer)) {
        const auto age = now - attempt->created_at;
        if (attempt->second_id == "page") {
            const bool is_over = age > page_lives + grace;
            co_return Evidence{.source = Source::query,
                               .finding = is_over ? Finding::timed_out : Finding::processing,
                               .code = is_over ? "page_expired" : "page",
                               .text = "nobody has begun to pay on the page"};
        }
        // The request may still be on its way.
        if (age < is_found_within) co_return no_answer("not_found_yet");
        co_return Evidence{.source = Source::query,
                           .finding = Finding::declined,
                           .code = "not_found",
                           .text = "Flutterwave knows of no payment"};
    }
    if (answer.kind != Kind::done) co_return no_answer(answer);
    const auto transaction = read<Transaction>(answer.data.text);
    if (!transaction) co_return no_answer("unreadable");
    if (transaction->tx_ref != reference) co_return no_answer("other_attempt");
    auto evidence = evidence_of(*transaction);
    const bool has_failed = evidence.finding == Finding::declined || evidence.finding == Finding::cancelled ||
                            evidence.finding == Finding::timed_out;
    if (!has_failed) co_return evidence;
    co_return co_await after_failure(api, attempt, std::move(evidence), id_of(*transaction), now);
}

async::Task<Refunded> ask_refund_by_name(BearerApi* api, const RefundRef* refund, base::Timestamp now) {
    for (int page = 1; page <= most_pages; ++page) {
        const auto answer =
            co_await api->get("/v3/refunds", {{"from", day_of(refund->created_at - std::chrono::days(1))},
                                              {"to", day_of(now + std::chrono::days(1))},
                                              {"page", std::to_string(page)}});
        const auto list = answer.kind == Kind::done ? list_of(answer.data) : std::nullopt;
        if (!list) co_return Refunded{.code = answer.code, .text = answer.text};
        for (const auto& one : *list) {
            const auto read = payments::read<Refund>(one.text);
            if (read && scalar(read->id) == refund->provider_id) co_return refunded_of(*read);
        }
        if (list->empty()) break;
    }
    co_return Refunded{.code = "not_found_yet"};
}

async::Task<Refunded> ask_refund(BearerApi* api, std::string transaction, const RefundRequest* refund,
                                 base::Timestamp now) {
    const auto made = refund->created_at;
    const auto id = refund->id.to_string();
    bool could_tell = true;
    for (int page = 1; page <= most_pages; ++page) {
        const auto answer = co_await api->get("/v3/refunds", {{"from", day_of(made - std::chrono::days(1))},
                                                              {"to", day_of(now + std::chrono::days(1))},
                                                              {"page", std::to_string(page)}});
        const auto list = answer.kind == Kind::done ? list_of(answer.data) : std::nullopt;
        if (!list) co_return Refunded{.code = answer.code, .text = answer.text};
        const auto looked = look_among(*list, transaction, id);
        if (looked.found) co_return *looked.found;
        could_tell = could_tell && looked.could_tell;
        const auto meta = read<ListMeta>(answer.meta.text);
        const bool is_last =
            list->empty() || (meta && meta->page_info.total_pages > 0 && meta->page_info.total_pages <= page);
        if (!is_last) continue;
        if (!could_tell || now - made < refund_is_listed_within) break;
        co_return Refunded{
            .outcome = Refunded::Outcome::refused, .code = "not_found", .text = "Flutterwave never took this refund"};
    }
    co_return Refunded{.code = "not_found_yet"};
}

}  // namespace payments::flutterwave
