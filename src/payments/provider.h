#pragma once
// Provider: who moves the money. One folder and one class a provider; whoever stores attempts knows this interface alone. All that it
// learns it says as Evidence (state.h). Loop's thread only; it holds no state of an attempt, and no credentials between two calls but
// what a cache in Redis keeps.
//
//     const payments::Started started = co_await provider.start(account, {.id = intent.id, .amount = …, .phone = …}, within);
//     const payments::Decision decision = payments::decide(attempt, started.evidence);

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"
#include "client/client.h"
#include "http/headers.h"
#include "payments/state.h"
#include "schema/schema.h"

namespace payments {

class Payouts;  // payouts.h

// An account of somebody at a provider. `credentials` is what they typed in once, opened for this call: a JSON object whose members the
// provider knows; it is in no log and no error. `callback_url` ends in `/{token}`, and names this account.
struct Account {
    base::Uuid id;
    schema::Json credentials;
    std::string callback_url;
};

// What a provider can do, and for how much.
struct Traits {
    std::string_view name;   // "mpesa": in URLs, rows, metrics
    std::string_view title;  // "M-Pesa"
    std::span<const std::string_view> currencies;
    base::Money least;  // minor units
    base::Money most;
    std::int64_t step = 1;               // an amount is a multiple of it: 100 where only whole units are taken
    bool by_phone = false;               // prompts a phone: `phone` is demanded
    bool pages = false;                  // with a return_url a page of its own instead of a prompt: no phone is needed
    bool only_pages = false;             // nothing rings: a phone is an address of the page's payer
    bool refunds = false;                // refund() sends money back; otherwise people do
    bool registers = false;              // register_callbacks()
    bool pulls = false;                  // pull()
    bool cancels = false;                // cancel() calls an attempt off at the provider
    std::chrono::seconds prompt_lives;   // how long a payer has
    std::chrono::hours resend_within{};  // a lost start may be sent again under the same key for so long; 0: never
};

struct StartRequest {
    base::Uuid id;  // of the attempt: its idempotency key, and what the provider gives back to us
    base::Money amount;
    std::string currency;
    std::string phone{};    // E.164 without "+", when by_phone; "": a page was asked for
    std::string reference;  // what the payer reads: an order's number
    std::string description{};
    std::string return_url{};      // of a hosted page; "": no hosted page
    base::Timestamp created_at{};  // of the attempt, to the second: the same at every repeat
};

// What the payer's device does next. All "" where a prompt rings by itself.
struct Action {
    std::string redirect_url{};
    std::string client_secret{};  // for the provider's own library in the browser; in no log
};

struct Started {
    Evidence evidence;  // accepted, refused, lost, not_sent; paid
    Action action{};
};

struct AttemptRef {
    base::Uuid id;
    std::string provider_id{};  // "": not known
    std::string second_id{};
    base::Money amount;
    std::string currency;
    std::string receipt{};
    base::Timestamp created_at;
};

struct RefundRequest {
    AttemptRef attempt;
    base::Uuid id;  // of the refund: its idempotency key
    base::Money amount;
    std::string reason{};
    bool repeat = false;           // it may have been sent before: without keys it is looked up, and nothing is sent
    base::Timestamp created_at{};  // when it was first sent
};
// One that the provider has named, whoever made it.
struct RefundRef {
    AttemptRef attempt;
    std::string provider_id;
    base::Timestamp created_at;  // when it was first heard of
};
struct Refunded {
    enum class Outcome : std::uint8_t { done, pending, refused, unknown } outcome = Outcome::unknown;
    std::string provider_id{};
    std::string code{};
    std::string text{};
};

// What a callback's bytes say. Several of one delivery are several.
struct Claim {
    std::string dedupe_key;               // of the event: one is processed once
    std::optional<base::Uuid> attempt{};  // by our own id, where the provider gives it back
    Evidence evidence;                    // provider_id finds the attempt where there is no id
    // Money that came (`paid`), or may come (`processing`: whether it would be taken is asked), without an attempt of ours, or beside
    // one: a confirmation of the account's own (C2B).
    struct Received {
        std::string receipt;
        base::Money amount;
        std::string reference;   // as the payer typed it
        std::string payer_hash;  // SHA-256 in hex of what names the payer, never the number
        std::string payer_name{};
        std::optional<base::Timestamp> at{};
        std::string account_code;  // the short code it came to
    };
    std::optional<Received> received{};
    // What became of a refund: `id` is ours, where the provider gives it back. Without it, what the provider calls it tells which one it
    // is, or that it was made elsewhere. Without either it is no fact about any refund: the provider is asked what has gone back.
    struct RefundNews {
        std::optional<base::Uuid> id{};
        base::Money amount;
        Refunded refunded;
        bool may_be_ours = false;         // the provider keeps our name with it, and does not say it here
        bool may_be_written_down = true;  // a person may have sent it there, and noted it here
        std::string currency{};           // "": not said
    };
    std::optional<RefundNews> refund{};
    // The payer wants it back from the bank, or what the bank has decided. Of `lost` the money is gone, or goes back as a refund.
    struct DisputeNews {
        enum class State : std::uint8_t { open, won, lost } state = State::open;
        std::string provider_id{};  // "": the provider has one of an attempt
        base::Money amount{};       // 0: not said
        std::string currency{};     // "": not said
    };
    std::optional<DisputeNews> dispute{};
    // A dispute or a refund that was made elsewhere: the words for people.
    std::string note{};
    // It says that something happened to the attempt, and not what: the provider is asked. Deliveries are alike, byte for byte, and not
    // the same: each is read.
    bool is_hint = false;
    bool asks_of_paid = false;  // of a hint: also about an attempt that is paid
};

struct CallbackRefusal {
    int status = 400;    // what the sender is answered
    std::string detail;  // for the log
};
struct VerifiedCallback {
    std::vector<Claim> claims;  // none: nothing that is understood; it is kept all the same
    std::string reply = R"({"ResultCode":0,"ResultDesc":"Accepted"})";
    // Where a header that was sent is itself the secret: what is kept with the bytes in its place, and proves the same.
    std::optional<http::Headers> kept{};
};

struct Saying {
    std::string text;
    bool may_try_again = false;
    std::optional<std::chrono::seconds> after{};
};

class Provider {
public:
    virtual ~Provider() = default;
    [[nodiscard]] virtual const Traits& traits() const = 0;
    // Credentials as typed in: their canonical JSON, or what is wrong with them by member (a schema::ReadError).
    [[nodiscard]] virtual std::expected<schema::Json, schema::ReadError> read_credentials(
        std::string_view json) const = 0;
    // What may be shown of credentials, for people to tell accounts apart: "174379", "sk_test_…4Fq2".
    [[nodiscard]] virtual std::string shown(const schema::Json& credentials) const = 0;
    // Whether money moves by them, as far as they say: by the key itself, or by the environment that was typed in with it.
    [[nodiscard]] virtual bool is_live(const schema::Json& /*credentials*/) const { return false; }

    [[nodiscard]] virtual async::Task<Started> start(Account account, StartRequest request, client::Call call) = 0;
    [[nodiscard]] virtual async::Task<Evidence> query(Account account, AttemptRef attempt, client::Call call) = 0;
    [[nodiscard]] virtual async::Task<Refunded> refund(Account account, RefundRequest request, client::Call call) = 0;
    // What became of it, by the provider's own name. Sends nothing; what is not found is `unknown`, and no failure.
    [[nodiscard]] virtual async::Task<Refunded> ask_refund(Account /*account*/, RefundRef /*refund*/,
                                                           client::Call /*call*/) {
        co_return Refunded{.code = "not_offered"};
    }
    // Where traits().cancels: cancelled, or what it has become by now.
    [[nodiscard]] virtual async::Task<Evidence> cancel(Account account, AttemptRef attempt, client::Call call) = 0;
    // Where traits().registers: tells the provider where money that comes by itself is to be announced. Evidence: accepted or refused.
    [[nodiscard]] virtual async::Task<Evidence> register_callbacks(Account account, client::Call call) = 0;
    // Where traits().pulls: what came in since then, as far back as the provider knows (M-Pesa: 48 hours).
    struct Pulled {
        std::vector<Claim> claims;
        bool whole = false;      // false: an error cut it short, or it could not be asked
        bool is_offered = true;  // false: the account is not set up for it
        std::string text{};      // of that error
    };
    [[nodiscard]] virtual async::Task<Pulled> pull(Account account, base::Timestamp since, client::Call call) = 0;
    // What has gone back of an attempt, or is on its way, each by the provider's own name of it. Of a provider whose events tell of a
    // refund, and not of which.
    struct RefundList {
        std::vector<Claim::RefundNews> refunds;
        bool whole = false;       // false: some may be missing, or it could not be asked
        bool is_offered = false;  // false: the provider has no such list, or its events name what they tell of
    };
    [[nodiscard]] virtual async::Task<RefundList> list_refunds(Account /*account*/, AttemptRef /*attempt*/,
                                                               client::Call /*call*/) {
        co_return RefundList{};
    }
    // `kind` is the last part of the path: "stk", "confirm", "validate", "timeout", "events", "ipn". Touches nothing outside.
    [[nodiscard]] virtual std::expected<VerifiedCallback, CallbackRefusal> verify_callback(
        const Account& account, std::string_view kind, std::string_view bytes, const http::Headers& headers,
        base::Timestamp now) const = 0;
    // The same of one that was proved when it came: what it says, whatever has become of the credentials since. nullopt: no such kind.
    [[nodiscard]] virtual std::optional<VerifiedCallback> read_callback(std::string_view kind,
                                                                        std::string_view bytes) const = 0;
    // What the payer is shown of a reference, and types where money comes by itself.
    [[nodiscard]] virtual std::string shown_reference(std::string_view reference) const {
        return std::string(reference);
    }
    // Where money can be sent out by it, too; nullptr: it cannot.
    [[nodiscard]] virtual Payouts* payouts() noexcept { return nullptr; }
    // What whoever stands at the counter is told about a code, in `language` ("en", "sw").
    [[nodiscard]] virtual Saying saying(std::string_view code, std::string_view language) const = 0;
};

// When an attempt is to be queried next: 30 s, 60 s, 2, 5, 15 min after its start, then once a day. Always after `now`: times that went
// by while nobody could ask are not made up for, and a query that somebody asked for takes none away.
[[nodiscard]] base::Timestamp next_query(base::Timestamp created_at, base::Timestamp now);

}  // namespace payments
