// decide() row by row, for every evidence in every state, and in every order of what may happen to an attempt. The
// orders run on a model of the store with its three guards: compare-and-set, receipts that are unique, events that are
// kept once.
#include "payments/state.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "payments/provider.h"

namespace {

using namespace std::chrono_literals;
using base::Money;
using payments::Attempt;
using payments::decide;
using payments::Decision;
using payments::Evidence;
using payments::Finding;
using payments::Source;
using payments::State;

constexpr std::array states{State::created,   State::sent,    State::pending, State::succeeded, State::failed,
                            State::cancelled, State::expired, State::unknown, State::refunded};
constexpr std::array open_states{State::created, State::sent, State::pending, State::unknown};
constexpr std::array ends_without_money{State::failed, State::cancelled, State::expired};
constexpr std::array sources{Source::reply, Source::callback, Source::query, Source::confirmation,
                             Source::pull,  Source::person,   Source::clock};
constexpr std::array findings{Finding::not_sent,   Finding::accepted, Finding::refused,  Finding::lost,
                              Finding::processing, Finding::paid,     Finding::declined, Finding::cancelled,
                              Finding::timed_out,  Finding::overdue,  Finding::refunded};

std::string_view name_of(State state) {
    static constexpr std::array names{"created",   "sent",    "pending", "succeeded", "failed",
                                      "cancelled", "expired", "unknown", "refunded"};
    return names.at(static_cast<std::size_t>(state));
}

template <std::size_t N>
bool is_among(State state, const std::array<State, N>& set) {
    return std::ranges::find(set, state) != set.end();
}

Attempt attempt_in(State state) { return {.state = state, .amount = Money{15000}, .currency = "KES"}; }

const Evidence callback_paid{.source = Source::callback,
                             .finding = Finding::paid,
                             .amount = Money{15000},
                             .currency = "KES",
                             .receipt = "TAF7RT61SV"};
const Evidence query_paid{.source = Source::query, .finding = Finding::paid};

// ---- Rows ----------------------------------------------------------------------------------------------------------

TEST(PaymentState, AProofCreditsFromEveryStateThatIsNoSuccess) {
    for (const auto state : states) {
        if (state == State::succeeded || state == State::refunded) continue;
        for (const auto& proof : {callback_paid, query_paid}) {
            const Decision decision = decide(attempt_in(state), proof);
            const bool was_over = is_among(state, ends_without_money);
            EXPECT_EQ(decision.next, State::succeeded) << name_of(state);
            EXPECT_TRUE(decision.changes && decision.credits) << name_of(state);
            EXPECT_EQ(decision.was_over, was_over) << name_of(state);
            EXPECT_EQ(decision.concern, was_over ? "paid_after_end" : "") << name_of(state);
            EXPECT_EQ(decision.learns_receipt, !proof.receipt.empty());
            EXPECT_FALSE(decision.ask);
        }
    }
}

// Said again it credits nothing, and brings the receipt where a query had none.
TEST(PaymentState, ASuccessIsCreditedOnceAndLearnsItsReceiptLater) {
    Attempt attempt = attempt_in(State::succeeded);
    Decision decision = decide(attempt, callback_paid);
    EXPECT_EQ(decision.next, State::succeeded);
    EXPECT_FALSE(decision.credits);
    EXPECT_TRUE(decision.changes && decision.learns_receipt);

    attempt.receipt = "TAF7RT61SV";
    decision = decide(attempt, callback_paid);
    EXPECT_FALSE(decision.changes || decision.credits || decision.learns_receipt || decision.ask);
    EXPECT_EQ(decision.concern, "");

    attempt.receipt = "TAF0000000";
    decision = decide(attempt, callback_paid);
    EXPECT_FALSE(decision.changes || decision.credits || decision.learns_receipt);
    EXPECT_EQ(decision.concern, "receipt_differs") << "money that came twice is for people";
}

TEST(PaymentState, ACallbackThatDoesNotProveItselfIsAskedAfter) {
    auto without_receipt = callback_paid;
    without_receipt.receipt.clear();
    auto without_amount = callback_paid;
    without_amount.amount.reset();
    for (const auto& claim : {without_receipt, without_amount}) {
        EXPECT_FALSE(payments::is_proof(claim));
        for (const auto state : states) {
            const Decision decision = decide(attempt_in(state), claim);
            EXPECT_EQ(decision.next, state);
            EXPECT_FALSE(decision.changes || decision.credits) << name_of(state);
            EXPECT_EQ(decision.ask, state != State::succeeded && state != State::refunded) << name_of(state);
        }
    }
}

TEST(PaymentState, OfTheOthersAWordIsProof) {
    for (const auto source : sources) {
        const Evidence bare{.source = source, .finding = Finding::paid};
        EXPECT_EQ(payments::is_proof(bare), source != Source::callback && source != Source::clock);
        for (const auto finding : findings) {
            auto other = callback_paid;
            other.source = source;
            other.finding = finding;
            EXPECT_EQ(payments::is_proof(other), finding == Finding::paid && source != Source::clock);
        }
    }
}

TEST(PaymentState, MoneyOfAnotherAmountOrCurrencyIsNotCreditedAndNotCalledFailed) {
    auto less = callback_paid;
    less.amount = Money{14999};
    auto more = callback_paid;
    more.amount = Money{15100};
    auto other = callback_paid;
    other.currency = "UGX";
    for (const auto source : {Source::callback, Source::query, Source::confirmation, Source::person}) {
        for (auto claim : {less, more, other}) {
            claim.source = source;
            for (const auto state : states) {
                const Decision decision = decide(attempt_in(state), claim);
                const bool was_paid = state == State::succeeded || state == State::refunded;
                EXPECT_EQ(decision.next, was_paid ? state : State::unknown) << name_of(state);
                EXPECT_FALSE(decision.credits) << name_of(state);
                EXPECT_EQ(decision.learns_receipt, !was_paid) << "its receipt pays for nothing else";
                EXPECT_EQ(decision.concern, claim.currency == "UGX" ? "currency_differs" : "amount_differs");
            }
        }
    }
}

// M-Pesa's query says that something was paid, and not how much.
TEST(PaymentState, AfterOtherMoneyAProofWithoutAnAmountProvesNoMore) {
    for (const auto state : states) {
        auto attempt = attempt_in(state);
        attempt.differs = true;
        const bool was_paid = state == State::succeeded || state == State::refunded;
        const Evidence vague{.source = Source::query, .finding = Finding::paid, .code = "0"};
        EXPECT_FALSE(decide(attempt, vague).changes) << name_of(state);
        auto exact = vague;
        exact.amount = attempt.amount;
        EXPECT_EQ(decide(attempt, exact).credits, !was_paid) << name_of(state);
    }
}

TEST(PaymentState, WhatIsOpenEndsAsItIsSaid) {
    const std::map<Finding, State> ends{{Finding::declined, State::failed},
                                        {Finding::cancelled, State::cancelled},
                                        {Finding::timed_out, State::expired}};
    for (const auto& [finding, end] : ends) {
        for (const auto source : {Source::reply, Source::callback, Source::query}) {
            for (const auto state : states) {
                const Decision decision = decide(attempt_in(state), {.source = source, .finding = finding});
                EXPECT_EQ(decision.next, is_among(state, open_states) ? end : state) << name_of(state);
            }
        }
    }
}

TEST(PaymentState, APersonEndsWhatIsNotSentOrUnknownAndNoPromptThatRings) {
    for (const auto finding : {Finding::declined, Finding::cancelled}) {
        const Evidence said{.source = Source::person, .finding = finding};
        for (const auto state : {State::created, State::unknown}) EXPECT_TRUE(decide(attempt_in(state), said).changes);
        for (const auto state : {State::sent, State::pending}) {
            EXPECT_EQ(decide(attempt_in(state), said).next, state);
            EXPECT_TRUE(decide(attempt_in(state), said).ask);
        }
    }
}

TEST(PaymentState, OurClockFailsNothing) {
    const std::map<State, State> expected{
        {State::created, State::expired}, {State::sent, State::unknown}, {State::pending, State::unknown}};
    for (const auto state : states) {
        const auto found = expected.find(state);
        for (const auto finding : {Finding::overdue, Finding::timed_out, Finding::declined, Finding::cancelled}) {
            const Decision decision = decide(attempt_in(state), {.source = Source::clock, .finding = finding});
            EXPECT_EQ(decision.next, found == expected.end() ? state : found->second) << name_of(state);
        }
    }
}

TEST(PaymentState, TheRequestAndItsReply) {
    const auto next = [](State state, Finding finding) {
        return decide(attempt_in(state), {.source = Source::reply, .finding = finding}).next;
    };
    EXPECT_EQ(next(State::sent, Finding::accepted), State::pending);
    EXPECT_EQ(next(State::sent, Finding::refused), State::failed);
    EXPECT_EQ(next(State::sent, Finding::lost), State::sent);
    EXPECT_EQ(next(State::sent, Finding::not_sent), State::created);
    EXPECT_EQ(next(State::created, Finding::lost), State::sent);
    EXPECT_EQ(next(State::pending, Finding::refused), State::pending) << "a repeat was refused, not what was taken";
    EXPECT_EQ(next(State::pending, Finding::not_sent), State::pending);
    EXPECT_EQ(next(State::unknown, Finding::accepted), State::unknown);
    EXPECT_TRUE(decide(attempt_in(State::unknown), {.finding = Finding::accepted}).ask)
        << "now there is an id to ask by";
    for (const auto state : states) {
        if (is_among(state, open_states)) continue;
        for (const auto finding : {Finding::accepted, Finding::refused, Finding::lost, Finding::not_sent})
            EXPECT_EQ(next(state, finding), state) << "a reply that comes last: " << name_of(state);
    }
}

TEST(PaymentState, WhatIsUnderWayStaysSo) {
    for (const auto source : {Source::query, Source::callback}) {
        const Evidence evidence{.source = source, .finding = Finding::processing};
        EXPECT_EQ(decide(attempt_in(State::sent), evidence).next, State::pending);
        for (const auto state : states) {
            if (state == State::created || state == State::sent) continue;
            EXPECT_EQ(decide(attempt_in(state), evidence).next, state) << name_of(state);
        }
        EXPECT_EQ(decide(attempt_in(State::failed), evidence).ask, source == Source::callback)
            << "what a callback says that is not understood is asked after";
    }
}

TEST(PaymentState, MoneyGoesBackInPartsAndWhole) {
    const auto back = [](Attempt attempt, std::optional<Money> amount) {
        return decide(attempt, {.source = Source::query, .finding = Finding::refunded, .amount = amount});
    };
    Attempt attempt = attempt_in(State::succeeded);
    EXPECT_EQ(back(attempt, Money{5000}).next, State::succeeded);
    EXPECT_TRUE(back(attempt, Money{5000}).changes);
    EXPECT_EQ(back(attempt, Money{15000}).next, State::refunded);
    EXPECT_EQ(back(attempt, std::nullopt).next, State::refunded);
    EXPECT_EQ(back(attempt, Money{15001}).next, State::refunded);
    EXPECT_EQ(back(attempt, Money{15001}).concern, "amount_differs");
    attempt.refunded = Money{5000};
    EXPECT_FALSE(back(attempt, Money{5000}).changes) << "said again";
    EXPECT_FALSE(back(attempt, Money{4000}).changes) << "an older one that comes later";
    for (const auto state : states) {
        if (state == State::succeeded) continue;
        const Decision decision = back(attempt_in(state), Money{15000});
        EXPECT_FALSE(decision.changes) << name_of(state);
        EXPECT_EQ(decision.ask, state != State::refunded) << "what went back has come: " << name_of(state);
    }
}

// ---- Every evidence in every state ---------------------------------------------------------------------------------

void expect_rules(const Attempt& attempt, const Evidence& evidence) {
    const Decision decision = decide(attempt, evidence);
    const bool paid = attempt.state == State::succeeded || attempt.state == State::refunded;
    const bool over = is_among(attempt.state, ends_without_money);
    SCOPED_TRACE(fmt::format("{} by source {} finding {} amount {} receipt \"{}\" currency \"{}\" -> {}",
                             name_of(attempt.state), static_cast<int>(evidence.source),
                             static_cast<int>(evidence.finding), evidence.amount ? evidence.amount->minor : -1,
                             evidence.receipt, evidence.currency, name_of(decision.next)));
    if (decision.next != attempt.state) EXPECT_TRUE(decision.changes);
    if (decision.credits) {
        EXPECT_TRUE(!paid && decision.next == State::succeeded && payments::is_proof(evidence));
        EXPECT_TRUE(!evidence.amount || *evidence.amount == attempt.amount);
    }
    EXPECT_EQ(decision.next == State::succeeded && !paid, decision.credits) << "no success without its credit";
    EXPECT_EQ(decision.was_over, decision.credits && over);
    if (paid) {
        EXPECT_FALSE(decision.ask);
        const bool back = decision.next == State::refunded && evidence.finding == Finding::refunded;
        EXPECT_TRUE(decision.next == attempt.state || back) << "nothing replaces a success but a refund";
    }
    if (over && decision.changes)
        EXPECT_TRUE(decision.credits || (decision.next == State::unknown && !decision.concern.empty()));
    if (evidence.source == Source::clock) {
        EXPECT_FALSE(decision.credits);
        if (attempt.state != State::created && decision.changes && evidence.finding >= Finding::declined &&
            evidence.finding <= Finding::overdue)
            EXPECT_EQ(decision.next, State::unknown);
    }
    if (decision.learns_receipt) EXPECT_TRUE(attempt.receipt.empty() && !evidence.receipt.empty());
}

TEST(PaymentState, KeepsItsRulesForEveryEvidenceInEveryState) {
    const std::array<std::optional<Money>, 5> amounts{std::nullopt, Money{15000}, Money{14999}, Money{0},
                                                      Money{-15000}};
    int cases = 0;
    for (const auto state : states)
        for (const auto* known : {"", "TAF7RT61SV"})
            for (const auto source : sources)
                for (const auto finding : findings)
                    for (const auto amount : amounts)
                        for (const auto* receipt : {"", "TAF7RT61SV", "TAF0000000"})
                            for (const auto* currency : {"", "KES", "UGX"}) {
                                auto attempt = attempt_in(state);
                                attempt.receipt = known;
                                expect_rules(attempt, {.source = source,
                                                       .finding = finding,
                                                       .amount = amount,
                                                       .currency = currency,
                                                       .receipt = receipt});
                                ++cases;
                            }
    EXPECT_EQ(cases, 9 * 2 * 7 * 11 * 5 * 3 * 3);
}

// ---- Every order of what may happen --------------------------------------------------------------------------------

enum class Event : std::uint8_t {
    reply,      // the provider took the request
    loss,       // its answer was lost
    success,    // the callback
    duplicate,  // the callback, delivered twice, and each delivery processed twice
    late,       // the callback, whose handler read the attempt before the event ahead of it and writes after
    early,      // the callback, on another connection than the reply that is still to come
    query_pending,
    query_paid,
    query_declined,  // where money moved too, the sandbox has been seen to say so
    confirmation,    // of the account, with the same receipt
    expiry,          // our clock
};
constexpr std::array events{Event::reply,          Event::loss,         Event::success,       Event::duplicate,
                            Event::late,           Event::early,        Event::query_pending, Event::query_paid,
                            Event::query_declined, Event::confirmation, Event::expiry};
using Order = std::vector<Event>;

std::string text_of(const Order& order) {
    static constexpr std::array names{"reply",         "loss",       "success",        "duplicate",    "late",  "early",
                                      "query_pending", "query_paid", "query_declined", "confirmation", "expiry"};
    std::string text;
    for (const auto event : order)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", names.at(static_cast<int>(event)));
    return "[" + text + "]";
}

bool is_callback(Event event) { return event >= Event::success && event <= Event::early; }

// How a callback finds its attempt.
enum class Finds : std::uint8_t {
    by_our_id,       // it gives our id back
    by_provider_id,  // by the provider's, which the reply brings: what comes before waits for it
};

// One row, as a store keeps it.
class ModelStore {
public:
    explicit ModelStore(Finds finds) : finds_(finds) { row_.state = State::sent; }

    struct Read {
        Attempt attempt;
        int version;
    };
    [[nodiscard]] Read read() const { return {row_, version_}; }

    // Decides on what was read; when somebody else wrote meanwhile, reads again.
    void apply(Read read, const Evidence& evidence) {
        while (true) {
            const Decision decision = decide(read.attempt, evidence);
            asked_ = asked_ || decision.ask;
            if (!decision.changes && !decision.credits) return;
            if (read.version == version_) return write(decision, evidence);
            read = this->read();
        }
    }
    void apply(const Evidence& evidence) { apply(read(), evidence); }

    // Kept first, by its key; processed as often as somebody wakes it, until it is done.
    void deliver(const std::string& key, const Evidence& evidence, Read read) {
        kept_.try_emplace(key, evidence);
        process(key, read);
    }
    void process(const std::string& key, Read read) {
        if (done_.contains(key) || (finds_ == Finds::by_provider_id && !knows_provider_id_)) return;
        apply(read, kept_.at(key));
        done_.insert(key);
    }
    // The transaction that stores the provider's id wakes what waited for it.
    void learn_provider_id() {
        knows_provider_id_ = true;
        for (const auto& [key, evidence] : kept_) process(key, read());
    }
    // A worker that died between the effect and its note of it.
    void forget_done(const std::string& key) { done_.erase(key); }

    int credits = 0;
    int refund_tasks = 0;
    std::vector<State> seen{};

    [[nodiscard]] const Attempt& row() const { return row_; }

private:
    void write(const Decision& decision, const Evidence& evidence) {
        if (decision.learns_receipt) {
            if (!receipts_.insert(evidence.receipt).second) return;  // the unique index: the transaction is undone
            row_.receipt = evidence.receipt;
        }
        row_.state = decision.next;
        ++version_;
        if (decision.credits) ++credits;
        if (decision.was_over) refund_tasks = 1;  // its key is the attempt's
        seen.push_back(row_.state);
    }

    Finds finds_;
    Attempt row_ = attempt_in(State::created);
    int version_ = 0;
    bool knows_provider_id_ = false;
    bool asked_ = false;
    std::map<std::string, Evidence> kept_{};
    std::set<std::string> done_{};
    std::set<std::string> receipts_{};
};

void happen(ModelStore& store, Event event, const ModelStore::Read& before) {
    Evidence confirmed = callback_paid;
    confirmed.source = Source::confirmation;
    switch (event) {
        case Event::reply:
            store.apply({.source = Source::reply, .finding = Finding::accepted, .provider_id = "ws_CO_1"});
            store.learn_provider_id();
            break;
        case Event::loss: store.apply({.source = Source::reply, .finding = Finding::lost}); break;
        case Event::success:
        case Event::early: store.deliver("stk", callback_paid, store.read()); break;
        case Event::duplicate:
            for (int delivery = 0; delivery < 2; ++delivery) {
                store.deliver("stk", callback_paid, store.read());
                store.forget_done("stk");
                store.process("stk", store.read());
            }
            break;
        case Event::late: store.deliver("stk", callback_paid, before); break;
        case Event::query_pending: store.apply({.source = Source::query, .finding = Finding::processing}); break;
        case Event::query_paid: store.apply(query_paid); break;
        case Event::query_declined: store.apply({.source = Source::query, .finding = Finding::declined}); break;
        case Event::confirmation: store.apply(confirmed); break;
        case Event::expiry: store.apply({.source = Source::clock, .finding = Finding::overdue}); break;
    }
}

// What must have become of it, from the order alone.
struct Expected {
    int credits = 0;
    int refund_tasks = 0;
    bool receipt = false;
    State state = State::sent;
};

Expected expected_of(const Order& order, Finds finds) {
    const auto place = [&order](Event event) {
        return static_cast<std::size_t>(std::ranges::find(order, event) - order.begin());
    };
    const std::size_t never = order.size();
    const std::size_t declined = place(Event::query_declined);
    std::size_t proven = never;  // when the first proof that could be understood was there
    Expected expected;
    for (std::size_t i = 0; i < order.size(); ++i) {
        std::size_t when = never;
        if (is_callback(order[i])) when = finds == Finds::by_our_id ? i : std::max(i, place(Event::reply));
        if (order[i] == Event::query_paid || order[i] == Event::confirmation) when = i;
        if (when != never && order[i] != Event::query_paid) expected.receipt = true;
        proven = std::min(proven, when);
    }
    if (proven != never) {
        expected.credits = 1;
        expected.state = State::succeeded;
        expected.refund_tasks = declined < proven ? 1 : 0;
    } else if (declined != never) {
        expected.state = State::failed;
    } else if (place(Event::expiry) != never) {
        expected.state = State::unknown;
    } else if (place(Event::reply) != never || place(Event::query_pending) != never) {
        expected.state = State::pending;
    }
    return expected;
}

// "": as it must be. Otherwise how it was.
std::string fault_of(const Order& order, Finds finds) {
    ModelStore store(finds);
    ModelStore::Read before = store.read();
    for (const auto event : order) {
        const auto read = store.read();
        happen(store, event, before);
        before = read;
    }
    const Expected expected = expected_of(order, finds);
    std::string fault;
    if (store.row().state != expected.state)
        fault += fmt::format(" {} instead of {};", name_of(store.row().state), name_of(expected.state));
    if (store.credits != expected.credits) fault += fmt::format(" {} credits;", store.credits);
    if (store.refund_tasks != expected.refund_tasks) fault += fmt::format(" {} refund tasks;", store.refund_tasks);
    if (store.row().receipt.empty() == expected.receipt) fault += fmt::format(" receipt \"{}\";", store.row().receipt);
    const auto succeeded = std::ranges::find(store.seen, State::succeeded);
    if (std::ranges::any_of(succeeded, store.seen.end(), [](State state) { return state != State::succeeded; }))
        fault += " a success was replaced;";
    return fault;
}

template <class Visit>
void for_each_order_of(std::size_t size, Order& order, const Visit& visit) {
    if (order.size() == size) return visit(order);
    for (const auto event : events) {
        if (std::ranges::find(order, event) != order.end()) continue;
        order.push_back(event);
        for_each_order_of(size, order, visit);
        order.pop_back();
    }
}
// Calls `visit` with every order of one to `most` events, each at most once; the short ones first, which tell more.
template <class Visit>
void for_each_order(std::size_t most, const Visit& visit) {
    Order order;
    for (std::size_t size = 1; size <= most; ++size) for_each_order_of(size, order, visit);
}

TEST(PaymentState, CreditsOnceInEveryOrderOfUpToFiveEvents) {
    int orders = 0;
    int with_money = 0;
    int faults = 0;
    for_each_order(5, [&](const Order& one) {
        ++orders;
        with_money += expected_of(one, Finds::by_our_id).credits;
        for (const auto finds : {Finds::by_our_id, Finds::by_provider_id}) {
            const auto fault = fault_of(one, finds);
            if (!fault.empty() && ++faults <= 5)
                ADD_FAILURE() << text_of(one) << (finds == Finds::by_our_id ? ":" : " (found by the provider's id):")
                              << fault;
        }
    });
    EXPECT_EQ(faults, 0);
    EXPECT_EQ(orders, 11 + 11 * 10 + 11 * 10 * 9 + 11 * 10 * 9 * 8 + 11 * 10 * 9 * 8 * 7);
    EXPECT_EQ(orders, 64'471);
    // Without one of the six that bring money there are those of the five others: 5 + 20 + 60 + 120 + 120.
    EXPECT_EQ(orders - with_money, 325);
}

TEST(PaymentState, HasAsManyOrdersOfUpToThreeAsTheServiceIsTriedWith) {
    int orders = 0;
    for_each_order(3, [&orders](const Order&) { ++orders; });
    EXPECT_EQ(orders, 1'111);
}

// ---- The schedule --------------------------------------------------------------------------------------------------

TEST(PaymentState, IsQueriedSoonThenDaily) {
    const base::Timestamp start{1'795'000'000s};
    base::Timestamp now = start;
    std::vector<std::chrono::microseconds> after;
    for (int i = 0; i < 7; ++i) {
        now = payments::next_query(start, now);
        after.emplace_back(now - start);
    }
    const std::vector<std::chrono::microseconds> expected{30s, 60s, 2min, 5min, 15min, 24h + 15min, 48h + 15min};
    EXPECT_EQ(after, expected);
}

TEST(PaymentState, TimesThatWentByAreNotMadeUpFor) {
    const base::Timestamp start{1'795'000'000s};
    EXPECT_EQ(payments::next_query(start, start + 10s), start + 30s) << "somebody asked at once: the plan goes on";
    EXPECT_EQ(payments::next_query(start, start + 10min), start + 15min) << "the service was down";
    EXPECT_EQ(payments::next_query(start, start + 72h), start + 96h);
    EXPECT_EQ(payments::next_query(start, start - 1h), start + 30s) << "the clock was set back";
}

}  // namespace
