#include "pos/modules/sales/ring_up.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "schema/canonical.h"

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

SaleContext shop(std::string_view on_hand = "10") {
    SaleContext around;
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
    around.till = TillPlace{"NRB1", 3};
    return around;
}

bool has_flag(const RungUp& rung_up, std::string_view flag) {
    return std::ranges::count(rung_up.sale.row.flags, flag) == 1;
}

// "code pointer", or "accepted".
std::string refusal_of(const NewSale& sale, const SaleContext& around = shop()) {
    try {
        static_cast<void>(ring_up(sale, around));
    } catch (const base::Failure& failure) {
        return std::string(failure.code().code) +
               (failure.issues().empty() ? "" : " " + failure.issues().front().pointer);
    }
    return "accepted";
}

std::string code_of(const NewSale& sale, const SaleContext& around = shop()) {
    const auto refusal = refusal_of(sale, around);
    return refusal.substr(0, refusal.find(' '));
}

NewSale numbered(std::string_view receipt_number) {
    auto sale = documented_sale();
    sale.device_id = DeviceId(sugar.uuid());
    sale.device_seq = 1042;
    sale.receipt_number = receipt_number;
    return sale;
}

std::string flags_of(const NewSale& sale, const SaleContext& around = shop()) {
    return fmt::format("{}", fmt::join(ring_up(sale, around).sale.row.flags, " "));
}

// The form as it is read, so that null counts as missing.
std::string issues_of(std::string_view members) {
    const auto body = fmt::format(
        R"({{"clientRequestId":"01890a5d-ac96-774b-bcce-b302099a8057","locationId":"01890a5d-ac96-774b-bcce-b302099a8058",
            "occurredAt":"2026-11-22T08:00:00Z","lines":[{{"lineNumber":1,"name":"News","quantity":"1","unitPrice":6000,
            "taxCode":null,"taxRatePpm":null}}],"taxTotal":0,"total":6000,"payments":[{{"method":"cash","amount":6000}}]{}}})",
        members);
    const auto read = schema::parse<NewSale>(body);
    if (read) return "";
    std::string found = read.error().detail;
    for (const auto& issue : read.error().issues) found += issue.pointer + " " + issue.code + ";";
    return found;
}

TEST(ring_up, what_is_no_sale_is_not_booked_as_one) {
    EXPECT_EQ(issues_of(""), "");
    EXPECT_EQ(issues_of(R"(,"kind":"sale","status":"completed","originalSaleId":null)"), "");
    EXPECT_EQ(issues_of(R"(,"kind":null,"status":null)"), "");
    EXPECT_EQ(issues_of(R"(,"kind":"return")"), "/kind not_a_sale;");
    EXPECT_EQ(issues_of(R"(,"kind":"exchange","status":"voided")"), "/kind not_a_sale;/status not_a_sale;");
    EXPECT_EQ(issues_of(R"(,"originalSaleId":"01890a5d-ac96-774b-bcce-b302099a8059")"), "/originalSaleId not_a_sale;");
}

TEST(ring_up, the_tax_of_an_article_without_a_tax_class) {
    auto around = shop();
    around.catalogue[sugar.uuid()].tax_code.reset();
    around.catalogue[sugar.uuid()].tax_rate_ppm.reset();
    EXPECT_EQ(flags_of(documented_sale(), around), "tax_variance");
    auto untaxed = documented_sale();
    untaxed.lines[0].tax_code.clear();
    untaxed.lines[0].tax_rate_ppm = {};
    untaxed.lines[0].tax_amount.reset();
    untaxed.tax_total = {0};
    EXPECT_EQ(flags_of(untaxed, around), "");
    EXPECT_EQ(flags_of(untaxed), "tax_variance");
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

    auto slip_without_tender = documented_sale();
    slip_without_tender.payments[1].tendered = base::Money{0};
    EXPECT_EQ(code_of(slip_without_tender), "accepted");
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
    EXPECT_EQ(flags_of(sale), "credit_implied");
    sale.credit_total = base::Money{10'000};
    EXPECT_EQ(flags_of(sale), "");
    sale.credit_total = base::Money{9'999};
    EXPECT_EQ(refusal_of(sale), "sale.payments_mismatch /creditTotal");
}

TEST(ring_up, a_sale_without_payments_says_what_is_on_credit) {
    auto sale = documented_sale();
    sale.payments.clear();
    sale.change.reset();
    EXPECT_EQ(refusal_of(sale), "sale.payments_mismatch /creditTotal");
    sale.credit_total = base::Money{22'500};
    EXPECT_EQ(flags_of(sale), "");
    EXPECT_EQ(ring_up(sale, shop()).sale.row.credit_total, base::Money{22'500});
}

TEST(ring_up, a_free_sale_needs_no_payment_and_takes_one_of_nothing) {
    auto sale = documented_sale();
    sale.lines[0] = sugar_line(1);
    sale.lines[0].unit_price = {0};
    sale.total = {0};
    sale.tax_total = {0};
    sale.change.reset();
    sale.payments.clear();
    EXPECT_EQ(flags_of(sale), "price_variance");
    sale.payments = {{.method = PaymentMethod::cash}};
    EXPECT_TRUE(schema::check(sale).empty());
    EXPECT_EQ(flags_of(sale), "price_variance");
    sale.total = {1};
    ASSERT_EQ(schema::check(sale).size(), 1U);
    EXPECT_EQ(schema::check(sale)[0].pointer, "/payments/0/amount");
    sale.credit_total = base::Money{1};
    EXPECT_TRUE(schema::check(sale).empty());
}

TEST(ring_up, a_finding_points_at_the_line_by_its_place) {
    const auto with_line = [](auto change) {
        auto sale = documented_sale();
        sale.lines = {sugar_line(30), sugar_line(20)};
        change(sale.lines[1]);
        return refusal_of(sale);
    };
    EXPECT_EQ(with_line([](auto& line) { line.line_number = 30; }), "sale.inconsistent /lines/1/lineNumber");
    EXPECT_EQ(with_line([](auto& line) { line.discount = {30'000}; }), "sale.inconsistent /lines/1/discount");
    EXPECT_EQ(with_line([](auto& line) { line.unit_price = {INT64_MAX}; }), "sale.inconsistent /lines/1");
    EXPECT_EQ(with_line([](auto& line) { line.variant_id = VariantId(base::Uuid::nil()); }),
              "variant.unknown /lines/1/variantId");
    auto discounted = documented_sale();
    discounted.order_discount = {30'000};
    EXPECT_EQ(refusal_of(discounted), "sale.inconsistent /orderDiscount");
}

TEST(ring_up, amounts_that_json_does_not_hold_are_refused) {
    auto sale = documented_sale();
    sale.lines = {sugar_line(1, "1000000000")};
    sale.lines[0].unit_price = {1'000'000'000'000};
    EXPECT_EQ(refusal_of(sale), "sale.inconsistent /lines/0");
    sale.lines[0].unit_price = {9'007'200};
    EXPECT_EQ(refusal_of(sale), "sale.inconsistent /lines");
}

TEST(ring_up, a_quantity_above_any_shops_is_flagged) {
    const auto flags = [](std::string_view quantity) {
        auto sale = documented_sale();
        sale.lines = {sugar_line(1, quantity)};
        sale.lines[0].unit_price = {0};
        sale.total = {0};
        sale.tax_total = {0};
        sale.payments.clear();
        sale.change.reset();
        return flags_of(sale, shop("1000000000"));
    };
    EXPECT_EQ(flags("100000"), "price_variance");
    EXPECT_EQ(flags("100000.0001"), "price_variance quantity_implausible");
}

TEST(ring_up, a_receipt_number_is_kept_as_printed) {
    const auto stored = [](std::string_view receipt_number, const SaleContext& around = shop()) {
        const auto row = ring_up(numbered(receipt_number), around).sale.row;
        return fmt::format("{}|{}", row.receipt_number, fmt::join(row.flags, " "));
    };
    EXPECT_EQ(stored("NRB1-03-001042"), "NRB1-03-001042|");
    EXPECT_EQ(stored("NRB1-3-1042"), "NRB1-3-1042|");
    for (const auto* foreign :
         {"NRB1-03-001043", "NRB1-04-001042", "NRB2-03-001042", "NRB1-S-001042", "NRB1-03", "NRB1", "NRB1-03-",
          "NRB1--001042", "NRB1-03-001042-1", "NRB1-03-99999999999999999999", "paid", "NRB1-03-001042\xF0\x9F\x98\x80",
          "nrb1-03-001042", "NRB1-+3-001042", "NRB1-03-0x1042"})
        EXPECT_EQ(stored(foreign), fmt::format("{}|receipt_number_foreign", foreign));
    EXPECT_EQ(stored("NRB1-03-001042\n"), "NRB1-03-001042|text_changed");
    EXPECT_EQ(stored("NRB1-03-\xE2\x80\x8B"
                     "001042"),
              "NRB1-03-001042|text_changed");
    EXPECT_EQ(stored("\xEF\xBF\xBDNRB1-03-001042"), "NRB1-03-001042|text_changed");
    EXPECT_EQ(stored("A\nB"), "A B|receipt_number_foreign text_changed");
    for (const auto* nothing : {"", " \n", "\xE2\x80\x8B"})
        EXPECT_TRUE(stored(nothing).starts_with("NRB1-03-001042|receipt_number_foreign")) << nothing;
    EXPECT_EQ(stored(std::string(65, 'x')), std::string(64, 'x') + "|receipt_number_foreign text_changed");

    auto taken = shop();
    taken.receipt_taken = true;
    EXPECT_EQ(stored("NRB1-03-001042", taken), "NRB1-03-001042|receipt_number_duplicate");
    EXPECT_EQ(stored("X", taken), "X|receipt_number_duplicate receipt_number_foreign");
    auto gone = shop();
    gone.till.reset();
    EXPECT_EQ(stored("NRB1-03-001042", gone), "NRB1-03-001042|receipt_number_foreign");
}

TEST(ring_up, an_mpesa_code_has_one_spelling) {
    for (const auto* same : {"SLK7ABCDE1", "slk7abcde1", " SLK7ABCDE1 ", "SLK7 ABCD E1", "SLK7ABCDE1\xC2\xA0",
                             "SLK7\xE2\x80\x8B"
                             "ABCDE1",
                             "\xEF\xBB\xBFSLK7ABCDE1\n"})
        EXPECT_EQ(mpesa_code(same), "SLK7ABCDE1") << same;
    for (const auto* same : {"SLK7-ABCDE1", "SLK7ABCDE1.", "\"SLK7ABCDE1\"", "SLK7ABCDE1\xEF\xBF\xBD",
                             "\xEF\xBC\xB3LK7ABCDE1", "\xEF\xBD\x93lk7abcde1"})
        EXPECT_EQ(mpesa_code(same), "SLK7ABCDE1") << same;
    // As phones write by themselves, and as people hide it.
    for (const auto* same :
         {"SLK7–ABCDE1", "“SLK7ABCDE1”", "‘SLK7ABCDE1’", "• SLK7ABCDE1", "SLK7ABCDE1。", "SLK7ABCDE1\u0301",
          "SLK7ABCDÉ1", "SLK7ABCDE\u03011", "✅SLK7ABCDE1", "SLK7ABCDE1\ufe0f\u20e3", "ⓈLK7ABCDE1", "SLK⁷ABCDE1",
          "SLK7ーABCDE1", "SLK7ʼABCDE1", "SLK7…ABCDE1", "«SLK7ABCDE1»", "𝐒𝐋𝐊𝟕𝐀𝐁𝐂𝐃𝐄𝟏"})
        EXPECT_EQ(mpesa_code(same), "SLK7ABCDE1") << same;
    EXPECT_EQ(mpesa_code(std::string(2'000, ' ') + "SLK7ABCDE1"), std::nullopt);
    for (const auto* none :
         {"paid", "", "SLK7ABCDE", "SLK7ABCDE12", "SLK7-ABCDE", "SLK7ABCDE\u0415", "\u0131LK7ABCDE1"})
        EXPECT_EQ(mpesa_code(none), std::nullopt) << none;
}

TEST(ring_up, a_second_use_of_a_code_is_taken_and_flagged) {
    auto sale = documented_sale();
    sale.payments[0] = {.method = PaymentMethod::mpesa, .amount = {12'500}, .reference = "slk7abcde1 "};
    sale.change.reset();
    const auto twice = ring_up(sale, shop());
    EXPECT_TRUE(has_flag(twice, "payment_reference_reused"));
    EXPECT_EQ(twice.sale.payments[0].external_ref, "SLK7ABCDE1");
    EXPECT_EQ(twice.sale.payments[0].reference, "SLK7ABCDE1");
    EXPECT_EQ(twice.sale.payments[1].external_ref, std::nullopt);
    EXPECT_EQ(twice.sale.payments[1].status, PaymentStatus::unverified);

    auto used = shop();
    used.used_references = {{PaymentMethod::mpesa, "SLK7ABCDE1"}};
    const auto of_another = ring_up(documented_sale(), used);
    EXPECT_TRUE(has_flag(of_another, "payment_reference_reused"));
    EXPECT_EQ(of_another.sale.payments[1].external_ref, std::nullopt);

    sale.payments[0].reference = sale.payments[1].reference = "paid";
    const auto free_text = ring_up(sale, used);
    EXPECT_TRUE(free_text.sale.row.flags.empty());
    EXPECT_EQ(free_text.sale.payments[0].reference, "paid");
    EXPECT_EQ(free_text.sale.payments[0].external_ref, std::nullopt);
    EXPECT_EQ(free_text.sale.payments[0].status, PaymentStatus::unverified);
}

// Whichever comes first, in one sale or in two.
TEST(ring_up, a_code_pays_once_whatever_method_bore_it_first) {
    for (const auto first : {PaymentMethod::card, PaymentMethod::bank, PaymentMethod::cash, PaymentMethod::voucher,
                             PaymentMethod::other, PaymentMethod::mpesa}) {
        auto sale = documented_sale();
        sale.change.reset();
        sale.payments[0] = {.method = first, .amount = {12'500}, .reference = "SLK7ABCDE1"};
        sale.payments[1] = {.method = PaymentMethod::mpesa, .amount = {10'000}, .reference = "slk7–abcde1"};
        const auto within = ring_up(sale, shop());
        EXPECT_TRUE(has_flag(within, "payment_reference_reused")) << schema::name_of(first);
        EXPECT_EQ(within.sale.payments[0].external_ref, "SLK7ABCDE1");
        EXPECT_EQ(within.sale.payments[1].external_ref, std::nullopt);
        EXPECT_EQ(within.sale.payments[1].status, PaymentStatus::unverified);

        auto used = shop();
        used.used_references = {{first, "SLK7ABCDE1"}};
        EXPECT_TRUE(has_flag(ring_up(documented_sale(), used), "payment_reference_reused")) << schema::name_of(first);
    }
    // Slips of two cards may have one number: it is looked for, and nobody's to look at.
    auto sale = documented_sale();
    sale.change.reset();
    sale.payments[0] = {.method = PaymentMethod::card, .amount = {12'500}, .reference = "TERM000012"};
    sale.payments[1] = {.method = PaymentMethod::card, .amount = {10'000}, .reference = "TERM000012"};
    const auto cards = ring_up(sale, shop());
    EXPECT_TRUE(cards.sale.row.flags.empty());
    EXPECT_EQ(cards.sale.payments[0].external_ref, "TERM000012");
    EXPECT_EQ(cards.sale.payments[1].external_ref, std::nullopt);
    EXPECT_EQ(cards.sale.payments[1].status, PaymentStatus::accepted);
}

TEST(ring_up, a_code_is_compared_whatever_the_method_is_called) {
    auto used = shop();
    used.used_references = {{PaymentMethod::mpesa, "SLK7ABCDE1"}};
    const auto paid = [&](std::string_view method, std::optional<std::string> reference) {
        auto sale = documented_sale();
        sale.payments = {{.method = PaymentMethod::other, .amount = {22'500}, .reference = std::move(reference)}};
        sale.payments[0].extra.text = fmt::format(R"({{"terminal":4,"method":"{}"}})", method);
        sale.change.reset();
        const auto rung_up = ring_up(sale, used);
        const auto& row = rung_up.sale.payments[0];
        return fmt::format("{} {} {} {}", schema::name_of(row.method), schema::name_of(row.status),
                           row.external_ref.value_or("-"), has_flag(rung_up, "payment_reference_reused"));
    };
    for (const auto* alias :
         {"M-PESA", "m pesa", "Lipa na M-Pesa", "MPESA_TILL", "\xEF\xBC\xADPESA", "m\u200bpesa", "M–Pesa", "mpésa"}) {
        EXPECT_EQ(paid(alias, "SLK7ABCDE1"), "mpesa unverified - true") << alias;
        EXPECT_EQ(paid(alias, "SLK7ABCDE2"), "mpesa unverified SLK7ABCDE2 false") << alias;
        EXPECT_EQ(paid(alias, std::nullopt), "mpesa unverified - false") << alias;
    }
    EXPECT_EQ(paid("airtel", "slk7-abcde1"), "other unverified - true");
    EXPECT_EQ(paid("airtel", "SLK7ABCDE2"), "other unverified SLK7ABCDE2 false");
    EXPECT_EQ(paid("\u041cpesa", "SLK7ABCDE2"), "other unverified SLK7ABCDE2 false") << "a letter that looks like M";
    EXPECT_EQ(paid("airtel", "0712345678"), "other accepted - false");
    for (const auto method : {PaymentMethod::card, PaymentMethod::bank, PaymentMethod::voucher}) {
        auto sale = documented_sale();
        sale.payments[1] = {.method = method, .amount = {10'000}, .reference = "SLK7ABCDE1"};
        EXPECT_TRUE(has_flag(ring_up(sale, used), "payment_reference_reused"));
        const auto first = ring_up(sale, shop()).sale.payments[1];
        EXPECT_EQ(first.external_ref, "SLK7ABCDE1");
        EXPECT_EQ(first.status, PaymentStatus::accepted);
    }
}

TEST(ring_up, nothing_of_mpesa_is_believed_before_it_is_matched) {
    auto sale = documented_sale();
    sale.payments[1].intent_id = sugar.uuid();
    EXPECT_EQ(ring_up(sale, shop()).sale.payments[1].status, PaymentStatus::unverified);
    for (const auto* nothing : {"", " ", "\xE2\x80\x8B", "\xEF\xBF\xBD", "\xEF\xBF\xBD\xE2\x80\x8B"}) {
        sale.payments[1].reference = nothing;
        const auto payment = ring_up(sale, shop()).sale.payments[1];
        EXPECT_EQ(payment.status, PaymentStatus::unverified);
        EXPECT_EQ(payment.reference, std::nullopt) << nothing;
    }
}

TEST(ring_up, an_intent_pays_for_one_payment_of_its_amount) {
    const auto intent = sugar.uuid();
    const auto pay = [&](const KnownIntent& known, const char* flag) {
        auto sale = documented_sale();
        sale.payments[1].intent_id = intent;
        auto around = shop();
        around.intents = {known};
        const auto rung_up = ring_up(sale, around);
        const auto& payment = rung_up.sale.payments[1];
        EXPECT_EQ(has_flag(rung_up, "payment_intent_unfit"), std::string_view(flag) == "unfit") << flag;
        EXPECT_EQ(has_flag(rung_up, "payment_intent_open"), std::string_view(flag) == "open") << flag;
        EXPECT_EQ(payment.intent_id.has_value(), std::string_view(flag) != "unfit") << flag;
        return payment;
    };
    const KnownIntent paid{.id = intent,
                           .purpose = PaymentPurpose::sale,
                           .amount = documented_sale().payments[1].amount,
                           .currency = "KES",
                           .receipt_code = "SLK7ABCDEF",
                           .has_paid = true};
    const auto accepted = pay(paid, "");
    EXPECT_EQ(accepted.status, PaymentStatus::accepted);
    const auto refused = [&](auto change, const char* flag) {
        auto known = paid;
        change(known);
        EXPECT_EQ(pay(known, flag).status, PaymentStatus::unverified) << flag;
    };
    refused([](KnownIntent& known) { known.has_paid = false; }, "open");
    refused([](KnownIntent& known) { known.location_id = LocationId(sugar.uuid()); }, "unfit");
    refused([](KnownIntent& known) { known.amount.minor += 100; }, "unfit");
    refused([](KnownIntent& known) { known.currency = "UGX"; }, "unfit");
    refused([](KnownIntent& known) { known.is_used = true; }, "unfit");
    refused([](KnownIntent& known) { known.purpose = PaymentPurpose::subscription; }, "unfit");
    refused([](KnownIntent& known) { known.id = base::Uuid(); }, "unfit");
    auto back = paid;
    back.has_paid = false;
    back.is_refunded = true;
    EXPECT_EQ(pay(back, "open").status, PaymentStatus::reversed);
}

// Were the work quadratic, this would take a minute.
TEST(ring_up, a_megabyte_of_a_number_is_one_pass) {
    std::string many;
    for (int i = 0; i < 1'000'000; ++i) many += "\xEF\xBF\xBD";
    EXPECT_EQ(without_replacements(many + "x" + many), "x");
    EXPECT_EQ(printed_number(many), "");
    EXPECT_EQ(printed_number("NRB1-03-001042" + many), "NRB1-03-001042");
    EXPECT_EQ(mpesa_code(many), std::nullopt);
    auto sale = numbered(many);
    sale.payments[1].reference = many;
    EXPECT_EQ(ring_up(sale, shop()).sale.row.receipt_number, "NRB1-03-001042");
}

TEST(ring_up, change_is_bounded_in_sum) {
    auto sale = documented_sale();
    sale.payments.assign(10, {.method = PaymentMethod::cash, .tendered = base::Money{1'000'000'000'000'000}});
    sale.payments[0].amount = {22'500};
    sale.change.reset();
    EXPECT_EQ(refusal_of(sale), "sale.inconsistent /payments");
    sale.payments.resize(1);
    EXPECT_EQ(refusal_of(sale), "accepted");
}

TEST(ring_up, a_level_at_its_edge_is_flagged) {
    auto around = shop("-99999999999999");
    around.tenant.negative_stock = NegativeStock::allow;
    EXPECT_EQ(flags_of(documented_sale(), around), "stock_variance");
    around.catalogue[sugar.uuid()].on_hand = base::Quantity::from_string("-99999999999990");
    EXPECT_EQ(flags_of(documented_sale(), around), "");
}

TEST(ring_up, a_till_at_a_place_of_others_keeps_its_count) {
    auto around = shop();
    around.till_is_elsewhere = true;
    const auto row = ring_up(numbered("NRB1-03-001042"), around).sale.row;
    EXPECT_EQ(fmt::format("{}", fmt::join(row.flags, " ")), "receipt_number_foreign unlinked_reference");
    EXPECT_EQ(row.receipt_number, "NRB1-03-001042");
    EXPECT_FALSE(row.device_id || row.device_seq);
    EXPECT_EQ(row.extra.text, fmt::format(R"({{"deviceId":"{}","deviceSeq":1042}})", sugar.to_string()));
}

TEST(ring_up, a_tax_code_is_cut_before_the_groups_are_made) {
    auto sale = documented_sale();
    sale.lines = {sugar_line(0), sugar_line(2'000'000)};
    for (auto& line : sale.lines) line.tax_code = std::string(64, 'T') + std::to_string(line.line_number);
    sale.total = {45'000};
    sale.tax_total = {6'207};
    sale.payments = {{.method = PaymentMethod::card, .amount = {45'000}}};
    sale.change.reset();
    const auto rung_up = ring_up(sale, shop());
    EXPECT_TRUE(has_flag(rung_up, "text_changed"));
    ASSERT_EQ(rung_up.sale.taxes.size(), 1U);
    EXPECT_EQ(rung_up.sale.lines[0].tax_code, std::string(64, 'T'));
    sale.lines[0].discount = {-1};
    EXPECT_EQ(refusal_of(sale), "sale.inconsistent /lines/0/discount");
}

TEST(ring_up, a_clock_that_is_not_believed_does_not_make_a_sale_online) {
    const auto online = [](std::chrono::seconds age, std::string_view sent_at = "") {
        auto sale = documented_sale();
        sale.occurred_at = now - age;
        sale.sent_at.text = sent_at;
        return is_rung_up_online(sale, now);
    };
    EXPECT_TRUE(online(0s));
    EXPECT_TRUE(online(29s));
    EXPECT_TRUE(online(-29s));
    EXPECT_FALSE(online(30s));
    EXPECT_FALSE(online(-30s));
    EXPECT_FALSE(online(-24h));
    EXPECT_TRUE(online(10s, R"("2026-11-22T09:14:03+03:00")"));
    EXPECT_FALSE(online(10s, R"("2026-11-22T09:14:33+03:00")"));  // sold 40 seconds before it was sent
    EXPECT_TRUE(online(10s, "7"));
}

TEST(ring_up, a_sale_means_the_same_with_and_without_what_follows_from_it) {
    const auto meaning = [](const NewSale& sale) { return schema::canonical(meaning_of(sale, shop())); };
    auto sale = documented_sale();
    sale.receipt_number = "NRB1-03-001042";
    const auto first = meaning(sale);
    auto said = sale;
    said.change = base::Money{2'500};
    said.credit_total = base::Money{0};
    said.tax_rounding = shop().tenant.tax_rounding;
    said.cashier_id = shop().caller;
    said.note = "";
    said.lines[0].sku = " ";
    said.lines[0].barcode = "";
    said.payments[1].reference = "slk7 abcde1";
    said.receipt_number =
        "NRB1-03-\xE2\x80\x8B"
        "001042";
    EXPECT_EQ(meaning(said), first);
    said.lines[0].gross.reset();
    said.lines[0].tax_amount.reset();
    said.change.reset();
    EXPECT_EQ(meaning(said), first);
    said.payments[1].method = PaymentMethod::other;
    said.payments[1].extra.text = R"({"method":"M-Pesa"})";
    EXPECT_EQ(meaning(said), first);

    said.payments[1].extra.text = R"({"method":"bitcoin"})";
    const auto bitcoin = meaning(said);
    EXPECT_NE(bitcoin, first);
    said.payments[1].extra.text = R"({"method":"airtel"})";
    EXPECT_NE(meaning(said), bitcoin);
    auto noted = documented_sale();
    noted.note = "";
    EXPECT_FALSE(ring_up(noted, shop()).sale.row.note);
}

TEST(ring_up, long_texts_are_cut) {
    auto sale = documented_sale();
    sale.note = std::string(999, 'n') + "\xC3\xA9" + "x";
    sale.lines[0].name = std::string(300, 'a');
    sale.lines[0].sku = std::string(65, 's');
    sale.payments[0].reference = std::string(65, 'r');
    const auto rung_up = ring_up(sale, shop());
    EXPECT_TRUE(has_flag(rung_up, "text_changed"));
    EXPECT_EQ(rung_up.sale.row.note, std::string(999, 'n') + "\xC3\xA9");
    EXPECT_EQ(rung_up.sale.lines[0].name.size(), 200U);
    EXPECT_EQ(rung_up.sale.lines[0].sku->size(), 64U);
    EXPECT_EQ(rung_up.sale.payments[0].reference->size(), 64U);
    sale.note = std::string(1'000, 'n');
    sale.lines[0] = documented_sale().lines[0];
    sale.payments[0].reference.reset();
    EXPECT_EQ(flags_of(sale), "");
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

    for (const auto* broken : {"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z"}) {
        auto behind = documented_sale();
        behind.occurred_at = *base::parse_timestamp(broken);
        auto around = shop();
        around.tenant.business_day_cutoff = 240;
        const auto row = ring_up(behind, around).sale.row;
        EXPECT_EQ(fmt::format("{}", fmt::join(row.flags, " ")), "clock_behind recorded_late");
        EXPECT_EQ(row.occurred_at, now);
        EXPECT_EQ(row.device_occurred_at, behind.occurred_at);
        EXPECT_EQ(base::format_date(row.business_day), "2026-11-22");
    }
    auto oldest = documented_sale();
    oldest.occurred_at = *base::parse_timestamp("2000-01-01T00:00:00Z");
    EXPECT_EQ(flags_of(oldest), "recorded_late");
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
