#pragma once
// Payments through a provider: a tenant's accounts there, the attempts to be paid, money that goes back, what providers told, and money
// that came by itself. A receipt pays once in a tenant.

#include "db/error.h"
#include "payments/state.h"
#include "pos/modules/locations/tables.h"
#include "pos/modules/users/tables.h"

namespace pos {

using PaymentAccountId = base::Id<struct PaymentAccountTag>;
using IntentId = base::Id<struct IntentTag>;
using RefundId = base::Id<struct RefundTag>;
using ProviderEventId = base::Id<struct ProviderEventTag>;
using C2bPaymentId = base::Id<struct C2bPaymentTag>;
using IntentState = ::payments::State;

namespace errors {
inline constexpr auto payment_account_exists =
    base::conflict("payment.account_exists", "The shop has this account already");
inline constexpr auto unknown_payment_account =
    base::invalid("payment.unknown_account", "There is no such payment account");
inline constexpr auto unknown_intent = base::invalid("payment.unknown_intent", "There is no such payment intent");
inline constexpr auto intent_request_used =
    base::invalid("idempotency.key_reused", "This key belongs to another request");
inline constexpr auto provider_id_used =
    base::conflict("payment.provider_id_used", "Another payment has the provider's name of this one");
inline constexpr auto receipt_used =
    base::conflict("payment.receipt_used", "Another payment has this receipt of the provider");
inline constexpr auto refund_exceeds =
    base::conflict("payment.refund_exceeds", "More would go back than was paid, with what is on its way already");
inline constexpr auto provider_event_known = base::conflict("payment.event_known", "The provider told this before");
}  // namespace errors

// Whose account it is. The platform's is the one that shops pay their subscription to: each shop has a row of it, for its own
// callbacks, and the credentials are in the settings.
enum class AccountOwner : std::uint8_t { tenant, platform };
constexpr auto describe(AccountOwner*) {
    return schema::enumeration<AccountOwner>("PaymentAccountOwner",
                                             {{AccountOwner::tenant, "tenant"}, {AccountOwner::platform, "platform"}});
}

enum class PaymentPurpose : std::uint8_t { sale, subscription };
constexpr auto describe(PaymentPurpose*) {
    return schema::enumeration<PaymentPurpose>(
        "PaymentPurpose", {{PaymentPurpose::sale, "sale"}, {PaymentPurpose::subscription, "subscription"}});
}

// Why people should look at an intent.
enum class IntentConcern : std::uint8_t {
    amount_differs,
    currency_differs,
    disputed,        // as it is shown: of PaymentIntent::disputed
    paid_after_end,  // the money came after it had been failed, cancelled or expired
    receipt_differs,
    receipt_used,     // another payment has its receipt
    subject_missing,  // a day later, what it was for has not come
    subject_paid,     // what it was for was paid in another way
    subject_unfit,    // what it was for takes no payment any more, or another amount
};
constexpr auto describe(IntentConcern*) {
    return schema::enumeration<IntentConcern>("IntentConcern", {{IntentConcern::amount_differs, "amount_differs"},
                                                                {IntentConcern::currency_differs, "currency_differs"},
                                                                {IntentConcern::disputed, "disputed"},
                                                                {IntentConcern::paid_after_end, "paid_after_end"},
                                                                {IntentConcern::receipt_differs, "receipt_differs"},
                                                                {IntentConcern::receipt_used, "receipt_used"},
                                                                {IntentConcern::subject_missing, "subject_missing"},
                                                                {IntentConcern::subject_paid, "subject_paid"},
                                                                {IntentConcern::subject_unfit, "subject_unfit"}});
}

// Numbers of phones are stored as providers take them, without the plus; whoever reads the API is given E.164, as everywhere in it.
[[nodiscard]] inline std::optional<std::string> shown_phone(std::optional<std::string> stored) {
    if (stored && !stored->empty() && !stored->starts_with('+')) stored->insert(0, 1, '+');
    return stored;
}
inline constexpr std::string_view doc_of_shown_phone = "E.164, with its plus.";
// Of requests, in any spelling: read by schema::normalise_phone() once it is known whether the provider wants one.
inline constexpr schema::OwnFormat typed_phone{"phone", [](std::string_view) { return true; }, "a phone number"};
inline constexpr std::string_view example_of_shown_phone = R"("+254712345678")";

// Those that a request can name.
enum class PaymentProvider : std::uint8_t { mpesa, stripe, flutterwave, paystack, pesapal };
constexpr auto describe(PaymentProvider*) {
    return schema::enumeration<PaymentProvider>("PaymentProvider", {{PaymentProvider::mpesa, "mpesa"},
                                                                    {PaymentProvider::stripe, "stripe"},
                                                                    {PaymentProvider::flutterwave, "flutterwave"},
                                                                    {PaymentProvider::paystack, "paystack"},
                                                                    {PaymentProvider::pesapal, "pesapal"}});
}

// What a tenant typed in once. Never read back: `shown` tells accounts apart.
struct PaymentAccount {
    PaymentAccountId id;
    AccountOwner owner = AccountOwner::tenant;
    std::string provider;
    std::string name;
    std::string shown;
    bool enabled = true;
    bool refuses_unknown = false;              // validations of M-Pesa's whose account number fits nothing
    std::optional<schema::Bytes> credentials;  // sealed; null: the platform's, in the settings
    schema::Bytes callback_token_hash;         // SHA-256
    // Of the URL that the provider was told, where a new token had to be made: what comes there is taken all the same.
    std::optional<schema::Bytes> former_token_hash;
    schema::Bytes callback_token;  // sealed
    std::optional<base::Timestamp> callbacks_registered_at;
    std::optional<base::Timestamp> pulled_until;  // what came in before is known
    RowMeta meta;

    friend constexpr auto describe(PaymentAccount*) {
        using schema::field;
        return schema::object<PaymentAccount>(
            "PaymentAccount", field<&PaymentAccount::id>("id"),
            field<&PaymentAccount::owner>("owner", {.doc = "`platform`: what the subscription is paid to; it is not "
                                                           "changed here."}),
            field<&PaymentAccount::provider>(
                "provider", {.text = schema::Text::identifier, .one_of = &schema::type_of<PaymentProvider>}),
            field<&PaymentAccount::name>("name", {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            field<&PaymentAccount::shown>("shown", {.max_length = 120,
                                                    .text = schema::Text::raw,
                                                    .doc = "What may be seen of the credentials: a short code, or the "
                                                           "ends of a key."}),
            field<&PaymentAccount::enabled>("enabled", {.doc = "New payments are taken by it."}),
            field<&PaymentAccount::refuses_unknown>(
                "refusesUnknown", {.defaulted = true,
                                   .doc = "M-Pesa asks before it takes a payment to the account, if Safaricom has "
                                          "switched that on: one whose account number fits nothing is refused."}),
            field<&PaymentAccount::credentials>("credentials", {.internal = true}),
            field<&PaymentAccount::callback_token_hash>("callbackTokenHash", {.internal = true}),
            field<&PaymentAccount::former_token_hash>("formerTokenHash", {.internal = true}),
            field<&PaymentAccount::callback_token>("callbackToken", {.internal = true}),
            field<&PaymentAccount::callbacks_registered_at>(
                "callbacksRegisteredAt", {.doc = "When the provider was told where to announce payments."}),
            field<&PaymentAccount::pulled_until>("pulledUntil", {.internal = true}),
            schema::flatten<&PaymentAccount::meta>());
    }
};

// PaymentIntent::pays(), of the alias `of`.
#define POS_INTENT_PAYS(of)                                       \
    "(" of ".state = 'succeeded' and " of ".refunded = 0 and " of \
    ".refund_held = 0 "                                           \
    "and not " of ".disputed)"

// One attempt to be paid. Moved by pos::PaymentIntents alone (intents.h).
struct PaymentIntent {
    IntentId id;
    base::Uuid client_request_id;
    PaymentAccountId account_id;
    std::string provider;
    PaymentPurpose purpose = PaymentPurpose::sale;
    base::Uuid subject_id;  // of a sale: its id or its clientRequestId, which may be known before the sale is
    std::optional<LocationId> location_id;
    base::Money amount;
    std::string currency;
    std::optional<std::string> phone;  // E.164 without "+"
    std::string reference;
    std::string description;
    std::optional<std::string> return_url;  // where the payer comes back to from a hosted page
    IntentState state = IntentState::created;
    std::optional<std::string> provider_id;  // CheckoutRequestID, pi_…
    std::optional<std::string> second_id;    // MerchantRequestID, cs_…
    std::optional<std::string> receipt_code;
    std::optional<std::string> result_code;
    std::optional<std::string> result_text;
    std::optional<IntentConcern> concern;
    bool waits = false;     // paid, and what it pays is not there yet
    bool disputed = false;  // the payer wants it back from the bank; shown as the concern (shown_intent())
    std::optional<base::Money> received;  // where it is not what was asked for
    std::optional<std::string> redirect_url;
    std::optional<schema::Bytes> sealed_client_secret;
    base::Money refunded;     // gone back
    base::Money refund_held;  // on its way back, or nobody knows
    std::int32_t queries = 0;
    std::optional<base::Timestamp> next_query_at;  // null: no query is due
    base::Timestamp expires_at;                    // of the prompt
    std::optional<base::Timestamp> sent_at;
    std::optional<base::Timestamp> paid_at;      // by the provider's clock, else ours
    std::optional<base::Timestamp> finished_at;  // when it became final first
    base::Timestamp created_at;
    base::Timestamp updated_at;
    std::optional<UserId> created_by;
    std::int32_t version = 1;

    // The whole of it is there, and nobody wants it back. POS_INTENT_PAYS says the same in SQL.
    [[nodiscard]] bool pays() const {
        return state == IntentState::succeeded && refunded.minor == 0 && refund_held.minor == 0 && !disputed;
    }

    friend constexpr auto describe(PaymentIntent*) {
        using schema::field;
        return schema::object<PaymentIntent>(
            "PaymentIntent", field<&PaymentIntent::id>("id"),
            field<&PaymentIntent::client_request_id>("clientRequestId"), field<&PaymentIntent::account_id>("accountId"),
            field<&PaymentIntent::provider>(
                "provider", {.text = schema::Text::identifier, .one_of = &schema::type_of<PaymentProvider>}),
            field<&PaymentIntent::purpose>("purpose"), field<&PaymentIntent::subject_id>("subjectId"),
            field<&PaymentIntent::location_id>("locationId"), field<&PaymentIntent::amount>("amount"),
            field<&PaymentIntent::currency>("currency"),
            field<&PaymentIntent::phone>(
                "phone",
                {.format = schema::Format::phone, .doc = doc_of_shown_phone, .example = example_of_shown_phone}),
            field<&PaymentIntent::reference>("reference", {.doc = "What the payer reads."}),
            field<&PaymentIntent::description>("description"), field<&PaymentIntent::return_url>("returnUrl"),
            field<&PaymentIntent::state>("state"),
            field<&PaymentIntent::provider_id>("providerId", {.text = schema::Text::raw}),
            field<&PaymentIntent::second_id>("secondId", {.text = schema::Text::raw, .internal = true}),
            field<&PaymentIntent::receipt_code>(
                "receiptCode", {.text = schema::Text::raw, .doc = "What the payer holds in hand, once it is known."}),
            field<&PaymentIntent::result_code>("resultCode", {.doc = "The provider's own."}),
            field<&PaymentIntent::result_text>("resultText", {.doc = "The provider's own."}),
            field<&PaymentIntent::concern>("concern", {.doc = "Why somebody should look at it."}),
            field<&PaymentIntent::waits>("waits", {.doc = "Paid, and what it pays has not come yet."}),
            field<&PaymentIntent::disputed>("disputed", {.internal = true}),
            field<&PaymentIntent::received>("received", {.internal = true}),
            field<&PaymentIntent::redirect_url>("redirectUrl", {.doc = "Where the payer goes on; null: nowhere."}),
            field<&PaymentIntent::sealed_client_secret>("sealedClientSecret", {.internal = true}),
            field<&PaymentIntent::refunded>("refunded"),
            field<&PaymentIntent::refund_held>("refundHeld", {.doc = "On its way back, or its outcome is not known."}),
            field<&PaymentIntent::queries>("queries", {.internal = true}),
            field<&PaymentIntent::next_query_at>("nextQueryAt", {.internal = true}),
            field<&PaymentIntent::expires_at>("expiresAt", {.doc = "How long the payer has to answer."}),
            field<&PaymentIntent::sent_at>("sentAt"), field<&PaymentIntent::paid_at>("paidAt"),
            field<&PaymentIntent::finished_at>("finishedAt"), field<&PaymentIntent::created_at>("createdAt"),
            field<&PaymentIntent::updated_at>("updatedAt"),
            field<&PaymentIntent::created_by>("createdBy", {.internal = true}),
            field<&PaymentIntent::version>("version"));
    }
};

// As replies have it.
[[nodiscard]] inline PaymentIntent shown_intent(PaymentIntent intent) {
    intent.phone = shown_phone(std::move(intent.phone));
    if (intent.disputed) intent.concern = IntentConcern::disputed;
    return intent;
}

// A key whose request was given an intent of another: repeated, it is given the same.
struct IntentKey {
    base::Uuid client_request_id;
    IntentId intent_id;
    base::Timestamp created_at;

    friend constexpr auto describe(IntentKey*) {
        using schema::field;
        return schema::object<IntentKey>("IntentKey", field<&IntentKey::client_request_id>("clientRequestId"),
                                         field<&IntentKey::intent_id>("intentId"),
                                         field<&IntentKey::created_at>("createdAt"));
    }
};

enum class RefundState : std::uint8_t { pending, succeeded, failed, unknown };
constexpr auto describe(RefundState*) {
    return schema::enumeration<RefundState>("RefundState", {{RefundState::pending, "pending"},
                                                            {RefundState::succeeded, "succeeded"},
                                                            {RefundState::failed, "failed"},
                                                            {RefundState::unknown, "unknown"}});
}

// Money that goes back. What has not failed counts: together never more than was paid, which a check of the intent's row decides.
struct PaymentRefund {
    RefundId id;
    base::Uuid client_request_id;
    IntentId intent_id;
    base::Money amount;
    std::string reason;
    bool by_hand = false;  // a person sent it, outside of here
    RefundState state = RefundState::pending;
    std::optional<std::string> provider_id;
    std::optional<std::string> result_code;
    std::optional<std::string> result_text;
    std::optional<UserId> created_by;
    base::Timestamp created_at;
    base::Timestamp updated_at;
    std::optional<base::Timestamp>
        told_at{};  // by an event that says it is done; of those without a name, each tells of one

    friend constexpr auto describe(PaymentRefund*) {
        using schema::field;
        return schema::object<PaymentRefund>(
            "PaymentRefund", field<&PaymentRefund::id>("id"),
            field<&PaymentRefund::client_request_id>("clientRequestId"), field<&PaymentRefund::intent_id>("intentId"),
            field<&PaymentRefund::amount>("amount"), field<&PaymentRefund::reason>("reason"),
            field<&PaymentRefund::by_hand>("byHand"), field<&PaymentRefund::state>("state"),
            field<&PaymentRefund::provider_id>("providerId", {.text = schema::Text::raw}),
            field<&PaymentRefund::result_code>("resultCode"), field<&PaymentRefund::result_text>("resultText"),
            field<&PaymentRefund::created_by>("createdBy", {.internal = true}),
            field<&PaymentRefund::created_at>("createdAt"), field<&PaymentRefund::updated_at>("updatedAt"),
            field<&PaymentRefund::told_at>("toldAt", {.internal = true}));
    }
};

enum class RefundTaskState : std::uint8_t { open, done, dismissed };
constexpr auto describe(RefundTaskState*) {
    return schema::enumeration<RefundTaskState>(
        "RefundTaskState",
        {{RefundTaskState::open, "open"}, {RefundTaskState::done, "done"}, {RefundTaskState::dismissed, "dismissed"}});
}

// Money that is owed back to somebody: one an intent, for people to decide.
struct RefundTask {
    IntentId intent_id;
    IntentConcern reason{};
    base::Money amount;
    RefundTaskState state = RefundTaskState::open;
    base::Timestamp created_at;
    std::optional<base::Timestamp> closed_at;
    std::optional<UserId> closed_by;
    std::optional<std::string> note;

    friend constexpr auto describe(RefundTask*) {
        using schema::field;
        return schema::object<RefundTask>(
            "RefundTask", field<&RefundTask::intent_id>("intentId"), field<&RefundTask::reason>("reason"),
            field<&RefundTask::amount>("amount"), field<&RefundTask::state>("state"),
            field<&RefundTask::created_at>("createdAt"), field<&RefundTask::closed_at>("closedAt"),
            field<&RefundTask::closed_by>("closedBy", {.internal = true}),
            field<&RefundTask::note>("note", {.max_length = 500, .text = schema::Text::free}));
    }
};

enum class DisputeState : std::uint8_t { open, won, lost };
constexpr auto describe(DisputeState*) {
    return schema::enumeration<DisputeState>(
        "DisputeState", {{DisputeState::open, "open"}, {DisputeState::won, "won"}, {DisputeState::lost, "lost"}});
}

// The payer wants the money back from the bank. An attempt may have several.
struct Dispute {
    IntentId intent_id;
    std::string provider_id;  // "": the provider gives it no name
    DisputeState state = DisputeState::open;
    base::Money amount;           // 0: not said, or in another currency
    base::Money refunded_before;  // what had gone back of the attempt when it was heard of
    base::Timestamp created_at;
    base::Timestamp updated_at;

    friend constexpr auto describe(Dispute*) {
        using schema::field;
        return schema::object<Dispute>(
            "Dispute", field<&Dispute::intent_id>("intentId"),
            field<&Dispute::provider_id>("providerId", {.text = schema::Text::raw}), field<&Dispute::state>("state"),
            field<&Dispute::amount>("amount"), field<&Dispute::refunded_before>("refundedBefore"),
            field<&Dispute::created_at>("createdAt"), field<&Dispute::updated_at>("updatedAt"));
    }
};

// What a provider sent, byte for byte, before anybody read it. Received and done are two things: `processed_at` null is not done.
struct ProviderEvent {
    ProviderEventId id;
    PaymentAccountId account_id;
    std::string provider;
    std::string kind;        // the path's last part: "stk", "confirm", …
    std::string dedupe_key;  // of what it says, else of its bytes
    schema::Bytes body;
    schema::Json headers;                    // those that a signature needs: an object
    bool trusted = true;                     // it came from an address of MPESA_CALLBACK_SOURCES, or is signed
    std::optional<std::string> attempt_ref;  // what the provider calls the attempt that it is about
    base::Timestamp received_at;
    std::optional<IntentId> intent_id;
    std::optional<base::Timestamp> processed_at;
    std::optional<base::Timestamp> due_at;  // when it is looked at again, if its job does not come; null: done
    std::optional<std::string> outcome;     // what became of it, in a word
    std::int32_t deliveries = 1;

    friend constexpr auto describe(ProviderEvent*) {
        using schema::field;
        return schema::object<ProviderEvent>(
            "ProviderEvent", field<&ProviderEvent::id>("id"), field<&ProviderEvent::account_id>("accountId"),
            field<&ProviderEvent::provider>("provider", {.text = schema::Text::identifier}),
            field<&ProviderEvent::kind>("kind"),
            field<&ProviderEvent::dedupe_key>("dedupeKey", {.text = schema::Text::raw}),
            field<&ProviderEvent::body>("body", {.internal = true}),
            field<&ProviderEvent::headers>("headers", {.internal = true}), field<&ProviderEvent::trusted>("trusted"),
            field<&ProviderEvent::attempt_ref>("attemptRef", {.text = schema::Text::raw}),
            field<&ProviderEvent::received_at>("receivedAt"), field<&ProviderEvent::intent_id>("intentId"),
            field<&ProviderEvent::processed_at>("processedAt"), field<&ProviderEvent::due_at>("dueAt"),
            field<&ProviderEvent::outcome>("outcome"), field<&ProviderEvent::deliveries>("deliveries"));
    }
};

enum class C2bState : std::uint8_t { unmatched, matched };
constexpr auto describe(C2bState*) {
    return schema::enumeration<C2bState>("C2bState",
                                         {{C2bState::unmatched, "unmatched"}, {C2bState::matched, "matched"}});
}
enum class C2bMatch : std::uint8_t { intent, sale_payment, invoice };
constexpr auto describe(C2bMatch*) {
    return schema::enumeration<C2bMatch>(
        "C2bMatch",
        {{C2bMatch::intent, "intent"}, {C2bMatch::sale_payment, "sale_payment"}, {C2bMatch::invoice, "invoice"}});
}

// Money that came to an account of the shop, told by the provider: by itself, or beside the intent that it belongs to.
struct C2bPayment {
    C2bPaymentId id;
    PaymentAccountId account_id;
    std::string provider;
    std::string receipt;
    std::string account_code;  // the short code that it came to
    base::Money amount;
    std::string currency;
    std::string reference;  // as the payer typed it
    std::string payer_hash;
    std::string payer_name;
    std::optional<base::Timestamp> paid_at;
    bool proven =
        true;  // false: whoever told it is not known to be the provider, and no list of the provider's has it yet
    base::Timestamp received_at;
    C2bState state = C2bState::unmatched;
    std::optional<C2bMatch> matched_kind;
    std::optional<base::Uuid> matched_id;
    std::optional<base::Timestamp> matched_at;
    std::optional<UserId> matched_by;  // null: by itself
    std::int32_t version = 1;

    friend constexpr auto describe(C2bPayment*) {
        using schema::field;
        return schema::object<C2bPayment>(
            "C2bPayment", field<&C2bPayment::id>("id"), field<&C2bPayment::account_id>("accountId"),
            field<&C2bPayment::provider>("provider", {.text = schema::Text::identifier}),
            field<&C2bPayment::receipt>("receipt", {.text = schema::Text::raw}),
            field<&C2bPayment::account_code>("accountCode"), field<&C2bPayment::amount>("amount"),
            field<&C2bPayment::currency>("currency"),
            field<&C2bPayment::reference>("reference", {.doc = "As the payer typed it."}),
            field<&C2bPayment::payer_hash>("payerHash", {.internal = true}),
            field<&C2bPayment::payer_name>("payerName"), field<&C2bPayment::paid_at>("paidAt"),
            field<&C2bPayment::proven>(
                "proven", {.doc = "False: it came from an address that is not the provider's, and the provider has not "
                                  "confirmed it yet. It pays nothing until it does, or somebody matches it."}),
            field<&C2bPayment::received_at>("receivedAt"), field<&C2bPayment::state>("state"),
            field<&C2bPayment::matched_kind>("matchedKind"), field<&C2bPayment::matched_id>("matchedId"),
            field<&C2bPayment::matched_at>("matchedAt"),
            field<&C2bPayment::matched_by>("matchedBy", {.internal = true}), field<&C2bPayment::version>("version"));
    }
};

namespace tables {
inline constexpr auto payment_accounts = db::tenant_table<PaymentAccount>(
    "payment_accounts", db::primary_key<&PaymentAccount::id>(errors::id_taken), db::no_delete(),
    db::unique<&PaymentAccount::owner, &PaymentAccount::provider, &PaymentAccount::shown>(
        "payment_accounts_live", errors::payment_account_exists)
        .where("deleted_at is null"),
    db::index<&PaymentAccount::name, &PaymentAccount::id>("payment_accounts_by_name"),
    db::index<&RowMeta::updated_at, &PaymentAccount::id>("payment_accounts_updated"),
    // Before a tenant is known.
    db::expression_index("payment_accounts_by_token", "btree", "callback_token_hash"),
    db::expression_index("payment_accounts_by_former_token", "btree", "former_token_hash")
        .where("former_token_hash is not null"));

inline constexpr auto payment_intents = db::tenant_table<PaymentIntent>(
    "payment_intents", db::primary_key<&PaymentIntent::id>(errors::id_taken), db::no_delete(),
    db::column_default<&PaymentIntent::disputed>("false"),
    db::unique<&PaymentIntent::client_request_id>("payment_intents_request", errors::intent_request_used),
    db::unique<&PaymentIntent::provider, &PaymentIntent::receipt_code>("payment_intents_receipt", errors::receipt_used)
        .where("receipt_code is not null"),
    db::references<&PaymentIntent::account_id>("payment_intents_account", payment_accounts,
                                               errors::unknown_payment_account),
    db::references<&PaymentIntent::location_id>("payment_intents_location", locations, errors::unknown_location),
    db::check("payment_intents_amount", "amount > 0", db::errors::value_refused),
    db::check("payment_intents_refunds", "refunded >= 0 and refund_held >= 0 and refunded + refund_held <= amount",
              errors::refund_exceeds),
    db::index<&PaymentIntent::created_at, &PaymentIntent::id>("payment_intents_newest"),
    db::index<&PaymentIntent::state, &PaymentIntent::created_at, &PaymentIntent::id>("payment_intents_by_state"),
    db::index<&PaymentIntent::location_id, &PaymentIntent::created_at, &PaymentIntent::id>(
        "payment_intents_of_location"),
    db::index<&PaymentIntent::subject_id, &PaymentIntent::created_at, &PaymentIntent::id>("payment_intents_of_subject"),
    // One name there is one attempt here: who asks by it is told of one payment.
    db::unique<&PaymentIntent::account_id, &PaymentIntent::provider_id>("payment_intents_provider_id",
                                                                        errors::provider_id_used)
        .where("provider_id is not null"),
    db::index<&PaymentIntent::phone, &PaymentIntent::created_at>("payment_intents_of_phone")
        .where("phone is not null and state in ('created', 'sent', 'pending', 'unknown')"),
    // Across tenants: what is to be queried, and what waits for its subject.
    db::expression_index("payment_intents_waiting", "btree", "paid_at").where("waits"),
    db::expression_index("payment_intents_due", "btree", "next_query_at").where("next_query_at is not null"));

inline constexpr auto payment_intent_keys = db::tenant_table<IntentKey>(
    "payment_intent_keys", db::primary_key<&IntentKey::client_request_id>(errors::intent_request_used), db::no_delete(),
    db::references<&IntentKey::intent_id>("payment_intent_keys_intent", payment_intents, errors::unknown_intent));

inline constexpr auto payment_refunds = db::tenant_table<PaymentRefund>(
    "payment_refunds", db::primary_key<&PaymentRefund::id>(errors::id_taken), db::no_delete(),
    db::unique<&PaymentRefund::client_request_id>("payment_refunds_request", errors::intent_request_used),
    db::references<&PaymentRefund::intent_id>("payment_refunds_intent", payment_intents, errors::unknown_intent),
    db::check("payment_refunds_amount", "amount > 0", db::errors::value_refused),
    db::index<&PaymentRefund::intent_id, &PaymentRefund::created_at, &PaymentRefund::id>("payment_refunds_of_intent"),
    db::expression_index("payment_refunds_open", "btree", "updated_at").where("state in ('pending', 'unknown')"));

inline constexpr auto payment_refund_tasks = db::tenant_table<RefundTask>(
    "payment_refund_tasks", db::primary_key<&RefundTask::intent_id>(), db::no_delete(),
    db::references<&RefundTask::intent_id>("payment_refund_tasks_intent", payment_intents, errors::unknown_intent),
    db::index<&RefundTask::created_at, &RefundTask::intent_id>("payment_refund_tasks_newest"),
    db::index<&RefundTask::state, &RefundTask::created_at, &RefundTask::intent_id>("payment_refund_tasks_by_state"));

inline constexpr auto payment_disputes = db::tenant_table<Dispute>(
    "payment_disputes", db::primary_key<&Dispute::intent_id, &Dispute::provider_id>(), db::no_delete(),
    db::references<&Dispute::intent_id>("payment_disputes_intent", payment_intents, errors::unknown_intent));

inline constexpr auto provider_events = db::tenant_table<ProviderEvent>(
    "provider_events", db::primary_key<&ProviderEvent::id>(),
    db::unique<&ProviderEvent::account_id, &ProviderEvent::dedupe_key>("provider_events_once",
                                                                       errors::provider_event_known),
    db::references<&ProviderEvent::account_id>("provider_events_account", payment_accounts,
                                               errors::unknown_payment_account),
    db::index<&ProviderEvent::account_id, &ProviderEvent::attempt_ref>("provider_events_waiting")
        .where("processed_at is null"),
    db::index<&ProviderEvent::account_id, &ProviderEvent::received_at>("provider_events_not_understood")
        .where("outcome = 'not_understood'"),
    // Across tenants: what is to be looked at again, and what goes.
    db::expression_index("provider_events_due", "btree", "due_at").where("due_at is not null"),
    db::expression_index("provider_events_age", "btree", "received_at"));

inline constexpr auto c2b_payments = db::tenant_table<C2bPayment>(
    "c2b_payments", db::primary_key<&C2bPayment::id>(), db::no_delete(),
    db::unique<&C2bPayment::provider, &C2bPayment::receipt>("c2b_payments_receipt", errors::receipt_used),
    db::unique<&C2bPayment::matched_kind, &C2bPayment::matched_id>("c2b_payments_match", errors::receipt_used)
        .where("matched_id is not null and matched_kind <> 'invoice'"),
    db::references<&C2bPayment::account_id>("c2b_payments_account", payment_accounts, errors::unknown_payment_account),
    db::index<&C2bPayment::received_at, &C2bPayment::id>("c2b_payments_newest"),
    db::index<&C2bPayment::state, &C2bPayment::received_at, &C2bPayment::id>("c2b_payments_by_state"));
}  // namespace tables

}  // namespace pos
