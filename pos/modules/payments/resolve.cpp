#include "pos/modules/payments/resolve.h"

#include <fmt/format.h>

#include "db/db.h"
#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/c2b_statements.h"
#include "pos/modules/payments/move.h"
#include "pos/plumbing/audit.h"

namespace pos {

namespace {

using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;

std::string capitals(std::string_view code) {
    std::string text(code);
    for (auto& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

// Another amount under this receipt, or another use of it: the money that came says otherwise than the person.
async::Task<void> require_fit(db::Db tx, const PaymentIntent* intent, std::string receipt) {
    const auto money = co_await tx.one(c2b::by_receipt, intent->provider, receipt);
    if (!money) co_return;
    const bool is_own = money->state == C2bState::unmatched ||
                        (money->matched_kind == C2bMatch::intent && money->matched_id == intent->id.uuid());
    if (!is_own) throw base::Failure(errors::receipt_used);
    if (money->amount != intent->amount || money->currency != intent->currency) throw base::Failure(errors::c2b_unfit);
}

// ---- The command line --------------------------------------------------------------------------------------------

struct Undecided {
    base::Uuid tenant_id;
    IntentId id;
    IntentState state{};
    base::Money amount;
    std::string currency;
    std::optional<std::string> provider_id;
    std::string what;

    friend constexpr auto describe(Undecided*) {
        return schema::object<Undecided>(
            "UndecidedPayment", schema::field<&Undecided::tenant_id>("tenantId"), schema::field<&Undecided::id>("id"),
            schema::field<&Undecided::state>("state"), schema::field<&Undecided::amount>("amount"),
            schema::field<&Undecided::currency>("currency"), schema::field<&Undecided::provider_id>("providerId"),
            schema::field<&Undecided::what>("what"));
    }
};
// Of the platform's accounts: attempts of which nobody knows the end, and money that is owed back.
constexpr db::SystemQuery<Undecided(std::int64_t)> undecided{
    {"payments.undecided",
     "select i.tenant_id, i.id, i.state, i.amount, i.currency, i.provider_id, "
     "  case when i.state = 'unknown' then 'undecided' else 'owed back' end as what "
     "from payment_intents i join payment_accounts a on a.tenant_id = i.tenant_id and a.id = i.account_id "
     "  and a.owner = 'platform' "
     "left join payment_refund_tasks t on t.tenant_id = i.tenant_id and t.intent_id = i.id and t.state = 'open' "
     "where i.state = 'unknown' or t.intent_id is not null order by i.created_at limit $1",
     db::Kind::read}};
constexpr std::int64_t most_lines = 1'000;

db::SystemDb database_of(app::LoopHost& host) {
    return db::system_db(host.databases(), async::Loop::now() + std::chrono::seconds(30));
}

async::Task<void> list_undecided(app::LoopHost* host, app::CommandInput input) {
    for (const auto& one : co_await database_of(*host).all(undecided, most_lines)) {
        *input.out << fmt::format("{}: --tenant {} --intent {}, {} {}, the provider's {}\n", one.what,
                                  one.tenant_id.to_string(), one.id.to_string(), one.amount.minor, one.currency,
                                  one.provider_id.value_or("id is not known"));
    }
    *input.out << std::flush;
}

base::Uuid id_of(const app::CommandInput& input, std::string_view option) {
    const auto id = base::Uuid::from_string(input.value(option));
    // lint: allow(thrown-type) on the command line, where it is the sentence that is shown
    if (!id) throw std::runtime_error(fmt::format("{} is no id: 0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01", option));
    return *id;
}

async::Task<void> resolve_payment(app::LoopHost* host, app::CommandInput input) {
    const auto outcome = input.value("--outcome");
    const auto verdict = outcome == schema::name_of(Verdict::paid) ? Verdict::paid : Verdict::not_paid;
    // lint: allow(thrown-type) as above
    if (outcome != schema::name_of(verdict)) throw std::runtime_error("--outcome is paid or not_paid");
    Resolving resolving{.id = IntentId(id_of(input, "--intent")),
                        .said = {.outcome = verdict, .receipt_code = {}, .note = {}},
                        .owner = AccountOwner::platform,
                        .intents = &host->services().use<PaymentIntents>()};
    if (input.has("--receipt")) resolving.said.receipt_code = input.value("--receipt");
    if (input.has("--note")) resolving.said.note = input.value("--note");
    const auto db = database_of(*host).as_tenant(id_of(input, "--tenant"));
    const auto row = co_await db.transaction([&](db::ActingDb tx) { return resolve_in(tx, &resolving); });
    *input.out << fmt::format("{} is {}\n", row.id.to_string(), schema::name_of(row.state)) << std::flush;
}

}  // namespace

async::Task<PaymentIntent> resolve_in(db::Db tx, const Resolving* resolving) {
    auto intent = co_await tx.one(intents::lock, resolving->id);
    if (!intent) throw base::Failure(errors::row_not_found);
    // What a shop owes the platform, the platform decides: `backend-api payments resolve`.
    const auto account = co_await tx.only(intents::account_by_id, intent->account_id);
    if (account.owner != resolving->owner) throw base::Failure(errors::purpose_refused);
    const bool says_paid = resolving->said.outcome == Verdict::paid;
    std::string receipt;
    if (says_paid && !resolving->said.receipt_code) {
        throw base::Failure(http::errors::invalid,
                            {{"body", "/receiptCode", "required", "what the payer's receipt is called", {}}});
    }
    if (says_paid) {
        // Receipts of M-Pesa are capital letters and digits; those of others are as they are.
        receipt = resolving->said.receipt_code.value_or("");
        if (intent->provider == "mpesa") receipt = capitals(receipt);
        // Said again.
        if (is_paid(intent->state) && intent->receipt_code == receipt) co_return *std::move(intent);
        co_await require_fit(tx, &*intent, receipt);
    }
    if (is_paid(intent->state) && (!says_paid || intent->receipt_code)) throw base::Failure(errors::intent_final);
    if (!says_paid && !is_open(intent->state)) co_return *std::move(intent);
    Evidence evidence{.source = Source::person, .finding = says_paid ? Finding::paid : Finding::declined};
    if (says_paid) {
        evidence.amount = intent->amount;
        evidence.currency = intent->currency;
        evidence.receipt = receipt;
    }
    auto applied = co_await resolving->intents->apply(tx, intent->id, std::move(evidence));
    if (!says_paid && is_open(applied->intent.state))
        throw base::Failure(errors::prompt_rings).retry_after(std::chrono::milliseconds(60'000).count());
    if (says_paid && applied->intent.receipt_code != receipt) throw base::Failure(errors::receipt_used);
    auto batch = tx.batch();
    // Other money than was asked for came with this receipt: it is owed back.
    if (!says_paid && (intent->receipt_code || intent->received)) {
        const auto money = co_await tx.one(c2b::by_receipt, intent->provider, intent->receipt_code.value_or(""));
        batch.add(refunds::add_task, intent->id, intent->concern.value_or(IntentConcern::amount_differs),
                  money ? money->amount : intent->received.value_or(intent->amount),
                  resolving->intents->runtime().now());
    }
    audit(batch, resolving->intents->runtime(),
          {.action = says_paid ? "payment_intent.resolve_paid" : "payment_intent.resolve_not_paid",
           .actor = resolving->by,
           .subject = intent->id.uuid(),
           .address = resolving->address,
           .detail = schema::to_json(Decided{receipt, resolving->said.note.value_or("")})});
    co_await batch.commit();
    co_return std::move(applied->intent);
}

app::OwnCommand undecided_payments_command() {
    return {.group = "payments",
            .name = "undecided",
            .doc = "Payments to the operator of which nobody knows the end, or that are owed back",
            .options = {},
            .run = list_undecided};
}

app::OwnCommand resolve_payment_command() {
    return {.group = "payments",
            .name = "resolve",
            .doc = "Say what became of a shop's payment to the operator",
            .options = {{.name = "--tenant", .doc = "The shop's id", .is_required = true},
                        {.name = "--intent", .doc = "The payment's id", .is_required = true},
                        {.name = "--outcome",
                         .doc = "What the provider says of it",
                         .is_required = true,
                         .values = {std::string(schema::name_of(Verdict::paid)),
                                    std::string(schema::name_of(Verdict::not_paid))}},
                        {.name = "--receipt", .doc = "What the provider's statement calls it; needed with paid"},
                        {.name = "--note", .doc = "How it is known; kept"}},
            .run = resolve_payment};
}

std::vector<db::StatementView> resolve_statements() { return db::statements(undecided); }

}  // namespace pos
