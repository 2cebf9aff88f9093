// A shop's accounts at providers. Credentials come in and are never read back.
#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>

#include "auth/caller.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/routes.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

namespace own {
constexpr base::ErrorCode register_refused{"payment.register_refused", 422, false, base::Action::fix,
                                           "The provider does not take the address for its callbacks"};
constexpr auto not_offered = base::invalid("payment.not_offered", "This provider does not offer it");
constexpr base::ErrorCode platform_account{"payment.platform_account", 403, false, base::Action::contact,
                                           "This account is what the subscription is paid to"};
}  // namespace own

// What a provider wants to know, of all of them: which members belong to which is in their docs, and what each has to be, its provider
// says.
struct AccountCredentials {
    std::optional<std::string> environment;
    std::optional<std::string> kind;
    std::optional<std::string> short_code;
    std::optional<std::string> till_number;
    std::optional<std::string> consumer_key;
    std::optional<std::string> consumer_secret;
    std::optional<std::string> passkey;
    std::optional<std::string> nominated_number;
    std::optional<std::string> initiator_name;
    std::optional<std::string> initiator_password;
    std::optional<std::string> certificate;
    std::optional<std::string> secret_key;
    std::optional<std::string> publishable_key;
    std::optional<std::vector<std::string>> webhook_secrets;
    std::optional<std::vector<std::string>> secret_hashes;
    std::optional<std::string> email;

    friend constexpr auto describe(AccountCredentials*) {
        using schema::field;
        using T = AccountCredentials;
        constexpr auto member = [](std::string_view doc) {
            return schema::StringRules{.max_length = 8'000, .text = schema::Text::raw, .doc = doc};
        };
        return schema::object<T>(
            "PaymentCredentials",
            field<&T::environment>("environment", member("M-Pesa, Pesapal: `sandbox` or `production`.")),
            field<&T::kind>("kind", member("M-Pesa: `paybill` or `till` (Buy Goods).")),
            field<&T::short_code>("shortCode", member("M-Pesa: the paybill; of Buy Goods the store's number.")),
            field<&T::till_number>("tillNumber", member("M-Pesa, of Buy Goods: the number that customers pay.")),
            field<&T::consumer_key>("consumerKey", member("M-Pesa, Pesapal.")),
            field<&T::consumer_secret>("consumerSecret", member("M-Pesa, Pesapal.")),
            field<&T::passkey>("passkey", member("M-Pesa: of prompts. An account that only pays out has none.")),
            field<&T::nominated_number>("nominatedNumber",
                                        member("M-Pesa: named for pulling transactions, as 254712345678.")),
            field<&T::initiator_name>("initiatorName", member("M-Pesa, to pay out: the API operator.")),
            field<&T::initiator_password>("initiatorPassword", member("M-Pesa, to pay out.")),
            field<&T::certificate>("certificate", member("M-Pesa, to pay out: Safaricom's, in PEM.")),
            field<&T::secret_key>("secretKey", member("Stripe, Flutterwave, Paystack: as the dashboard shows it.")),
            field<&T::publishable_key>("publishableKey", member("Stripe.")),
            field<&T::webhook_secrets>(
                "webhookSecrets",
                {.max_items = 10, .items = member(""), .doc = "Stripe: of the endpoint; the new one first."}),
            field<&T::secret_hashes>(
                "secretHashes",
                {.max_items = 10, .items = member(""), .doc = "Flutterwave: of the webhook; the new one first."}),
            field<&T::email>("email", member("Flutterwave, Paystack: the shop's, where a payer has none.")));
    }
};

struct NewAccount {
    std::optional<PaymentAccountId> id;
    PaymentProvider provider{};
    std::string name;
    AccountCredentials credentials;

    friend constexpr auto describe(NewAccount*) {
        using schema::field;
        return schema::object<NewAccount>(
            "NewPaymentAccount", field<&NewAccount::id>("id", {.doc = "Made by the server when it is missing."}),
            field<&NewAccount::provider>("provider", {.example = R"("mpesa")"}),
            field<&NewAccount::name>("name", {.min_length = 1,
                                              .max_length = 120,
                                              .text = schema::Text::name,
                                              .doc = "For people: \"Till of Westlands\"."}),
            field<&NewAccount::credentials>(
                "credentials",
                {.write_only = true,
                 .doc = "By provider. M-Pesa: `environment`, `kind`, `shortCode`, `tillNumber` of a till, "
                        "`consumerKey`, `consumerSecret`, `passkey`; to pay out `initiatorName`, `initiatorPassword`, "
                        "`certificate`. Stripe: `secretKey`, `webhookSecrets`, "
                        "`publishableKey`. Flutterwave: `secretKey`, `secretHashes`, `email`. Paystack: `secretKey`, "
                        "`email`. Pesapal: `environment`, `consumerKey`, `consumerSecret`. It is sealed, and no reply "
                        "has it.",
                 .example = R"({"environment":"sandbox","kind":"paybill","shortCode":"174379","consumerKey":"key",)"
                            R"("consumerSecret":"secret","passkey":"passkey"})"}));
    }
};

struct AccountChange {
    std::optional<std::string> name;
    std::optional<bool> enabled;
    std::optional<bool> refuses_unknown;
    std::optional<AccountCredentials> credentials;

    friend constexpr auto describe(AccountChange*) {
        using schema::field;
        return schema::object<AccountChange>(
            "PaymentAccountChange",
            field<&AccountChange::name>("name", {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            field<&AccountChange::enabled>("enabled", {.doc = "False: no new payments are taken by it."}),
            field<&AccountChange::refuses_unknown>(
                "refusesUnknown", {.doc = "True: where M-Pesa asks first, a payment whose account number fits nothing "
                                          "that is to be paid is refused."}),
            field<&AccountChange::credentials>("credentials", {.write_only = true, .doc = "All of them anew."}));
    }
};

struct CallbackUrl {
    std::string url;
    std::vector<std::string> kinds;

    friend constexpr auto describe(CallbackUrl*) {
        return schema::object<CallbackUrl>(
            "PaymentCallbackUrl",
            schema::field<&CallbackUrl::url>("url", {.doc = "Of this account: whoever has it can send us callbacks. "
                                                            "Give it to the provider alone, with `/` and a kind behind "
                                                            "it."}),
            schema::field<&CallbackUrl::kinds>("kinds"));
    }
};

// What people copy from a dashboard, with the blanks and the line's end that come along.
std::string trimmed(std::string_view json) {
    const auto text = schema::parse<std::string>(json);
    return text ? schema::to_json(std::string(base::trim(*text))) : std::string(json);
}

// … and nothing that was not sent.
schema::Json typed(const AccountCredentials& sent) {
    auto members = schema::parse<std::map<std::string, schema::Json>>(schema::to_json(sent));
    if (!members) throw std::logic_error("credentials are an object");
    std::erase_if(*members, [](const auto& member) { return member.second.text.empty(); });  // null
    for (auto& [name, value] : *members) {
        auto list = schema::parse<std::vector<schema::Json>>(value.text);
        if (list) {
            for (auto& one : *list) one.text = trimmed(one.text);
            value.text = schema::to_json(*list);
        } else {
            value.text = trimmed(value.text);
        }
    }
    return {schema::to_json(*members)};
}

// What is wrong with a member, for people: providers' rules are patterns.
std::string_view words_for(std::string_view provider, std::string_view member) {
    struct Words {
        std::string_view provider;  // "": of any
        std::string_view member;
        std::string_view text;
    };
    static constexpr auto words = std::to_array<Words>({
        {"stripe", "secretKey",
         "Stripe's secret or restricted key: it begins with sk_test_, sk_live_, rk_test_ or rk_live_."},
        {"stripe", "publishableKey", "Stripe's publishable key: it begins with pk_test_ or pk_live_."},
        {"stripe", "webhookSecrets", "The endpoint's signing secret: it begins with whsec_."},
        {"paystack", "secretKey", "Paystack's secret key: it begins with sk_test_ or sk_live_."},
        {"flutterwave", "secretKey", "Flutterwave's secret key: it begins with FLWSECK- or FLWSECK_TEST-."},
        {"flutterwave", "secretHashes",
         "The secret hash as it is set in Flutterwave's dashboard, without blanks in it."},
        {"mpesa", "shortCode", "The paybill, or the store's number of Buy Goods: five to seven digits."},
        {"mpesa", "tillNumber", "The number that customers pay: five to nine digits."},
        {"mpesa", "nominatedNumber", "A number of Kenya as M-Pesa writes it: 254712345678."},
        {"", "", "Copy it as the provider's dashboard shows it: without blanks in it."},
    });
    return std::ranges::find_if(words,
                                [&](const Words& one) {
                                    return one.member.empty() || (one.provider == provider && one.member == member);
                                })
        ->text;
}

struct CredentialsRead {
    std::string json;
    std::string shown;
};

CredentialsRead read(const PaymentIntents& intents, std::string_view name, const AccountCredentials& sent) {
    const auto& provider = intents.provider_of(name);
    auto read = provider.read_credentials(typed(sent).text);
    if (read) {
        if (!intents.may_use(name, *read)) {
            throw base::Failure(errors::live_credentials,
                                {{"body", "/credentials", "live", "give keys of the provider's sandbox", {}}});
        }
        return {read->text, provider.shown(*read)};
    }
    auto issues = read.error().issues;
    for (auto& issue : issues) {
        const auto parts = base::split(issue.pointer, '/');
        const auto member = parts.size() > 1 ? parts[1] : std::string_view();
        if (issue.code == "pattern") issue.message = words_for(provider.traits().name, member);
        issue.pointer = "/credentials" + issue.pointer;
    }
    if (issues.empty()) issues.push_back({"body", "/credentials", "invalid_type", "an object", {}});
    throw base::Failure(http::errors::invalid, std::move(issues));
}

constexpr List<tables::payment_accounts, By<&PaymentAccount::name>> account_list;

async::Task<db::Page<PaymentAccount>> list(auth::PermittedSomewhere<"payments.read">, http::Query<ListFilter> filter,
                                           db::Db db) {
    return account_list.page(db, *filter);
}

// What stands for the request: its credentials only as a tag under our secret, so that the stored digest helps nobody guess.
Fingerprint fingerprint_of_secret(const NewAccount& input, const auth::SignedValues& values) {
    const auto id = input.id ? input.id->to_string() : std::string();
    const auto tag = values.tag("payment-account", schema::to_json(input.credentials));
    const auto digest =
        base::sha256(std::string(schema::name_of(input.provider)) + '\n' + input.name + '\n' + id + '\n' + tag);
    return {digest, digest};
}

async::Task<Created<PaymentAccount>> create(Create<"payments.manage"> write, http::Body<NewAccount> input,
                                            db::SystemDb system, http::Service<PaymentIntents> intents,
                                            http::Service<AuthService> auth) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    const auto& keys = intents->keys();
    keys.require_on();
    const auto credentials = read(*intents, schema::name_of(input->provider), input->credentials);
    PaymentAccount row;
    row.id = input->id.value_or(write.new_id<PaymentAccountId>());
    row.provider = schema::name_of(input->provider);
    row.name = input->name;
    row.shown = credentials.shown;
    row.credentials = keys.seal_credentials(write.tenant_id, row.id, credentials.json);
    auto token = keys.new_callback_token(write.tenant_id, row.id);
    row.callback_token_hash = std::move(token.hash);
    row.callback_token = std::move(token.sealed);
    row.meta = write.first_version();
    auto once = co_await write.once(row, row.id.uuid(), fingerprint_of_secret(*input, auth->values()));
    once.batch().add(payment_account_rows.add, row);
    co_return co_await once.commit({change_of(payment_account_rows, row)});
}

async::Task<PaymentAccount> show(auth::PermittedSomewhere<"payments.read">, http::Path<"id", PaymentAccountId> id,
                                 db::Db db) {
    co_return live(co_await db.one(payment_account_rows.by_id, *id));
}

void require_own(const PaymentAccount& row) {
    if (row.owner != AccountOwner::tenant) throw base::Failure(own::platform_account);
}

async::Task<PaymentAccount> change(Edit<"payments.manage"> write, http::Path<"id", PaymentAccountId> id,
                                   http::Body<AccountChange> input, db::SystemDb system,
                                   http::Service<PaymentIntents> intents) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    const auto apply = [&](PaymentAccount& row, Writes&) {
        require_own(row);
        if (input->name) row.name = *input->name;
        if (input->enabled) row.enabled = *input->enabled;
        if (input->refuses_unknown) row.refuses_unknown = *input->refuses_unknown;
        const auto& keys = intents->keys();
        if (input->credentials) {
            const auto credentials = read(*intents, row.provider, *input->credentials);
            row.credentials = keys.seal_credentials(write.tenant_id, row.id, credentials.json);
            if (row.shown != credentials.shown) row.callbacks_registered_at.reset();
            row.shown = credentials.shown;
        }
        if (keys.is_on() && keys.sealed(write.tenant_id, row) != PaymentKeys::Sealed::by_first_key)
            keys.reseal(write.tenant_id, row);
    };
    co_return co_await write.edit(payment_account_rows, *id, apply);
}

async::Task<http::NoContent> remove(Edit<"payments.manage"> write, http::Path<"id", PaymentAccountId> id,
                                    db::SystemDb system) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    co_return co_await write.remove(payment_account_rows, *id,
                                    [](const PaymentAccount& row, Writes&) { require_own(row); });
}

async::Task<CallbackUrl> show_callback_url(auth::Permitted<"payments.manage"> caller,
                                           http::Path<"id", PaymentAccountId> id, db::Db db, db::SystemDb system,
                                           http::Service<PaymentIntents> intents, http::Service<AuthService> auth) {
    co_await require_step_up(system, SessionId(caller.session_id), auth->now());
    const auto row = live(co_await db.one(payment_account_rows.by_id, *id));
    require_own(row);
    std::vector<std::string> kinds{"events"};
    if (row.provider == "mpesa") kinds = {"confirm", "validate"};
    if (row.provider == "pesapal") kinds = {"ipn"};
    co_return CallbackUrl{intents->open(caller.tenant_id, row).callback_url, kinds};
}

async::Task<PaymentAccount> register_callbacks(Edit<"payments.manage", Held::as_declared, Versions::any> write,
                                               http::Context& context, http::Path<"id", PaymentAccountId> id, db::Db db,
                                               http::Service<PaymentIntents> intents) {
    const auto row = live(co_await db.one(payment_account_rows.by_id, *id));
    require_own(row);
    auto& provider = intents->provider_of(row.provider);
    if (!provider.traits().registers) throw base::Failure(own::not_offered);
    const auto told = co_await provider.register_callbacks(intents->open(write.tenant_id, row),
                                                           {.deadline = context.deadline(), .span = context.span()});
    if (told.finding != ::payments::Finding::accepted) {
        throw base::Failure(own::register_refused,
                            {{"body", "", told.code.empty() ? "no_answer" : told.code, told.text, {}}});
    }
    co_return co_await write.edit(payment_account_rows, *id, [&](PaymentAccount& changed, Writes&) {
        changed.callbacks_registered_at = write.now();
    });
}

}  // namespace

void account_routes(http::Routes routes) {
    const std::vector<base::ErrorCode> of_credentials{errors::provider_unknown, errors::payments_off,
                                                      errors::payment_account_exists, errors::live_credentials,
                                                      errors::step_up_needed};
    auto of_change = of_credentials;
    of_change.push_back(own::platform_account);
    of_change.push_back(errors::account_unreadable);
    routes.get("/payment-accounts", list, {.id = "listPaymentAccounts", .summary = "Accounts at payment providers"});
    routes.post("/payment-accounts", create,
                {.id = "createPaymentAccount",
                 .summary = "Add an account at a payment provider",
                 .description = "Its credentials are sealed, and never shown again.",
                 .errors = of_credentials});
    routes.get("/payment-accounts/{id}", show, {.id = "getPaymentAccount", .summary = "One account"});
    routes.patch("/payment-accounts/{id}", change,
                 {.id = "changePaymentAccount", .summary = "Change an account", .errors = of_change});
    routes.del("/payment-accounts/{id}", remove,
               {.id = "deletePaymentAccount",
                .summary = "Delete an account",
                .description = "What was begun with it is still followed to its end.",
                .errors = {own::platform_account, errors::step_up_needed}});
    routes.get("/payment-accounts/{id}/callback-url", show_callback_url,
               {.id = "getPaymentCallbackUrl",
                .summary = "Where the provider calls back to",
                .description = "For providers whose callbacks are set up by hand (kind `events`).",
                .errors = {own::platform_account, errors::payments_off, errors::account_unreadable,
                           errors::live_credentials, errors::step_up_needed},
                .middleware = {http::no_store()}});
    routes.post("/payment-accounts/{id}/register-callbacks", register_callbacks,
                {.id = "registerPaymentCallbacks",
                 .summary = "Tell the provider where to announce payments",
                 .description =
                     "M-Pesa: once for each short code; where it is registered already, nothing changes. Pesapal: the "
                     "first payment does it as well.",
                 .errors = {own::platform_account, own::not_offered, own::register_refused, errors::payments_off,
                            errors::account_unreadable, errors::live_credentials}});
}

std::vector<db::StatementView> account_route_statements() { return db::statements(account_list); }

}  // namespace pos
