#include "payments/stripe/asking.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "payments/stripe/objects.h"

namespace payments::stripe {

namespace {

using Kind = Answer::Kind;

// Of objects made in a day: a thousand. What is beyond is not looked at, and then nothing is said to be missing.
constexpr int most_pages = 10;

struct List {
    std::vector<schema::Json> data;
    bool has_more = false;

    friend constexpr auto describe(List*) {
        using schema::field;
        return schema::object<List>("StripeList", field<&List::data>("data"),
                                    field<&List::has_more>("has_more", {.defaulted = true}));
    }
};

std::int64_t seconds_of(base::Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Evidence unreadable() { return no_news("unreadable"); }

// An id that leads to the object of another attempt proves nothing of this one.
bool is_of_another(const std::optional<base::Uuid>& named, const AttemptRef* attempt) {
    return named && *named != attempt->id;
}

Evidence judged(const PaymentIntent& intent, const AttemptRef* attempt) {
    if (is_of_another(ours_of(intent.metadata, attempt_key), attempt)) return no_news("other_attempt");
    auto evidence = evidence_of(intent, Source::query);
    const bool is_whole = evidence.amount && !evidence.receipt.empty() && !evidence.currency.empty();
    if (evidence.finding == Finding::paid && !is_whole) return unreadable();
    return evidence;
}

async::Task<Evidence> by_intent(Wire* wire, const AttemptRef* attempt, std::string id) {
    const auto answer = co_await wire->get("/v1/payment_intents/" + id, {{"expand[]", "latest_charge"}});
    if (answer.kind != Kind::done) co_return no_news(answer);
    const auto intent = read<PaymentIntent>(answer.body);
    if (!intent || intent->id != id) co_return unreadable();
    co_return judged(*intent, attempt);
}

async::Task<Evidence> by_session(Wire* wire, const AttemptRef* attempt, std::string id) {
    const auto answer =
        co_await wire->get("/v1/checkout/sessions/" + id, {{"expand[]", "payment_intent.latest_charge"}});
    if (answer.kind != Kind::done) co_return no_news(answer);
    const auto session = read<Session>(answer.body);
    if (!session || session->id != id || session->status.empty()) co_return unreadable();
    if (is_of_another(attempt_of(*session), attempt)) co_return no_news("other_attempt");
    auto evidence = evidence_of(*session, Source::query);
    if (evidence.finding == Finding::timed_out || evidence.finding == Finding::declined) co_return evidence;
    const auto intent = id_of(session->payment_intent);
    const bool is_expanded = session->payment_intent.text.starts_with('{');
    if (intent.empty() || (is_expanded && evidence.finding != Finding::paid)) co_return evidence;
    // By itself: what a session says of its payment is a summary.
    if (is_expanded) {
        const auto inner = read<PaymentIntent>(session->payment_intent.text);
        evidence = inner ? judged(*inner, attempt) : unreadable();
    } else {
        evidence = co_await by_intent(wire, attempt, intent);
    }
    evidence.second_id = id;
    co_return evidence;
}

// ---- By our metadata --------------------------------------------------------------------------------------------

struct Found {
    std::optional<Evidence> evidence{};
    bool whole = true;  // nothing that could be it was left out
};

// Eventually consistent: what is new may not be there yet.
async::Task<Found> searched(Wire* wire, const AttemptRef* attempt) {
    auto answer =
        co_await wire->get("/v1/payment_intents/search",
                           {{"query", fmt::format("metadata['{}']:'{}'", attempt_key, attempt->id.to_string())},
                            {"expand[]", "data.latest_charge"},
                            {"limit", "10"}});
    if (answer.kind != Kind::done) co_return Found{.whole = false};
    const auto list = read<List>(answer.body);
    if (!list) co_return Found{.whole = false};
    Found found;
    for (const auto& one : list->data) {
        const auto intent = read<PaymentIntent>(one.text);
        if (!intent || ours_of(intent->metadata, attempt_key) != attempt->id) continue;
        auto evidence = judged(*intent, attempt);
        const bool is_better = !found.evidence || evidence.finding == Finding::paid;
        if (is_better) found.evidence = std::move(evidence);
    }
    co_return found;
}

// The days in which it may have been made: `path` has payment intents or sessions, the newest first.
template <class T, class IsIt>
async::Task<std::pair<std::string, bool>> listed(Wire* wire, std::string path, base::Timestamp created_at, IsIt is_it) {
    const auto from = seconds_of(created_at - std::chrono::minutes(5));
    const auto until = seconds_of(created_at + std::chrono::hours(24));
    std::string after;
    for (int page = 0; page < most_pages; ++page) {
        client::FormFields query{
            {"created[gte]", std::to_string(from)}, {"created[lte]", std::to_string(until)}, {"limit", "100"}};
        if (!after.empty()) query.emplace_back("starting_after", after);
        const auto answer = co_await wire->get(path, std::move(query));
        const auto list = answer.kind == Kind::done ? read<List>(answer.body) : std::nullopt;
        if (!list) co_return std::pair(std::string(), false);
        for (const auto& one : list->data) {
            const auto object = read<T>(one.text);
            if (!object) co_return std::pair(std::string(), false);
            if (is_it(*object)) co_return std::pair(object->id, true);
            after = object->id;
        }
        if (!list->has_more || list->data.empty()) co_return std::pair(std::string(), true);
    }
    co_return std::pair(std::string(), false);
}

async::Task<Evidence> by_metadata(Wire* wire, const AttemptRef* attempt, base::Timestamp now) {
    const auto search = co_await searched(wire, attempt);
    if (search.evidence) co_return *search.evidence;
    const auto id = attempt->id;
    // A session has no payment intent before its payer pays, and sessions cannot be searched.
    const auto session = co_await listed<Session>(wire, "/v1/checkout/sessions", attempt->created_at,
                                                  [id](const Session& one) { return attempt_of(one) == id; });
    if (is_id(session.first, "cs_")) co_return co_await by_session(wire, attempt, session.first);
    const bool is_old = now - attempt->created_at > std::chrono::hours(25);
    if (is_old && search.whole && session.second)
        co_return Evidence{.source = Source::query,
                           .finding = Finding::declined,
                           .code = "not_found",
                           .text = "Stripe never took the request"};
    // Not in the search yet, or not offered where the account is.
    const auto intent =
        co_await listed<PaymentIntent>(wire, "/v1/payment_intents", attempt->created_at,
                                       [id](const auto& one) { return ours_of(one.metadata, attempt_key) == id; });
    if (is_id(intent.first, "pi_")) co_return co_await by_intent(wire, attempt, intent.first);
    co_return no_news("not_found");
}

}  // namespace

async::Task<Evidence> ask(Wire* wire, const AttemptRef* attempt, base::Timestamp now) {
    if (is_id(attempt->second_id, "cs_")) co_return co_await by_session(wire, attempt, attempt->second_id);
    if (is_id(attempt->provider_id, "cs_")) co_return co_await by_session(wire, attempt, attempt->provider_id);
    if (is_id(attempt->provider_id, "pi_")) co_return co_await by_intent(wire, attempt, attempt->provider_id);
    co_return co_await by_metadata(wire, attempt, now);
}

async::Task<std::pair<std::string, std::string>> payment_of(Wire* wire, const AttemptRef* attempt,
                                                            base::Timestamp now) {
    if (is_id(attempt->provider_id, "pi_")) co_return std::pair(std::string("payment_intent"), attempt->provider_id);
    if (is_id(attempt->receipt, "ch_") || is_id(attempt->receipt, "py_"))
        co_return std::pair(std::string("charge"), attempt->receipt);
    const auto evidence = co_await ask(wire, attempt, now);
    if (!is_id(evidence.provider_id, "pi_")) co_return std::pair(std::string(), std::string());
    co_return std::pair(std::string("payment_intent"), evidence.provider_id);
}

}  // namespace payments::stripe
