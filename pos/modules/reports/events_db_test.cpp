// One event, several modules: each hears it by a job of its own, whose fate is its own, and sees its tenant's rows alone.

#include <gmock/gmock.h>

#include <mutex>

#include "app/jobs.h"
#include "pos/modules/sales/events.h"
#include "pos/testing/background.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::ElementsAre;

constexpr db::Query<std::int64_t()> sales_of_tenant{
    {"test.sales_of_tenant", "select count(*) as sales from sales where tenant_id = $1"}};
constexpr jobs::Event<SaleCreated> unheard{"sale.unheard"};
constexpr jobs::JobType<SaleCreated> thank{"events", "test.thank", {.attempts = 1}};

SaleCreated some_sale() {
    SaleCreated sale;
    sale.receipt_number = "A-1";
    sale.business_day = base::Date{std::chrono::year(2026), std::chrono::November, std::chrono::day(20)};
    return sale;
}

// What the handlers of the test's modules saw, on the worker's thread.
class Notes {
public:
    void add(std::string line) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
    }
    [[nodiscard]] std::vector<std::string> sorted() {
        const std::lock_guard lock(mutex_);
        auto lines = lines_;
        std::ranges::sort(lines);
        return lines;
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        lines_.clear();
    }

private:
    std::mutex mutex_;
    std::vector<std::string> lines_;
};
Notes& notes() {
    static Notes kept;
    return kept;
}

async::Task<void> give_points(jobs::Job<SaleCreated>& job, app::TenantScope scope) {
    const auto sales = co_await scope.db().only(sales_of_tenant);
    notes().add(fmt::format("{} {} {}", job.name(), job.data().total.minor, sales));
}
async::Task<void> fail_for_good(jobs::Job<SaleCreated>& /*job*/, app::TenantScope /*scope*/) {
    throw jobs::Unrecoverable("the fiscal device is gone");
    co_return;
}
async::Task<void> thank_buyer(jobs::Job<SaleCreated>& job, app::TenantScope scope) {
    notes().add(fmt::format("{} {}", job.name(), scope.tenant().to_string()));
    co_return;
}
void hear_as_loyalty(app::JobHandlers handlers) {
    handlers.on_event(sale_created, give_points);
    handlers.on_event(sale_created, give_points, {.name = "loyalty-again"});
    handlers.on(thank, thank_buyer);
}
void hear_as_fiscal(app::JobHandlers handlers) { handlers.on_event(sale_created, fail_for_good); }

app::Definition with_listeners() {
    auto service = definition();
    service.modules.push_back(
        {.name = "loyalty", .statements = db::statements(sales_of_tenant), .jobs = hear_as_loyalty});
    service.modules.push_back({.name = "fiscal", .jobs = hear_as_fiscal});
    return service;
}

class EventsTest : public BackgroundTest {
protected:
    static void SetUpTestSuite() { set_up(with_listeners()); }
    void SetUp() override {
        BackgroundTest::SetUp();
        notes().clear();
    }

    static std::int64_t sales_of(const std::string& shop) {
        return std::stoll(rows(fmt::format("select count(*) from sales where location_id = '{}'", shop)));
    }
    static std::unique_ptr<app::Background> start_events() { return start({"events"}); }
    static std::string jobs_in(std::string_view state) {
        return redis->command({"ZCARD", fmt::format("bull:events:{}", state)}).substr(0, 2);
    }
};

TEST_F(EventsTest, EachSubscriberHasARowOfItsOwnAndItsTenantStandsInIt) {
    sell(100);
    EXPECT_EQ(rows("select string_agg(queue || ' ' || name, ', ' order by name) from outbox_jobs"),
              "events sale.created, events sale.created/fiscal, events sale.created/loyalty, events "
              "sale.created/loyalty-again");
    EXPECT_EQ(rows("select count(*) from outbox_jobs where data ->> 'tenantId' = tenant_id::text"), "4");
    EXPECT_EQ(rows("select count(distinct id) from outbox_jobs"), "4");
}

TEST_F(EventsTest, OneSubscriberFailsForGoodAndTheOthersAreDoneOnce) {
    const auto background = start_events();
    const auto shop = sell(100);
    EXPECT_TRUE(becomes([] { return jobs_in("failed"); }, ":1"));
    EXPECT_TRUE(becomes([] { return jobs_in("completed"); }, ":3"));
    EXPECT_TRUE(becomes(rows_left, "0"));
    EXPECT_EQ(rows("select sales || ' ' || total from daily_sales"), "1 100");
    const auto sales = sales_of(shop);
    EXPECT_THAT(notes().sorted(), ElementsAre(fmt::format("sale.created/loyalty 100 {}", sales),
                                              fmt::format("sale.created/loyalty-again 100 {}", sales)));
    stop(*background);
}

TEST_F(EventsTest, AHandlerSeesTheRowsOfTheTenantWhoseEventItIs) {
    sell(100);
    const auto elsewhere = sell(70, other);
    const auto here = sell(250);
    ASSERT_NE(sales_of(here), sales_of(elsewhere));
    const auto background = start_events();
    EXPECT_TRUE(becomes([] { return jobs_in("completed"); }, ":9"));
    EXPECT_THAT(notes().sorted(), ElementsAre(fmt::format("sale.created/loyalty 100 {}", sales_of(here)),
                                              fmt::format("sale.created/loyalty 250 {}", sales_of(here)),
                                              fmt::format("sale.created/loyalty 70 {}", sales_of(elsewhere)),
                                              fmt::format("sale.created/loyalty-again 100 {}", sales_of(here)),
                                              fmt::format("sale.created/loyalty-again 250 {}", sales_of(here)),
                                              fmt::format("sale.created/loyalty-again 70 {}", sales_of(elsewhere))));
    stop(*background);
}

TEST_F(EventsTest, AnEventThatNobodyHearsCostsNothing) {
    auto batch =
        db::tenant_db(app->host().databases(), base::Uuid{}, async::Loop::now() + std::chrono::seconds(30)).batch();
    app->app().outbox.emit(batch, unheard, some_sale());
    EXPECT_EQ(batch.size(), 0U);
    app->app().outbox.emit(batch, sale_created, some_sale());
    EXPECT_EQ(batch.size(), 5U);
}

TEST_F(EventsTest, AnyJobOfATenantKnowsWhoseItIs) {
    const auto tenant = rows("select id from tenants limit 1");
    auto batch = db::tenant_db(app->host().databases(), base::Uuid::from_string(tenant).value(),
                               async::Loop::now() + std::chrono::seconds(30))
                     .batch();
    app->app().outbox.add(batch, thank, some_sale());
    std::ignore = app->run(batch.commit());
    const auto background = start_events();
    EXPECT_TRUE(becomes([] { return jobs_in("completed"); }, ":1"));
    EXPECT_THAT(notes().sorted(), ElementsAre("test.thank " + tenant));
    stop(*background);
}

// Of the release before, which named the tenant itself, and of one to come, which tells more.
TEST_F(EventsTest, JobsOfOtherReleasesAreRead) {
    const auto shop = sell(100);
    app->database().execute("truncate outbox_jobs");
    const auto add = [&](std::string_view name, std::string_view data) {
        app->database().execute(fmt::format(
            "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) select "
            "tenant_id, "
            "gen_random_uuid(), nextval('outbox_position'), 'events', '{}', '{}'::jsonb || jsonb_build_object("
            "'tenantId', tenant_id, 'id', gen_random_uuid(), 'locationId', id, 'receiptNumber', 'A-1', 'businessDay', "
            "'2026-11-20', 'total', 30, 'taxTotal', 0, 'discountTotal', 0, 'occurredAt', '2026-11-20T09:00:00Z'), "
            "'{{}}', "
            "now() from locations where id = '{}'",
            name, data, shop));
    };
    add("sale.created", "{}");
    add("sale.created", R"({"cashier":{"id":7},"tenantName":"Duka"})");
    add("sale.created/loyalty", R"({"points":[1,2]})");
    const auto background = start_events();
    EXPECT_TRUE(becomes([] { return jobs_in("completed"); }, ":3"));
    EXPECT_EQ(rows("select sales || ' ' || total from daily_sales"), "2 60");
    EXPECT_EQ(notes().sorted().size(), 1U);
    stop(*background);
}

TEST_F(EventsTest, AJobThatNamesNoTenantFailsForGood) {
    app->database().execute(
        "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) values "
        "(gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'events', 'sale.created/loyalty', '{}', "
        "'{}', "
        "now())");
    const auto background = start_events();
    EXPECT_TRUE(becomes([] { return jobs_in("failed"); }, ":1"));
    EXPECT_TRUE(notes().sorted().empty());
    stop(*background);
}

TEST(Subscribers, TwoOfOneNameDoNotStart) {
    jobs::Outbox outbox;
    outbox.subscribe("sale.created", "sale.created/loyalty");
    outbox.subscribe("sale.created", "sale.created/reports");
    EXPECT_THROW(outbox.subscribe("sale.created", "sale.created/loyalty"), std::logic_error);
    EXPECT_THROW(outbox.subscribe("sale.voided", "sale.created/loyalty"), std::logic_error);
}

}  // namespace
