// Report runs: who may have them, what is in the files, and one result whatever dies, stalls, or is done twice.
#include <gmock/gmock.h>

#include "auth/authenticator.h"
#include "base/strings.h"
#include "pos/modules/reports/report_run_job.h"
#include "pos/modules/reports/report_run_statements.h"
#include "pos/modules/reports/report_runs.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Keeps what it is given, and does what the test says between two pieces.
class MemoryStore : public storage::Store {
public:
    std::map<std::string, std::string> objects;
    std::size_t pieces = 0;
    std::size_t largest_piece = 0;
    std::optional<storage::Fault> fault;
    std::function<async::Task<void>()> meanwhile;  // once, behind the first piece

    [[nodiscard]] std::string_view name() const override { return "memory"; }
    [[nodiscard]] bool can(storage::Ability /*ability*/) const override { return true; }
    [[nodiscard]] async::Task<storage::Result<storage::Stored>> put(storage::Put put,
                                                                    async::SteadyTime /*deadline*/) override {
        std::string bytes;
        while (true) {
            const auto piece = co_await put.source();
            if (piece.empty()) break;
            bytes += piece;
            if (bytes.size() > put.max_bytes) co_return std::unexpected(storage::Error{storage::Fault::too_large});
            ++pieces;
            largest_piece = std::max(largest_piece, piece.size());
            if (auto now = std::exchange(meanwhile, {})) co_await now();
        }
        if (fault) co_return std::unexpected(storage::Error{*fault});
        const storage::Stored stored{"\"1\"", bytes.size(), base::sha256(bytes)};
        objects[put.key] = std::move(bytes);
        co_return stored;
    }
    [[nodiscard]] async::Task<storage::Result<void>> remove(std::string key, async::SteadyTime /*deadline*/) override {
        if (fault) co_return std::unexpected(storage::Error{*fault});
        objects.erase(key);
        co_return storage::Result<void>();
    }
    [[nodiscard]] storage::Result<storage::SignedUrl> sign_get(const storage::SignGet& sign) const override {
        lifetimes.push_back(sign.lifetime);
        return storage::SignedUrl{"GET", "https://files.example/" + sign.key + "?signed", {}, {}};
    }
    mutable std::vector<std::chrono::seconds> lifetimes;

    [[nodiscard]] async::Task<storage::Result<storage::ObjectInfo>> head(std::string key, async::SteadyTime) override {
        const auto found = objects.find(key);
        if (found == objects.end()) co_return std::unexpected(storage::Error{storage::Fault::not_found});
        co_return storage::ObjectInfo{.key = key, .size = found->second.size(), .etag = "\"1\""};
    }

    // Not of reports.
    [[nodiscard]] async::Task<storage::Result<storage::ObjectStream>> get(storage::Get, async::SteadyTime) override {
        co_return std::unexpected(unasked);
    }
    [[nodiscard]] async::Task<storage::Result<storage::ListPage>> list(storage::List, async::SteadyTime) override {
        co_return std::unexpected(unasked);
    }
    [[nodiscard]] async::Task<storage::Result<storage::ObjectInfo>> copy(storage::Copy, async::SteadyTime) override {
        co_return std::unexpected(unasked);
    }
    [[nodiscard]] storage::Result<storage::SignedUrl> sign_put(const storage::SignPut&) const override {
        return std::unexpected(unasked);
    }
    [[nodiscard]] storage::Result<storage::SignedForm> sign_post(const storage::SignPost&) const override {
        return std::unexpected(unasked);
    }
    [[nodiscard]] async::Task<storage::Result<void>> abort_upload(storage::PendingUpload, async::SteadyTime) override {
        co_return std::unexpected(unasked);
    }
    [[nodiscard]] async::Task<storage::Result<storage::UploadPage>> list_uploads(storage::List,
                                                                                 async::SteadyTime) override {
        co_return std::unexpected(unasked);
    }

private:
    inline static const storage::Error unasked{storage::Fault::not_supported};
};

constexpr std::string_view november = R"("from":"2026-11-01","to":"2026-11-30")";

class ReportRunsTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        ShopTest::SetUpTestSuite();
        here = location();
        elsewhere = text(made<Location>(post("/v1/locations", R"({"code":"WEST","name":"Westlands"})")).id);
        tenant = rows("select tenant_id from locations where code = 'WEST'");
        make_goods();
        for (const auto* at : {&here, &here, &elsewhere}) sell(*at, at == &here ? 15'000 : 8'000);
        app->database().execute(
            "insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, discount_total, "
            "updated_at) select tenant_id, location_id, business_day, count(*), sum(total), sum(tax_total), "
            "sum(discount_total), now() from sales group by tenant_id, location_id, business_day");
    }
    void SetUp() override {
        app->database().execute("truncate report_runs, outbox_jobs");
        store = MemoryStore();
        runs().use_store(&store);
        runs().limits = {};
    }

    static void make_goods() {
        const auto product = made<ProductDetails>(
            post("/v1/products", R"({"name":"Sugar","variants":[{"name":"Sugar 1kg","sku":"SU1","price":15000,)"
                                 R"("cost":9000,"reorderLevel":"10"}]})"));
        variant = text(product.variants->at(0).variant.id);
        const auto moved = post(
            "/v1/stock-adjustments",
            fmt::format(R"({{"clientRequestId":"{}","locationId":"{}","reason":"opening","lines":[{{"variantId":"{}",)"
                        R"("quantityDelta":"7.5"}}]}})",
                        next_id(), here, variant));
        EXPECT_EQ(moved.status, 201) << moved.body;
    }
    static void sell(const std::string& at, std::int64_t price) {
        const auto reply = post(
            "/v1/sales",
            fmt::format(
                R"({{"clientRequestId":"{}","locationId":"{}","occurredAt":"2026-11-20T22:30:00Z","lines":[)"
                R"({{"lineNumber":1,"variantId":"{}","name":"=Sugar","quantity":"1","unitPrice":{},"taxInclusive":true,)"
                R"("taxCode":"ZERO","taxRatePpm":0}}],"taxTotal":0,"total":{},)"
                R"("payments":[{{"method":"cash","amount":{},"tendered":{}}}]}})",
                next_id(), at, variant, price, price, price, price));
        EXPECT_EQ(reply.status, 201) << reply.body;
    }
    static std::string next_id() {
        static int number = 0;
        return fmt::format("0197f0c2-0000-7000-8000-{:012}", ++number);
    }
    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }

    static InjectedResponse ask(std::string_view json, const std::string& token = owner, std::string key = {}) {
        if (key.empty()) key = next_id();
        return post("/v1/report-runs", std::string(json), token, {{"Idempotency-Key", key}});
    }
    static std::string asked(std::string_view report, std::string_view more = november) {
        const auto reply = ask(fmt::format(R"({{"report":"{}"{}{}}})", report, more.empty() ? "" : ",", more));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return reply.body.substr(reply.body.find(R"("id":")") + 6, 36);
    }
    static ReportRuns& runs() { return app->host().services().use<ReportRuns>(); }
    static db::Db db(std::chrono::seconds time = 30s) {
        return db::tenant_db(app->host().databases(), *base::Uuid::from_string(tenant), async::Loop::now() + time);
    }
    static db::SystemDb system() { return db::system_db(app->host().databases(), async::Loop::now() + 30s); }
    static async::Task<RunOutcome> performing(const std::string& id) {
        return runs().perform([](std::chrono::seconds time) { return db(time); }, id_of(id), [] {});
    }
    static RunOutcome perform(const std::string& id) { return app->run(performing(id)); }
    static ReportRunId id_of(const std::string& id) { return ReportRunId(*base::Uuid::from_string(id)); }
    static std::string key_of(const std::string& id, int attempt) {
        return report_key(*base::Uuid::from_string(tenant), id_of(id), attempt);
    }
    static std::string state(const std::string& id) {
        return rows(
            fmt::format("select concat_ws(' ', status, attempt, failure) from report_runs where id = '{}'", id));
    }
    static void let_lease_run_out() {
        app->database().execute("update report_runs set lease_until = now() - interval '1 second'");
    }
    // The lease runs out, and another worker does the whole of it.
    static async::Task<void> overtaken(std::string id, RunOutcome* outcome) {
        let_lease_run_out();
        *outcome = co_await performing(id);
    }
    static async::Task<void> performed(std::string id, RunOutcome* outcome) { *outcome = co_await performing(id); }
    static async::Task<void> cancelled(std::string id) { std::ignore = co_await db().run(reports::cancel, id_of(id)); }
    // The first location has the name and the code that signing up gave it.
    static std::string with_names(std::string csv) {
        const auto names = rows(fmt::format("select code || ',' || name from locations where id = '{}'", here));
        for (auto at = csv.find(names); at != std::string::npos; at = csv.find(names, at))
            csv.replace(at, names.size(), "MAIN,Main");
        return csv;
    }
    // Of a list.
    static std::string rows_of(const std::string& reply) {
        const auto from = reply.find('[');
        return reply.substr(from, reply.find(']') + 1 - from);
    }
    // The file of a report, written now.
    std::string written(std::string_view report, std::string_view more = november) {
        const auto id = asked(report, more);
        EXPECT_EQ(perform(id), RunOutcome::succeeded) << report << ' ' << state(id);
        return store.objects[key_of(id, 1)];
    }
    static std::vector<std::string> lines(const std::string& csv) {
        std::vector<std::string> all;
        for (const auto line : base::split(csv, '\n')) {
            if (!line.empty()) all.emplace_back(line.substr(0, line.size() - 1));
        }
        return all;
    }

    MemoryStore store;
    static inline std::string here;
    static inline std::string elsewhere;
    static inline std::string tenant;
    static inline std::string variant;
};

// ---- Routes ------------------------------------------------------------------------------------------------------

TEST_F(ReportRunsTest, Endpoints) {
    const auto key = [](std::string_view text) { return Headers{{"Idempotency-Key", std::string(text)}}; };
    const auto json = fmt::format(R"({{"report":"sales",{}}})", november);
    check({
        {"no key", "POST", "/v1/report-runs", json, owner, 400, "idempotency.key_missing"},
        {"nobody", "POST", "/v1/report-runs", json, "", 401},
        {"viewers take nothing with them", "POST", "/v1/report-runs", json, viewer, 403, "reports.export", "",
         key("v")},
        {"add", "POST", "/v1/report-runs", json, owner, 201, R"("status":"queued")", "run", key("a")},
        {"again", "POST", "/v1/report-runs", json, owner, 201, "{run}", "", key("a")},
        {"another with the key", "POST", "/v1/report-runs", R"({"report":"tax"})", owner, 422, "key_reused", "",
         key("a")},
        {"no such report", "POST", "/v1/report-runs", R"({"report":"weather"})", owner, 422, "/report", "", key("b")},
        {"no such format", "POST", "/v1/report-runs", R"({"report":"sales","format":"xls"})", owner, 422, "/format", "",
         key("b")},
        {"backwards", "POST", "/v1/report-runs", R"({"report":"tax","from":"2026-11-02","to":"2026-11-01"})", owner,
         422, "/from", "", key("b")},
        {"too long", "POST", "/v1/report-runs", R"({"report":"tax","from":"2001-01-01","to":"2026-11-01"})", owner, 422,
         "3,660", "", key("b")},
        {"no day", "POST", "/v1/report-runs", R"({"report":"tax","from":"2026-02-30"})", owner, 422, "/from", "",
         key("b")},
        {"of the present", "POST", "/v1/report-runs", R"({"report":"stock-low","to":"2026-11-01"})", owner, 422, "/to",
         "", key("b")},
        {"no such place", "POST", "/v1/report-runs",
         R"({"report":"tax","locationId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"})", owner, 422, "location.unknown", "",
         key("b")},
        {"another's place", "POST", "/v1/report-runs", R"({"report":"tax","locationId":"{location}"})", other, 422,
         "location.unknown", "", key("b")},
        {"show", "GET", "/v1/report-runs/{run}", "", owner, 200, R"("from":"2026-11-01","to":"2026-11-30")"},
        {"list", "GET", "/v1/report-runs", "", owner, 200, "{run}"},
        {"not another's", "GET", "/v1/report-runs/{run}", "", other, 404},
        {"nor to remove", "DELETE", "/v1/report-runs/{run}", "", other, 404},
        {"nor in a list", "GET", "/v1/report-runs", "", other, 200, R"("data":[])"},
        {"remove", "DELETE", "/v1/report-runs/{run}", "", owner, 204},
        {"gone", "GET", "/v1/report-runs/{run}", "", owner, 404},
        {"from the list, too", "GET", "/v1/report-runs", "", owner, 200, R"("data":[])"},
        {"twice", "DELETE", "/v1/report-runs/{run}", "", owner, 404},
    });
}

TEST_F(ReportRunsTest, DaysThatNobodyNamedEndWithToday) {
    const auto reply = ask(R"({"report":"sales"})");
    const auto today = rows("select (now() at time zone 'Africa/Nairobi')::date");
    EXPECT_THAT(reply.body, HasSubstr(fmt::format(R"("to":"{}")", today)));
    EXPECT_EQ(rows("select last_day - first_day from report_runs"), "30");
    EXPECT_THAT(ask(R"({"report":"sales","to":"2026-03-31"})").body, HasSubstr(R"("from":"2026-03-01")"));
    EXPECT_THAT(ask(R"({"report":"sales","from":"9999-12-30"})").body, HasSubstr(R"("to":"9999-12-30")"));
    EXPECT_THAT(ask(R"({"report":"stock-low"})").body, HasSubstr(R"("from":null,"to":null)"));
}

TEST_F(ReportRunsTest, AShopHasFiveUnderWay) {
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(asked("tax"));
    const auto refused = ask(R"({"report":"tax"})");
    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(refused.body, HasSubstr("report.too_many_runs"));
    EXPECT_EQ(refused.header("Retry-After"), "30");
    EXPECT_EQ(rows("select count(*) from outbox_jobs"), "5") << "a run that was refused has no job";
    EXPECT_EQ(ask(R"({"report":"tax"})", other).status, 201) << "another shop has its own five";
    EXPECT_EQ(perform(ids[0]), RunOutcome::succeeded);
    ids.push_back(asked("tax"));
    EXPECT_EQ(ask(R"({"report":"tax"})").status, 429);
    EXPECT_EQ(send(http::Method::del, "/v1/report-runs/" + ids[3], {}, owner).status, 204);
    asked("tax");
    EXPECT_EQ(rows("select string_agg(slot::text, ',' order by slot) from report_runs where tenant_id = '" + tenant +
                   "' and slot is not null"),
              "1,2,3,4,5");
}

TEST_F(ReportRunsTest, RolesHaveTheReportsOfTheirShopAndTrade) {
    const auto at = [&](std::string_view role, const std::string& place) {
        std::string id;
        for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
            if (one.built_in == role) id = text(one.id);
        }
        const auto address = fmt::format("{}@there.example", role);
        const auto json = fmt::format(
            R"({{"name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}","locationId":"{}"}}]}})", address,
            password, id, place);
        EXPECT_EQ(post("/v1/users", json, owner, {{"Idempotency-Key", address}}).status, 201);
        return log_in(address);
    };
    const auto manager = at("manager", elsewhere);
    const auto clerk = at("stock_clerk", elsewhere);
    const auto there = fmt::format(R"("locationId":"{}")", elsewhere);
    const struct {
        const std::string& who;
        std::string_view report;
        std::string more;
        int status;
    } cases[] = {{manager, "sales", there, 201},   {manager, "profit", there, 201},
                 {manager, "sales", "", 403},      {manager, "sales", fmt::format(R"("locationId":"{}")", here), 403},
                 {clerk, "stock-low", there, 201}, {clerk, "stock-valuation", there, 201},
                 {clerk, "sales", there, 403},     {clerk, "stock-low", "", 403}};
    for (const auto& one : cases) {
        app->database().execute("update report_runs set status = 'failed', slot = null");
        const auto reply =
            ask(fmt::format(R"({{"report":"{}"{}{}}})", one.report, one.more.empty() ? "" : ",", one.more), one.who);
        EXPECT_EQ(reply.status, one.status) << one.report << one.more << reply.body;
        if (one.more.empty()) EXPECT_THAT(reply.body, HasSubstr("name a location"));
    }
    const auto all = asked("sales");
    EXPECT_EQ(get("/v1/report-runs/" + all, manager).status, 404);
    EXPECT_EQ(send(http::Method::del, "/v1/report-runs/" + all, {}, manager).status, 404);
    const auto names = [](const std::string& token) {
        return rows_of(get("/v1/report-runs?fields=report", token).body);
    };
    EXPECT_EQ(names(manager),
              R"([{"report":"stock-valuation"},{"report":"stock-low"},{"report":"profit"},{"report":"sales"}])");
    EXPECT_EQ(names(clerk), R"([{"report":"stock-valuation"},{"report":"stock-low"}])");
}

TEST_F(ReportRunsTest, ASuspendedShopMayStillFetchItsReports) {
    const auto late = sign_up("late@duka.example");
    app->database().execute(
        "update tenants set status = 'suspended' where id = (select tenant_id from memberships m join users u "
        "on u.id = m.user_id where u.email = 'late@duka.example')");
    app->host().services().use<auth::Authenticator>().invalidate_all();
    EXPECT_EQ(get("/v1/products", late).status, 402);
    const auto reply = ask(R"({"report":"sales"})", late);
    EXPECT_EQ(reply.status, 201) << reply.body;
    const auto path = "/v1/report-runs/" + reply.body.substr(reply.body.find(R"("id":")") + 6, 36);
    EXPECT_EQ(get("/v1/report-runs", late).status, 200);
    EXPECT_EQ(get(path, late).status, 200);
    EXPECT_EQ(send(http::Method::del, path, {}, late).status, 204);
}

// ---- What is in the files ----------------------------------------------------------------------------------------

TEST_F(ReportRunsTest, EachReportIsWritten) {
    const std::map<std::string_view, std::vector<std::string>> expected{
        {"sales-summary",
         {"businessDay,locationCode,location,sales,total,taxTotal,discountTotal",
          "2026-11-21,MAIN,Main,2,300.00,0.00,0.00", "2026-11-21,WEST,Westlands,1,80.00,0.00,0.00"}},
        {"tax",
         {"locationCode,location,taxCode,taxRatePpm,inclusive,sales,taxableNet,tax",
          "MAIN,Main,ZERO,0,true,2,300.00,0.00", "WEST,Westlands,ZERO,0,true,1,80.00,0.00"}},
        {"best-sellers", {"variantId,sku,name,sales,quantity,gross,net", variant + ",SU1,'=Sugar,3,3,380.00,380.00"}},
        {"profit",
         {"variantId,sku,name,quantity,net,cost,profit,linesWithoutCost",
          variant + ",SU1,'=Sugar,3,380.00,270.00,110.00,0"}},
        {"stock-valuation",
         {"locationCode,location,product,variant,variantId,sku,unit,onHand,unitCost,value",
          "MAIN,Main,Sugar,Sugar 1kg," + variant + ",SU1,pc,5.5,90.00,495.00",
          "WEST,Westlands,Sugar,Sugar 1kg," + variant + ",SU1,pc,-1,90.00,-90.00"}},
        {"stock-low",
         {"locationCode,location,product,variant,variantId,sku,unit,onHand,reorderLevel",
          "MAIN,Main,Sugar,Sugar 1kg," + variant + ",SU1,pc,5.5,10",
          "WEST,Westlands,Sugar,Sugar 1kg," + variant + ",SU1,pc,-1,10"}},
    };
    for (const auto& report : report_definitions()) {
        const auto name = schema::name_of(report.name);
        const auto csv = written(name, report.is_of_days ? november : "");
        if (const auto known = expected.find(name); known != expected.end())
            EXPECT_EQ(lines(with_names(csv)), known->second) << name;
        EXPECT_GE(lines(csv).size(), 2U) << name;
    }
}

TEST_F(ReportRunsTest, TheRunSaysWhatTheFileIs) {
    const auto id = asked("sales");
    EXPECT_EQ(perform(id), RunOutcome::succeeded);
    const auto& csv = store.objects.at(key_of(id, 1));
    const auto reply = get("/v1/report-runs/" + id);
    EXPECT_EQ(reply.header("Cache-Control"), "no-store");
    const auto digest = base::sha256(csv);
    EXPECT_THAT(reply.body, HasSubstr(R"("status":"succeeded","progress":{"rows":3,"percent":100})"));
    EXPECT_THAT(reply.body,
                HasSubstr(fmt::format(R"("file":{{"bytes":{},"rows":3,"sha256":"{}","url":"https://files.)"
                                      R"(example/{}?signed")",
                                      csv.size(), base::hex_encode(base::as_chars(digest)), key_of(id, 1))));
    EXPECT_THAT(store.lifetimes, ElementsAre(15min));
    EXPECT_THAT(get("/v1/report-runs").body, HasSubstr(R"("url":null)"));
    const auto all = lines(csv);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_THAT(all[0], StartsWith("businessDay,occurredAt,recordedAt,locationCode,location,receiptNumber,saleId,"));
    // 22:30 in UTC is the next day in Nairobi.
    EXPECT_THAT(all[1], StartsWith("2026-11-21,2026-11-21T01:30:00.000+03:00,"));
    EXPECT_THAT(all[1], HasSubstr(",SU1,,'=Sugar,1,150.00,150.00,0.00,0.00,ZERO,0,true,0.00,150.00"));
}

// Excel takes a CSV without the mark for a text of the country's old code page.
TEST_F(ReportRunsTest, AMarkIsInFrontForExcelAlone) {
    const auto plain = written("sales");
    const auto id = asked("sales", fmt::format(R"({},"format":"csv-bom")", november));
    EXPECT_EQ(perform(id), RunOutcome::succeeded);
    const auto& marked = store.objects.at(key_of(id, 1));
    EXPECT_EQ(marked, "\xEF\xBB\xBF" + plain) << "once, and nothing else is different";
    const auto reply = get("/v1/report-runs/" + id).body;
    EXPECT_THAT(reply, HasSubstr(R"("format":"csv-bom")"));
    EXPECT_THAT(reply, HasSubstr(fmt::format(R"("file":{{"bytes":{},"rows":3)", marked.size())));
    EXPECT_THAT(reply, HasSubstr(base::hex_encode(base::as_chars(base::sha256(marked)))));
}

TEST_F(ReportRunsTest, DaysAreTheShopsAndPlacesAreKeptApart) {
    const struct {
        std::string more;
        std::size_t sales;
    } cases[] = {{R"("from":"2026-11-21","to":"2026-11-21")", 3},
                 {R"("from":"2026-11-01","to":"2026-11-20")", 0},
                 {R"("from":"2026-11-22","to":"2026-12-31")", 0},
                 {fmt::format(R"({},"locationId":"{}")", november, elsewhere), 1},
                 {fmt::format(R"({},"locationId":"{}")", november, here), 2}};
    for (const auto& one : cases) {
        for (const auto* report : {"sales", "payments"})
            EXPECT_EQ(lines(written(report, one.more)).size(), one.sales + 1) << report << one.more;
    }
}

TEST_F(ReportRunsTest, AmountsAndTimesAreThoseOfTheShop) {
    app->database().execute("update tenants set currency = 'UGX', time_zone = 'Asia/Kathmandu' where id = '" + tenant +
                            "'");
    const auto csv = written("sales");
    app->database().execute("update tenants set currency = 'KES', time_zone = 'Africa/Nairobi' where id = '" + tenant +
                            "'");
    EXPECT_THAT(lines(csv).at(1), StartsWith("2026-11-21,2026-11-21T04:15:00.000+05:45,"));
    EXPECT_THAT(lines(csv).at(1), HasSubstr(",15000,15000,0,0,ZERO,"));
}

// Of another tenant there is no row, whatever it has.
TEST_F(ReportRunsTest, AFileHasItsOwnShopAlone) {
    const auto reply = ask(R"({"report":"sales","from":"2026-01-01","to":"2026-12-31"})", other);
    const auto id = reply.body.substr(reply.body.find(R"("id":")") + 6, 36);
    const auto theirs = *base::Uuid::from_string(rows("select tenant_id from report_runs where id = '" + id + "'"));
    const auto outcome = app->run(runs().perform(
        [theirs](std::chrono::seconds time) {
            return db::tenant_db(app->host().databases(), theirs, async::Loop::now() + time);
        },
        id_of(id), [] {}));
    EXPECT_EQ(outcome, RunOutcome::succeeded);
    EXPECT_EQ(lines(store.objects.begin()->second).size(), 1U);
    EXPECT_EQ(perform(id), RunOutcome::not_now) << "a run of another tenant is not there";
}

// All rows of one moment, a piece at a time.
TEST_F(ReportRunsTest, ManyLinesComeInPiecesAndInTheirOrder) {
    app->database().execute(
        "insert into sale_lines (tenant_id, sale_id, line_number, name, quantity, unit_price, tax_inclusive, discount, "
        "order_discount_share, tax_code, tax_rate_ppm, tax_amount, net, gross, returned_quantity) "
        "select tenant_id, id, 1 + n, 'Line ' || n, 1, 100, true, 0, 0, 'ZERO', 0, 0, 100, 100, 0 "
        "from (select tenant_id, id from sales where location_id = '" +
        elsewhere + "' limit 1) s, generate_series(1, 20000) n");
    const auto csv = written("sales", fmt::format(R"({},"locationId":"{}")", november, elsewhere));
    app->database().execute("delete from sale_lines where line_number > 1");
    const auto all = lines(csv);
    ASSERT_EQ(all.size(), 20'002U);
    EXPECT_GE(store.pieces, 20U);
    EXPECT_LE(store.largest_piece, 512U * 1024);
    for (int n = 1; n <= 20'000; n += 1'999)
        EXPECT_THAT(all.at(static_cast<std::size_t>(n) + 1), HasSubstr(fmt::format(",Line {},1,1.00,", n)));
}

// ---- One result --------------------------------------------------------------------------------------------------

TEST_F(ReportRunsTest, OfTwoWorkersTheOneThatBeganLastIsBelieved) {
    const auto id = asked("sales");
    auto second = RunOutcome::failed;
    // The first one's lock has run out while it writes.
    store.meanwhile = [&]() -> async::Task<void> { return overtaken(id, &second); };
    EXPECT_EQ(perform(id), RunOutcome::lost);
    EXPECT_EQ(second, RunOutcome::succeeded);
    EXPECT_EQ(state(id), "succeeded 2");
    ASSERT_EQ(store.objects.size(), 1U) << "the file of the one that lost is gone";
    EXPECT_EQ(store.objects.begin()->first, key_of(id, 2));
    EXPECT_THAT(get("/v1/report-runs/" + id).body, HasSubstr("/2.csv?signed"));
}

TEST_F(ReportRunsTest, WhoeverHasLostARunStopsWithTheNextWord) {
    const auto id = asked("sales");
    auto second = RunOutcome::failed;
    runs().limits.between_words = 0s;
    store.meanwhile = [&]() -> async::Task<void> { return overtaken(id, &second); };
    EXPECT_EQ(perform(id), RunOutcome::lost);
    EXPECT_EQ(second, RunOutcome::succeeded);
    EXPECT_EQ(store.objects.size(), 1U);
}

// A worker is gone, its lease is not: nobody else begins until then. What it left is removed by whoever ends the run.
TEST_F(ReportRunsTest, AWorkerThatWasKilledIsFollowedByAnother) {
    const auto id = asked("sales");
    app->database().execute(
        "update report_runs set status = 'running', attempt = 1, has_files = true, started_at = now(), "
        "lease_until = now() + interval '1 minute', next_look_at = now() + interval '1 minute'");
    store.objects[key_of(id, 1)] = "businessDay,occurredAt,rec";
    EXPECT_EQ(perform(id), RunOutcome::not_now);
    EXPECT_THAT(get("/v1/report-runs/" + id).body, HasSubstr(R"("file":null)"));
    let_lease_run_out();
    app->database().execute("update report_runs set next_look_at = now(); truncate outbox_jobs");
    app->run(sweep_report_runs(system(), &runs().runtime()));
    EXPECT_EQ(rows("select name || ' ' || (data ->> 'id') from outbox_jobs"), "reports.run " + id);
    EXPECT_EQ(perform(id), RunOutcome::succeeded);
    EXPECT_EQ(store.objects.size(), 1U);
    EXPECT_EQ(store.objects.begin()->first, key_of(id, 2));
}

TEST_F(ReportRunsTest, WhatEndsNobodyIsGivenUp) {
    const auto id = asked("sales");
    app->database().execute(
        "update report_runs set status = 'running', attempt = 5, has_files = true, "
        "lease_until = now() - interval '1 second', next_look_at = now()");
    EXPECT_EQ(perform(id), RunOutcome::not_now);
    EXPECT_EQ(state(id), "failed 5 report.interrupted");
    EXPECT_EQ(rows("select slot is null and next_look_at is null from report_runs"), "t");
}

TEST_F(ReportRunsTest, AJobThatIsDeliveredTwiceWritesOnce) {
    const auto id = asked("sales");
    EXPECT_EQ(perform(id), RunOutcome::succeeded);
    EXPECT_EQ(perform(id), RunOutcome::not_now);
    EXPECT_EQ(state(id), "succeeded 1");
    EXPECT_EQ(perform(next_id()), RunOutcome::not_now) << "and one of no run nothing";
}

TEST_F(ReportRunsTest, ReportsOfAShopComeOneAfterAnother) {
    const auto first = asked("sales");
    const auto second = asked("tax");
    auto meanwhile = RunOutcome::failed;
    store.meanwhile = [&]() -> async::Task<void> { return performed(second, &meanwhile); };
    app->database().execute("truncate outbox_jobs");
    EXPECT_EQ(perform(first), RunOutcome::succeeded);
    EXPECT_EQ(meanwhile, RunOutcome::not_now);
    EXPECT_EQ(state(second), "queued 0");
    EXPECT_EQ(rows("select data ->> 'id' from outbox_jobs"), second) << "the next one is sent for";
    EXPECT_EQ(perform(second), RunOutcome::succeeded);
}

TEST_F(ReportRunsTest, ALoopHasItsBound) {
    const auto id = asked("sales");
    runs().limits.at_once = 0;
    EXPECT_EQ(perform(id), RunOutcome::busy);
    EXPECT_EQ(state(id), "queued 0");
}

TEST_F(ReportRunsTest, WhatIsCancelledLeavesNothing) {
    // While it is written.
    const auto id = asked("sales");
    runs().limits.between_words = 0s;
    store.meanwhile = [&]() -> async::Task<void> { return cancelled(id); };
    EXPECT_EQ(perform(id), RunOutcome::lost);
    EXPECT_EQ(store.objects.size(), 0U);
    EXPECT_EQ(state(id), "failed 1 report.cancelled");
    EXPECT_EQ(get("/v1/report-runs/" + id).status, 404);
    // At the end of it: the file is there when the row is not the worker's any more.
    const auto late = asked("sales");
    runs().limits.between_words = 1h;
    store.meanwhile = [&]() -> async::Task<void> { return cancelled(late); };
    EXPECT_EQ(perform(late), RunOutcome::lost);
    EXPECT_EQ(store.objects.size(), 0U);
    // Behind it.
    const auto done = asked("sales");
    EXPECT_EQ(perform(done), RunOutcome::succeeded);
    app->database().execute("truncate outbox_jobs");
    EXPECT_EQ(send(http::Method::del, "/v1/report-runs/" + done, {}, owner).status, 204);
    EXPECT_EQ(rows("select name || ' ' || (data ->> 'id') from outbox_jobs"), "reports.remove_files " + done);
    EXPECT_TRUE(app->run(runs().remove_files(db(), id_of(done))));
    EXPECT_EQ(store.objects.size(), 0U);
    EXPECT_EQ(rows("select has_files from report_runs where id = '" + done + "'"), "f");
}

// While a worker may still put its file there, the row goes on saying so.
TEST_F(ReportRunsTest, FilesAreForgottenOnceNobodyCanLeaveOne) {
    const auto id = asked("sales");
    app->database().execute(
        "update report_runs set status = 'running', attempt = 1, has_files = true, "
        "lease_until = now() + interval '1 minute'");
    EXPECT_FALSE(app->run(runs().remove_files(db(), id_of(id)))) << "it is at work";
    EXPECT_EQ(send(http::Method::del, "/v1/report-runs/" + id, {}, owner).status, 204);
    EXPECT_FALSE(app->run(runs().remove_files(db(), id_of(id))));
    store.objects[key_of(id, 1)] = "left behind";
    let_lease_run_out();
    const auto done = app->run(clean_up_reports([] { return system(); }, &runs()));
    EXPECT_EQ(done.removed, 1);
    EXPECT_EQ(store.objects.size(), 0U);
}

// ---- Failures ----------------------------------------------------------------------------------------------------

TEST_F(ReportRunsTest, FailuresAreTriedAgainWhenTheyMayPass) {
    const struct {
        storage::Fault fault;
        RunOutcome outcome;
        std::string_view state;
    } cases[] = {{storage::Fault::unavailable, RunOutcome::put_back, "queued 1 storage.unavailable"},
                 {storage::Fault::outcome_unknown, RunOutcome::put_back, "queued 1 storage.outcome_unknown"},
                 {storage::Fault::denied, RunOutcome::failed, "failed 1 storage.denied"},
                 {storage::Fault::too_large, RunOutcome::failed, "failed 1 report.too_large"}};
    for (const auto& one : cases) {
        SetUp();
        store.fault = one.fault;
        const auto id = asked("sales");
        EXPECT_EQ(perform(id), one.outcome);
        EXPECT_EQ(state(id), one.state);
        EXPECT_THAT(get("/v1/report-runs/" + id).body, HasSubstr(R"("failure":")"));
    }
    SetUp();
    store.fault = storage::Fault::unavailable;
    const auto id = asked("sales");
    for (int i = 1; i < 5; ++i) EXPECT_EQ(perform(id), RunOutcome::put_back) << i;
    EXPECT_EQ(perform(id), RunOutcome::failed);
    EXPECT_EQ(state(id), "failed 5 storage.unavailable");
}

TEST_F(ReportRunsTest, RowsBytesAndTimeHaveTheirBounds) {
    const auto rows_id = asked("sales");
    runs().limits.rows = 2;
    EXPECT_EQ(perform(rows_id), RunOutcome::failed);
    EXPECT_EQ(state(rows_id), "failed 1 report.too_large");
    runs().limits = {.bytes = 100};
    const auto bytes_id = asked("sales");
    EXPECT_EQ(perform(bytes_id), RunOutcome::failed);
    EXPECT_EQ(state(bytes_id), "failed 1 report.too_large");
    runs().limits = {.time = 0s};
    const auto time_id = asked("sales");
    EXPECT_EQ(perform(time_id), RunOutcome::failed);
    EXPECT_EQ(state(time_id), "failed 1 report.too_slow");
    EXPECT_EQ(store.objects.size(), 0U);
    EXPECT_EQ(rows("select count(*) from report_runs where slot is not null"), "0");
}

// A worker that stops gives the run back.
TEST_F(ReportRunsTest, AStopIsNoFailure) {
    const auto id = asked("sales");
    const auto outcome = app->run(runs().perform([](std::chrono::seconds time) { return db(time); }, id_of(id),
                                                 [] { throw base::Failure(jobs::errors::cancelled); }));
    EXPECT_EQ(outcome, RunOutcome::put_back);
    EXPECT_EQ(state(id), "queued 1 report.interrupted");
    EXPECT_EQ(perform(id), RunOutcome::succeeded);
    EXPECT_EQ(state(id), "succeeded 2");
}

TEST_F(ReportRunsTest, WithoutAStorageNobodyIsPromisedAFile) {
    runs().use_store(nullptr);
    const auto reply = ask(R"({"report":"sales"})");
    EXPECT_EQ(reply.status, 503);
    EXPECT_THAT(reply.body, HasSubstr("report.off"));
    EXPECT_EQ(rows("select count(*) from report_runs"), "0");
}

// ---- A week later ------------------------------------------------------------------------------------------------

TEST_F(ReportRunsTest, FilesGoAfterAWeekAndTheRunsSaySo) {
    const auto old = asked("sales");
    EXPECT_EQ(perform(old), RunOutcome::succeeded);
    EXPECT_EQ(rows("select expires_at - finished_at from report_runs"), "7 days");
    app->database().execute("update report_runs set expires_at = now() + interval '90 seconds'");
    EXPECT_EQ(get("/v1/report-runs/" + old).status, 200);
    EXPECT_LE(store.lifetimes.back(), 90s) << "a URL does not outlive the file";
    app->database().execute("update report_runs set expires_at = now()");
    const auto recent = asked("sales");
    EXPECT_EQ(perform(recent), RunOutcome::succeeded);
    // Before anybody has cleaned up.
    const auto reply = get("/v1/report-runs/" + old).body;
    EXPECT_THAT(reply, HasSubstr(R"("status":"expired")"));
    EXPECT_THAT(reply, HasSubstr(R"("file":null)"));

    store.fault = storage::Fault::unavailable;
    auto done = app->run(clean_up_reports([] { return system(); }, &runs()));
    EXPECT_EQ(std::tuple(done.expired, done.removed, done.failed), std::tuple(1, 0, 1));
    store.fault.reset();
    done = app->run(clean_up_reports([] { return system(); }, &runs()));
    EXPECT_EQ(std::tuple(done.expired, done.removed, done.failed), std::tuple(0, 1, 0));
    ASSERT_EQ(store.objects.size(), 1U);
    EXPECT_EQ(store.objects.begin()->first, key_of(recent, 1));
    EXPECT_EQ(state(old), "expired 1");
    EXPECT_THAT(get("/v1/report-runs").body, HasSubstr(old)) << "the row stays";
    done = app->run(clean_up_reports([] { return system(); }, &runs()));
    EXPECT_EQ(std::tuple(done.expired, done.removed, done.failed), std::tuple(0, 0, 0));
}

}  // namespace
