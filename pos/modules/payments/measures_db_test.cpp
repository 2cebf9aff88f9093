// Money that nobody knows the end of is counted for operators, over all tenants.
#include "pos/modules/payments/measures.h"

#include "pos/modules/payouts/jobs.h"
#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;

class MeasuresTest : public CallbacksTest {
protected:
    static void measure() {
        auto& host = app->host();
        const auto db = db::system_db(host.databases(), async::Loop::now() + std::chrono::seconds(20));
        app->run(measure_payments(db, &app->app().metrics));
        app->run(measure_payouts(db, &app->app().metrics));
    }
    static double gauge(std::string_view name, const std::string& kind, const std::string& provider = "mpesa") {
        return app->app().metrics.gauge(name, "", {{"kind", kind}, {"provider", provider}}).value();
    }
};

TEST_F(MeasuresTest, AnUndecidedPaymentIsCountedUntilSomebodyDecides) {
    measure();
    EXPECT_EQ(gauge("payments_undecided", "payment"), 0);
    start(order(15'000, next_id()));
    measure();
    EXPECT_EQ(gauge("payments_undecided", "payment"), 0) << "the payer has not decided, which is no wonder";
    app->database().execute(
        "update payment_intents set state = 'unknown', created_at = now() - interval '2 hours', next_query_at = now()");
    measure();
    EXPECT_EQ(gauge("payments_undecided", "payment"), 1);
    EXPECT_NEAR(gauge("payments_undecided_oldest_seconds", "payment"), 7'200, 30);
    EXPECT_EQ(gauge("payments_undecided", "payment", "stripe"), 0);
    EXPECT_EQ(gauge("payments_undecided", "refund"), 0);
    EXPECT_EQ(gauge("payments_undecided", "payout"), 0);
    app->database().execute("update payment_intents set state = 'failed', next_query_at = null");
    measure();
    EXPECT_EQ(gauge("payments_undecided", "payment"), 0);
    EXPECT_EQ(gauge("payments_undecided_oldest_seconds", "payment"), 0);
}

// A row of another release, or of a provider that was taken out: nothing of a row becomes a label.
TEST_F(MeasuresTest, AProviderThatNobodyKnowsMakesNoSeries) {
    start(order(15'000, next_id()));
    app->database().execute(
        "update payment_intents set state = 'unknown', next_query_at = now(), provider = 'x' || gen_random_uuid()");
    const auto series = app->app().metrics.gauges().size();
    measure();
    EXPECT_EQ(gauge("payments_undecided", "payment"), 0);
    EXPECT_LE(app->app().metrics.gauges().size(), series + 30) << "kinds, providers, two figures";
    measure();
    const auto again = app->app().metrics.gauges().size();
    app->database().execute("update payment_intents set provider = 'x' || gen_random_uuid()");
    measure();
    EXPECT_EQ(app->app().metrics.gauges().size(), again);
}

}  // namespace
