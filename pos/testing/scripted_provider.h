#pragma once
// A payment provider that answers what the test says, and calls nobody. It goes by the name of a real one.
//
//     auto* mpesa = ScriptedProvider::install(app->host());           // from now on "mpesa" is this one, on the test's loop
//     mpesa->on_start = [](const payments::StartRequest&) { return payments::Started{…}; };
//     EXPECT_EQ(mpesa->started.size(), 1U);
//
// Without a script, prompts are accepted, queries say that the payer has not decided, and refunds are done.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/app.h"
#include "payments/mpesa/messages.h"
#include "pos/modules/payments/providers.h"

namespace pos::testing {

class ScriptedProvider : public ::payments::Provider {
public:
    static ScriptedProvider* install(app::LoopHost& host, std::string_view name = "mpesa") {
        auto made = std::make_unique<ScriptedProvider>(name);
        auto* provider = made.get();
        host.services().use<Providers>().put(std::move(made));
        return provider;
    }

    explicit ScriptedProvider(std::string_view name)
        : traits_{.name = name,
                  .title = "Scripted",
                  .currencies = currencies,
                  .least = {100},
                  .most = {25'000'000},
                  .step = name == "mpesa" ? 100 : 1,
                  .by_phone = name == "mpesa" || name == "flutterwave",
                  .pages = name == "flutterwave",
                  .refunds = true,
                  .registers = true,
                  .pulls = name == "mpesa",
                  .cancels = name != "mpesa",
                  .prompt_lives = std::chrono::seconds(90),
                  .resend_within = std::chrono::hours(name == "mpesa" ? 0 : 23)} {}

    [[nodiscard]] const ::payments::Traits& traits() const override { return traits_; }
    [[nodiscard]] std::expected<schema::Json, schema::ReadError> read_credentials(
        std::string_view json) const override {
        if (json.starts_with('{')) return schema::Json{std::string(json)};
        schema::ReadError error;
        error.issues.push_back({"body", "", "invalid_type", "an object", {}});
        return std::unexpected(std::move(error));
    }
    // The credentials of a test: {"shortCode":"174379", …}.
    [[nodiscard]] std::string shown(const schema::Json& credentials) const override {
        const auto at = credentials.text.find("shortCode");
        return at == std::string::npos ? "none" : credentials.text.substr(at + 12, 6);
    }

    [[nodiscard]] bool is_live(const schema::Json& /*credentials*/) const override { return live; }

    [[nodiscard]] async::Task<::payments::Started> start(::payments::Account account, ::payments::StartRequest request,
                                                         client::Call /*call*/) override {
        started.push_back(request);
        accounts.push_back(std::move(account));
        if (on_start) co_return on_start(request);
        co_return accepted("ws_CO_" + request.id.to_string());
    }
    [[nodiscard]] async::Task<::payments::Evidence> query(::payments::Account /*account*/,
                                                          ::payments::AttemptRef attempt,
                                                          client::Call /*call*/) override {
        ++queries;
        if (on_query) co_return on_query(attempt);
        co_return ::payments::Evidence{.source = ::payments::Source::query, .finding = ::payments::Finding::processing};
    }
    [[nodiscard]] async::Task<::payments::Refunded> refund(::payments::Account /*account*/,
                                                           ::payments::RefundRequest request,
                                                           client::Call /*call*/) override {
        refunds.push_back(std::move(request));
        co_return ::payments::Refunded{.outcome = refund_outcome, .provider_id = refund_name, .text = refund_text};
    }
    [[nodiscard]] async::Task<::payments::Refunded> ask_refund(::payments::Account /*account*/,
                                                               ::payments::RefundRef refund,
                                                               client::Call /*call*/) override {
        asked_refunds.push_back(refund.provider_id);
        co_return ::payments::Refunded{.outcome = asked_outcome, .provider_id = std::move(refund.provider_id)};
    }
    [[nodiscard]] async::Task<RefundList> list_refunds(::payments::Account /*account*/,
                                                       ::payments::AttemptRef /*attempt*/,
                                                       client::Call /*call*/) override {
        ++lists;
        co_return refund_list;
    }
    [[nodiscard]] async::Task<::payments::Evidence> cancel(::payments::Account /*account*/,
                                                           ::payments::AttemptRef attempt,
                                                           client::Call /*call*/) override {
        ++cancels;
        if (on_cancel) co_return on_cancel(attempt);
        co_return ::payments::Evidence{.source = ::payments::Source::reply, .finding = ::payments::Finding::cancelled};
    }
    [[nodiscard]] async::Task<::payments::Evidence> register_callbacks(::payments::Account account,
                                                                       client::Call /*call*/) override {
        accounts.push_back(std::move(account));
        co_return ::payments::Evidence{.finding = register_finding, .code = "said"};
    }
    [[nodiscard]] async::Task<Pulled> pull(::payments::Account /*account*/, base::Timestamp /*since*/,
                                           client::Call /*call*/) override {
        if (on_pull) co_return on_pull();
        co_return Pulled{.claims = {}, .whole = true};
    }
    [[nodiscard]] std::expected<::payments::VerifiedCallback, ::payments::CallbackRefusal> verify_callback(
        const ::payments::Account& /*account*/, std::string_view kind, std::string_view bytes,
        const http::Headers& headers, base::Timestamp /*now*/) const override {
        if (on_callback) return on_callback(kind, bytes, headers);
        return ::payments::VerifiedCallback{};
    }
    // Without a proof: as what was signed "right".
    [[nodiscard]] std::optional<::payments::VerifiedCallback> read_callback(std::string_view kind,
                                                                            std::string_view bytes) const override {
        http::Headers headers;
        headers.append("Stripe-Signature", "right");
        auto read = verify_callback({}, kind, bytes, headers, {});
        return read ? std::optional(*std::move(read)) : std::nullopt;
    }
    // As M-Pesa shows it.
    [[nodiscard]] std::string shown_reference(std::string_view reference) const override {
        return traits_.by_phone ? ::payments::mpesa::shown_reference(reference) : std::string(reference);
    }
    [[nodiscard]] ::payments::Saying saying(std::string_view code, std::string_view language) const override {
        return {.text = std::string(language) + " says " + std::string(code), .may_try_again = true};
    }

    static ::payments::Started accepted(std::string provider_id) {
        return {.evidence = {.source = ::payments::Source::reply,
                             .finding = ::payments::Finding::accepted,
                             .provider_id = std::move(provider_id)}};
    }

    std::vector<::payments::StartRequest> started;
    std::vector<::payments::Account> accounts;
    std::vector<::payments::RefundRequest> refunds;
    std::vector<std::string> asked_refunds;  // by the provider's names
    ::payments::Refunded::Outcome asked_outcome = ::payments::Refunded::Outcome::pending;
    int queries = 0;
    bool live = false;  // whether its credentials say that money moves
    int cancels = 0;
    int lists = 0;
    RefundList refund_list;
    std::function<::payments::Started(const ::payments::StartRequest&)> on_start;
    std::function<::payments::Evidence(const ::payments::AttemptRef&)> on_query;
    std::function<::payments::Evidence(const ::payments::AttemptRef&)> on_cancel;
    std::function<Pulled()> on_pull;
    std::function<std::expected<::payments::VerifiedCallback, ::payments::CallbackRefusal>(
        std::string_view kind, std::string_view bytes, const http::Headers& headers)>
        on_callback;
    ::payments::Refunded::Outcome refund_outcome = ::payments::Refunded::Outcome::done;
    std::string refund_name;
    std::string refund_text;
    ::payments::Finding register_finding = ::payments::Finding::accepted;

private:
    static constexpr std::string_view currencies[] = {"KES"};
    ::payments::Traits traits_;
};

}  // namespace pos::testing
