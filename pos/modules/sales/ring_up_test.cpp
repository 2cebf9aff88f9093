#include "pos/modules/sales/ring_up.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace pos;  // NOLINT(google-build-using-namespace): the test is about this namespace
using namespace std::chrono_literals;

const base::Timestamp now = *base::parse_timestamp("2026-11-22T09:14:03.120+03:00");
const VariantId sugar(base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-000000000001").value());

NewSaleLine sugar_line(std::int32_t number, std::string_view quantity = "1.5") {
    NewSaleLine line;
    line.line_number = number;
    line.variant_id = sugar;
    line.name = "Sugar 1kg";
    line.quantity = *base::Quantity::from_string(quantity);
    line.unit_price = {15'000};
    line.tax_code = "VAT16";
    line.tax_rate_ppm = {160'000};
    return line;
}

// The sale of the API's documentation.
NewSale documented_sale() {
    NewSale sale;
    sale.client_request_id = base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-0000000000aa").value();
    sale.occurred_at = now;
    sale.lines = {sugar_line(1)};
    sale.lines[0].gross = base::Money{22'500};
    sale.lines[0].tax_amount = base::Money{3'103};
    sale.tax_total = {3'103};
    sale.total = {22'500};
    sale.payments.resize(2);
    sale.payments[0] = {.method = PaymentMethod::cash, .amount = {12'500}, .tendered = base::Money{15'000}};
    sale.payments[1] = {.method = PaymentMethod::mpesa, .amount = {10'000}, .reference = "SLK7ABCDE1"};
    sale.change = base::Money{2'500};
    return sale;
}

Surroundings shop(std::string_view on_hand = "10") {
    Surroundings around;
    around.now = now;
    around.catalogue[sugar.uuid()] = {.variant_id = sugar,
                                      .price = {15'000},
                                      .cost = base::Money{11'000},
                                      .track_stock = true,
                                      .tax_code = "VAT16",
                                      .tax_rate_ppm = base::Rate{160'000},
                                      .tax_inclusive = true,
                                      .on_hand = base::Quantity::from_string(on_hand)};
    around.new_payment_ids.resize(8);
    around.receipt_number = "NRB1-S-000001";
    return around;
}

bool has_flag(const RungUp& rung_up, std::string_view flag) {
    return std::ranges::count(rung_up.sale.row.flags, flag) == 1;
}

std::string code_of(const NewSale& sale, const Surroundings& around = shop()) {
    try {
        static_cast<void>(ring_up(sale, around));
    } catch (const base::Failure& failure) {
        return std::string(failure.code().code);
    }
    return "accepted";
}

TEST(ring_up, the_documented_sale) {
    const auto rung_up = ring_up(documented_sale(), shop());
    const auto& row = rung_up.sale.row;
    EXPECT_EQ(row.total, base::Money{22'500});
    EXPECT_EQ(row.tax_total, base::Money{3'103});
    EXPECT_EQ(row.exclusive_tax_total, base::Money{0});
    EXPECT_EQ(row.paid_total, base::Money{22'500});
    EXPECT_EQ(row.change_given, base::Money{2'500});
    EXPECT_EQ(row.credit_total, base::Money{0});
    EXPECT_TRUE(row.flags.empty());
    EXPECT_EQ(base::format_date(row.business_day), "2026-11-22");
    ASSERT_EQ(rung_up.sale.taxes.size(), 1U);
    EXPECT_EQ(rung_up.sale.taxes[0].taxable_net, base::Money{19'397});
    ASSERT_EQ(rung_up.sale.payments.size(), 2U);
    EXPECT_EQ(rung_up.sale.payments[1].external_ref, "SLK7ABCDE1");
    EXPECT_EQ(rung_up.sale.payments[1].status, PaymentStatus::unverified);
    ASSERT_EQ(rung_up.movements.levels.size(), 1U);
    EXPECT_EQ(rung_up.movements.levels[0].quantity.to_string(), "-1.5");
}

TEST(ring_up, a_sale_that_contradicts_itself_is_refused) {
    auto wrong_total = documented_sale();
    wrong_total.total = {22'400};
    EXPECT_EQ(code_of(wrong_total), "sale.total_mismatch");

    auto wrong_tax = documented_sale();
    wrong_tax.lines[0].tax_amount = base::Money{3'102};
    EXPECT_EQ(code_of(wrong_tax), "sale.total_mismatch");

    auto overpaid = documented_sale();
    overpaid.payments[1].amount = {10'001};
    EXPECT_EQ(code_of(overpaid), "sale.payments_mismatch");

    auto short_tender = documented_sale();
    short_tender.payments[0].tendered = base::Money{12'000};
    EXPECT_EQ(code_of(short_tender), "sale.payments_mismatch");

    auto change_from_mpesa = documented_sale();
    change_from_mpesa.payments[1].tendered = base::Money{11'000};
    EXPECT_EQ(code_of(change_from_mpesa), "sale.payments_mismatch");

    auto half_numbered = documented_sale();
    half_numbered.device_seq = 7;
    EXPECT_EQ(code_of(half_numbered), "sale.numbering_incomplete");

    auto twice_the_same_line = documented_sale();
    twice_the_same_line.lines.push_back(sugar_line(1));
    EXPECT_EQ(code_of(twice_the_same_line), "sale.inconsistent");
}

TEST(ring_up, every_wrong_figure_is_reported) {
    auto sale = documented_sale();
    sale.total = {1};
    sale.tax_total = {2};
    sale.lines[0].gross = base::Money{3};
    try {
        static_cast<void>(ring_up(sale, shop()));
        FAIL();
    } catch (const base::Failure& failure) {
        ASSERT_EQ(failure.issues().size(), 3U);
        EXPECT_EQ(failure.issues()[0].pointer, "/total");
        EXPECT_EQ(failure.issues()[1].pointer, "/taxTotal");
        EXPECT_EQ(failure.issues()[2].pointer, "/lines/0/gross");
    }
}

TEST(ring_up, what_no_payment_covers_is_credit) {
    auto sale = documented_sale();
    sale.payments.resize(1);
    sale.change.reset();
    EXPECT_EQ(ring_up(sale, shop()).sale.row.credit_total, base::Money{10'000});
}

TEST(ring_up, what_differs_from_the_shop_is_accepted_with_a_flag) {
    auto dearer = shop();
    dearer.catalogue[sugar.uuid()].price = {16'000};
    EXPECT_TRUE(has_flag(ring_up(documented_sale(), dearer), "price_variance"));

    auto taxed_otherwise = shop();
    taxed_otherwise.catalogue[sugar.uuid()].tax_rate_ppm = base::Rate{80'000};
    EXPECT_TRUE(has_flag(ring_up(documented_sale(), taxed_otherwise), "tax_variance"));

    EXPECT_TRUE(has_flag(ring_up(documented_sale(), shop("1")), "stock_variance"));

    auto newer_till = documented_sale();
    newer_till.extra.text = R"({"loyalty":7})";
    const auto kept = ring_up(newer_till, shop());
    EXPECT_TRUE(has_flag(kept, "unknown_members"));
    EXPECT_EQ(kept.sale.row.extra.text, R"({"loyalty":7})");

    auto newer_lines = documented_sale();
    newer_lines.lines[0].extra.text = R"({"serial":"A1"})";
    newer_lines.payments[1].extra.text = R"({"terminal":4})";
    const auto kept_inside = ring_up(newer_lines, shop());
    EXPECT_TRUE(has_flag(kept_inside, "unknown_members"));
    EXPECT_EQ(kept_inside.sale.row.extra.text, R"({"lines":{"0":{"serial":"A1"}},"payments":{"1":{"terminal":4}}})");

    auto at_a_register = documented_sale();
    at_a_register.register_id = sugar.uuid();
    EXPECT_TRUE(has_flag(ring_up(at_a_register, shop()), "unlinked_reference"));
}

TEST(ring_up, the_devices_clock_is_believed_within_reason) {
    auto ahead = documented_sale();
    ahead.occurred_at = now + 24h;
    const auto clamped = ring_up(ahead, shop());
    EXPECT_TRUE(has_flag(clamped, "clock_ahead"));
    EXPECT_EQ(clamped.sale.row.occurred_at, now);
    EXPECT_EQ(clamped.sale.row.device_occurred_at, ahead.occurred_at);

    auto offline = documented_sale();
    offline.occurred_at = now - 24h * 90;
    const auto late = ring_up(offline, shop());
    EXPECT_TRUE(has_flag(late, "recorded_late"));
    EXPECT_EQ(late.sale.row.occurred_at, offline.occurred_at);
}

TEST(ring_up, the_business_day_ends_at_the_tenants_cutoff) {
    auto around = shop();
    around.tenant.business_day_cutoff = 240;
    auto sale = documented_sale();
    sale.occurred_at = *base::parse_timestamp("2026-11-22T03:59:59.900+03:00");
    EXPECT_EQ(base::format_date(ring_up(sale, around).sale.row.business_day), "2026-11-21");
    sale.occurred_at = *base::parse_timestamp("2026-11-22T04:00:00+03:00");
    EXPECT_EQ(base::format_date(ring_up(sale, around).sale.row.business_day), "2026-11-22");
}

TEST(ring_up, one_variant_on_two_lines_moves_its_level_once_and_the_ledger_twice) {
    auto sale = documented_sale();
    sale.lines = {sugar_line(1, "1"), sugar_line(2, "2")};
    sale.total = {45'000};
    sale.tax_total = {6'207};
    sale.payments = {{.method = PaymentMethod::card, .amount = {45'000}}};
    sale.change.reset();
    const auto rung_up = ring_up(sale, shop());
    ASSERT_EQ(rung_up.movements.levels.size(), 1U);
    EXPECT_EQ(rung_up.movements.levels[0].quantity.to_string(), "-3");
    ASSERT_EQ(rung_up.movements.movements.size(), 2U);
    EXPECT_EQ(rung_up.movements.movements[0].later.to_string(), "-2");
    EXPECT_EQ(rung_up.movements.movements[1].later.to_string(), "0");
}

TEST(ring_up, an_item_outside_of_the_catalogue_moves_no_stock) {
    auto sale = documented_sale();
    sale.lines[0].variant_id.reset();
    EXPECT_TRUE(ring_up(sale, shop()).movements.levels.empty());
}

}  // namespace
