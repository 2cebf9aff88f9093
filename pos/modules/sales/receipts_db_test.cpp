// Sales that come at once with one receipt number, or one M-Pesa code: all but the first say so.

#include <algorithm>
#include <tuple>

#include "async/sync.h"
#include "pos/modules/sales/sale.h"
#include "pos/testing/open_transaction.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;

class ReceiptsTest : public ShopTest {
protected:
    static async::Task<std::vector<InjectedResponse>> all_at_once(std::vector<http::InjectedRequest> requests) {
        std::vector<async::Task<InjectedResponse>> replies;
        for (auto& request : requests) replies.push_back(app->host().inject(std::move(request)));
        co_return co_await async::when_all(std::move(replies));
    }
    static Device till() {
        return made<Device>(post("/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", location())));
    }
    static std::string shop_code() { return body<db::Page<Location>>(get("/v1/locations")).data.at(0).fields.code; }
    // A sale of something free, or for one shilling; `numbering` is the members of its number.
    static std::string sale(std::string_view numbering = "", std::string_view payment = "") {
        return fmt::format(
            R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","occurredAt":"{}","total":{},)"
            R"("taxTotal":0,"payments":[{}],"lines":[{{"lineNumber":1,"name":"Water","quantity":"1","unitPrice":{},)"
            R"("taxCode":"Z","taxRatePpm":0}}]{}}})",
            ++sales, location(), base::format_timestamp(base::system_clock().now()), payment.empty() ? 0 : 100, payment,
            payment.empty() ? 0 : 100, numbering);
    }
    static std::string paid(std::string_view method, std::string_view code) {
        return sale(fmt::format(R"(,"deviceId":"{}","deviceSeq":1,"receiptNumber":"PAID-{}")", text(till().id), sales),
                    fmt::format(R"({{"method":"{}","amount":100,"reference":"{}"}})", method, code));
    }
    static std::string numbered(const Device& device, std::string_view receipt, int seq = 1) {
        return sale(
            fmt::format(R"(,"deviceId":"{}","deviceSeq":{},"receiptNumber":"{}")", text(device.id), seq, receipt));
    }
    static std::vector<http::InjectedRequest> requests(const std::vector<std::string>& bodies) {
        std::vector<http::InjectedRequest> requests;
        for (const auto& json : bodies)
            requests.push_back({.method = http::Method::post,
                                .target = "/v1/sales",
                                .headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "application/json"}},
                                .body = json});
        return requests;
    }
    static std::ptrdiff_t flagged_as(std::string_view flag, const std::vector<InjectedResponse>& replies) {
        for (const auto& reply : replies) EXPECT_EQ(reply.status, 201) << reply.body;
        return std::ranges::count_if(replies, [&](const auto& reply) { return reply.body.contains(flag); });
    }
    // All at once; how many say that another sale had their number before.
    static std::ptrdiff_t flagged(const std::vector<std::string>& bodies) {
        return flagged_as("receipt_number_duplicate", app->run(all_at_once(requests(bodies))));
    }
    static async::Task<std::vector<InjectedResponse>> all_and_tell(std::vector<http::InjectedRequest> requests,
                                                                   bool* done) {
        auto replies = co_await all_at_once(std::move(requests));
        *done = true;
        co_return replies;
    }
    static async::Task<bool> commit_when_all_wait(OpenTransaction* change, std::size_t requests, const bool* done) {
        bool waited = false;
        while (!*done && !waited) {
            waited = app->database().value(
                         "select count(*) from pg_stat_activity where datname = current_database() "
                         "and wait_event_type = 'Lock'") == std::to_string(requests);
            co_await async::sleep(&app->host().loop(), std::chrono::milliseconds(1));
        }
        change->commit();
        co_return waited;
    }
    // All have judged what they read before the first of them is stored.
    static async::Task<std::vector<InjectedResponse>> abreast(std::vector<http::InjectedRequest> requests) {
        OpenTransaction change(app->database().url(), "lock table payments in share mode");
        bool done = false;
        const auto count = requests.size();
        auto both = co_await async::when_all(all_and_tell(std::move(requests), &done),
                                             commit_when_all_wait(&change, count, &done));
        EXPECT_TRUE(std::get<1>(both));
        co_return std::move(std::get<0>(both));
    }
    static std::string unflagged_twice() {
        return app->database()
            .value(
                "select count(*) from (select from sales where not (flags && '{receipt_number_duplicate}') "
                "group by tenant_id, receipt_number having count(*) > 1) twice")
            .value_or("");
    }

    static inline int sales = 0;
};

TEST_F(ReceiptsTest, OfSixWithOnePrintedNumberFiveAreFlagged) {
    std::vector<std::string> bodies;
    for (int i = 0; i < 6; ++i) bodies.push_back(numbered(till(), "KIOSK-1"));
    EXPECT_EQ(flagged(bodies), 5);
    EXPECT_EQ(unflagged_twice(), "0");
}

TEST_F(ReceiptsTest, ATillsOwnNumberBesideOneThatAnotherPrinted) {
    for (int seq = 1; seq <= 5; ++seq) {
        const auto own = till();
        const auto receipt = fmt::format("{}-{:02}-{:06}", shop_code(), own.device_number, seq);
        EXPECT_EQ(flagged({numbered(own, receipt, seq), numbered(till(), receipt)}), 1) << seq;
    }
    EXPECT_EQ(unflagged_twice(), "0");
}

TEST_F(ReceiptsTest, OneCodeByTwoMethodsAtOncePaysOnce) {
    int number = 0;
    for (const auto& [one, other_method] : {std::pair("mpesa", "airtel"), std::pair("mpesa", "card"),
                                            std::pair("bank", "airtel"), std::pair("mpesa", "mpesa")}) {
        const auto code = fmt::format("RACE9ABCD{}", number++);
        const auto replies = app->run(abreast(requests({paid(one, code), paid(other_method, code)})));
        EXPECT_EQ(flagged_as("payment_reference_reused", replies), 1) << one << ' ' << other_method;
    }
    // Slips of two cards may have one number, and sales that have nothing to do with each other do not wait.
    const auto replies = app->run(
        abreast(requests({paid("card", "TERM000012"), paid("card", "TERM000012"), paid("mpesa", "SLK7ABCDE9")})));
    EXPECT_EQ(flagged_as("payment_reference_reused", replies), 0);
}

TEST_F(ReceiptsTest, FlagsAreAListThatCanBeRead) {
    ASSERT_EQ(post("/v1/sales", sale()).status, 201);
    for (const auto* flags : {"array[null]::text[]", "array['a', null]", "array[array['a'], array['b']]"})
        EXPECT_THROW(app->database().execute(fmt::format("update sales set flags = {}", flags)), std::runtime_error)
            << flags;
    EXPECT_EQ(get("/v1/sales").status, 200);
}

TEST_F(ReceiptsTest, TheServersNumbersStepOverWhatIsPrintedAtThatMoment) {
    std::vector<std::string> bodies;
    for (int i = 1; i <= 8; ++i) {
        bodies.push_back(sale());
        bodies.push_back(numbered(till(), fmt::format("{}-S-{:06}", shop_code(), i)));
    }
    std::ignore = flagged(bodies);
    EXPECT_EQ(unflagged_twice(), "0");
    EXPECT_EQ(app->database().value("select count(*) from sales where device_id is null and "
                                    "flags && '{receipt_number_duplicate}'"),
              "0")
        << "the server has other numbers to give";
}

}  // namespace
