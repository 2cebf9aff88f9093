// What a provider calls back with of payouts: kept, applied, and answered 200 in one transaction. Nothing is signed: the token says whose it
// is, the path which payout it is about, and the payout what it has to fit.
#include "pos/modules/payments/callbacks.h"
#include "pos/modules/payouts/orders.h"
#include "pos/modules/payouts/routes.h"

namespace pos {

namespace {

// What M-Pesa wants to read.
struct Taken {
    std::int32_t result_code = 0;
    std::string result_desc = "Accepted";

    friend constexpr auto describe(Taken*) {
        return schema::object<Taken>("MpesaResultTaken", schema::field<&Taken::result_code>("ResultCode"),
                                     schema::field<&Taken::result_desc>("ResultDesc"));
    }
};

constexpr std::string_view mpesa = "mpesa";

template <base::FixedString kind>
async::Task<Taken> take(ProviderCallback sent, http::Path<"token", std::string> /*unused*/,
                        http::Path<"payout", std::string> payout, http::AnyQuery /*unused*/,
                        http::Service<PayoutOrders> payouts) {
    auto account = co_await account_of_callback(&sent, mpesa);
    const auto id = base::Uuid::from_string(*payout);
    // What is no id names none.
    if (!id) co_return Taken{};
    co_await payouts->take_result(sent.db(), std::move(account),
                                  {.id = PayoutId(*id),
                                   .kind = kind.view(),
                                   .bytes = sent.bytes(),
                                   .trusted = is_from_provider(sent, payouts->intents().settings())});
    co_return Taken{};
}

async::Task<Taken> take_balance(ProviderCallback sent, http::Path<"token", std::string> /*unused*/,
                                http::AnyQuery /*unused*/, http::Service<PayoutOrders> payouts) {
    auto account = co_await account_of_callback(&sent, mpesa);
    if (is_from_provider(sent, payouts->intents().settings()))
        co_await payouts->take_balance(sent.db(), std::move(account), sent.bytes());
    co_return Taken{};
}

http::RouteDocs docs_of(std::string_view id, std::string_view summary, std::string_view description) {
    return {.id = id,
            .summary = summary,
            .description = description,
            .options = {.deadline = std::chrono::seconds(5), .rate_class = "callbacks"}};
}

}  // namespace

void payout_callback_routes(http::Routes routes) {
    routes.post("/callbacks/m/{token}/result/{payout}", take<"result">,
                docs_of("takeMpesaResult", "M-Pesa tells what became of a payout or a reversal",
                        "Answered 200, whatever it is. What does not fit the payout is kept, and M-Pesa is asked."));
    routes.post(
        "/callbacks/m/{token}/status/{payout}", take<"status">,
        docs_of("takeMpesaStatus", "M-Pesa answers what became of a payout or a reversal", "As `takeMpesaResult`."));
    routes.post("/callbacks/m/{token}/timeout/{payout}", take<"timeout">,
                docs_of("takeMpesaPayoutTimeout", "M-Pesa tells that a payout waited for too long",
                        "Kept; it is no end of the payout, and M-Pesa is asked."));
    routes.post("/callbacks/m/{token}/balance", take_balance,
                docs_of("takeMpesaBalance", "M-Pesa tells what the account holds", "Answered 200, whatever it is."));
}

}  // namespace pos
