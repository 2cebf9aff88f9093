// Receipt numbers of sales that come at once: of those with one number all but the first say so.

#include <algorithm>
#include <tuple>

#include "async/sync.h"
#include "pos/modules/sales/sale.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;

class ReceiptsTest : public ShopTest {
protected:
    static async::Task<std::vector<InjectedResponse>> all_at_once(std::vector<http::InjectedRequest> requests) {
        std::vector<async::Task<InjectedResponse>> replies;
        for (auto& request : requests) replies.push_back(app->worker().inject(std::move(request)));
        co_return co_await async::when_all(std::move(replies));
    }
    static Device till() {
        return made<Device>(post("/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", location())));
    }
    static std::string shop_code() { return body<db::Page<Location>>(get("/v1/locations")).data.at(0).fields.code; }
    // A sale of something free; `numbering` is the members of its number.
    static std::string sale(std::string_view numbering = "") {
        return fmt::format(
            R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","occurredAt":"{}","total":0,)"
            R"("taxTotal":0,"payments":[],"lines":[{{"lineNumber":1,"name":"Water","quantity":"1","unitPrice":0,)"
            R"("taxCode":"Z","taxRatePpm":0}}]{}}})",
            ++sales, location(), base::format_timestamp(base::system_clock().now()), numbering);
    }
    static std::string numbered(const Device& device, std::string_view receipt, int seq = 1) {
        return sale(
            fmt::format(R"(,"deviceId":"{}","deviceSeq":{},"receiptNumber":"{}")", text(device.id), seq, receipt));
    }
    // All at once; how many say that another sale had their number before.
    static std::size_t flagged(const std::vector<std::string>& bodies) {
        std::vector<http::InjectedRequest> requests;
        for (const auto& json : bodies)
            requests.push_back({.method = http::Method::post,
                                .target = "/v1/sales",
                                .headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "application/json"}},
                                .body = json});
        const auto replies = app->run(all_at_once(std::move(requests)));
        for (const auto& reply : replies) EXPECT_EQ(reply.status, 201) << reply.body;
        return static_cast<std::size_t>(std::ranges::count_if(
            replies, [](const auto& reply) { return reply.body.contains("receipt_number_duplicate"); }));
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
    EXPECT_EQ(flagged(bodies), 5U);
    EXPECT_EQ(unflagged_twice(), "0");
}

TEST_F(ReceiptsTest, ATillsOwnNumberBesideOneThatAnotherPrinted) {
    for (int seq = 1; seq <= 5; ++seq) {
        const auto own = till();
        const auto receipt = fmt::format("{}-{:02}-{:06}", shop_code(), own.device_number, seq);
        EXPECT_EQ(flagged({numbered(own, receipt, seq), numbered(till(), receipt)}), 1U) << seq;
    }
    EXPECT_EQ(unflagged_twice(), "0");
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
