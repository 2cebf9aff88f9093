// What Daraja calls back with, as it does and as it should not: nothing but a whole success gives value.

#include "payments/mpesa/callbacks.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/strings.h"

namespace payments::mpesa {

namespace {

const std::string items =
    R"({"Name":"Amount","Value":150.00},{"Name":"MpesaReceiptNumber","Value":"TAF7RT61SV"},{"Name":"Balance"},)"
    R"({"Name":"TransactionDate","Value":20240115103021},{"Name":"PhoneNumber","Value":254712345678})";

std::string stk(std::string_view rest) {
    return R"({"Body":{"stkCallback":{"MerchantRequestID":"2654-4b64","CheckoutRequestID":"ws_CO_15012024",)" +
           std::string(rest) + "}}}";
}
std::string success(std::string_view items_text) {
    return stk(
        R"("ResultCode":0,"ResultDesc":"The service request is processed successfully.","CallbackMetadata":{"Item":[)" +
        std::string(items_text) + "]}");
}

std::optional<Claim> claim_of(std::string_view kind, std::string_view bytes) {
    const auto callback = read_callback(kind, bytes);
    if (!callback || callback->claims.empty()) return std::nullopt;
    return callback->claims.front();
}

TEST(MpesaCallback, OfAPaidPromptProvesIt) {
    const auto claim = claim_of("stk", success(items));
    ASSERT_TRUE(claim);
    const auto& evidence = claim->evidence;
    EXPECT_EQ(evidence.source, Source::callback);
    EXPECT_EQ(evidence.finding, Finding::paid);
    EXPECT_EQ(evidence.provider_id, "ws_CO_15012024");
    EXPECT_EQ(evidence.second_id, "2654-4b64");
    EXPECT_EQ(evidence.amount, base::Money{15'000});
    EXPECT_EQ(evidence.currency, "KES");
    EXPECT_EQ(evidence.receipt, "TAF7RT61SV");
    EXPECT_EQ(evidence.code, "0");
    EXPECT_EQ(evidence.at, base::parse_timestamp("2024-01-15T10:30:21+03:00"));
    EXPECT_TRUE(is_proof(evidence));
    EXPECT_FALSE(claim->received);
}

TEST(MpesaCallback, MayHaveStringsForNumbersInAnyOrder) {
    const auto claim = claim_of(
        "stk", stk(R"("ResultDesc":"ok","CallbackMetadata":{"Item":[{"Value":"254712345678","Name":"PhoneNumber"},)"
                   R"({"Value":"TAF7RT61SV","Name":"MpesaReceiptNumber"},{"Name":"New","Value":[1,{"a":null}]},)"
                   R"({"Name":"TransactionDate","Value":"20240115103021"},{"Name":"Amount","Value":"150.00"}]},)"
                   R"("ResultCode":"0","More":{"Else":true})"));
    ASSERT_TRUE(claim);
    EXPECT_TRUE(is_proof(claim->evidence));
    EXPECT_EQ(claim->evidence.amount, base::Money{15'000});
    EXPECT_EQ(claim->evidence.at, base::parse_timestamp("2024-01-15T10:30:21+03:00"));
    const auto one_item =
        claim_of("stk", stk(R"("ResultCode":0,"CallbackMetadata":{"Item":{"Name":"Amount","Value":1}})"));
    EXPECT_EQ(one_item->evidence.amount, base::Money{100});
}

TEST(MpesaCallback, IsOneEventHoweverOftenItComes) {
    const auto first = claim_of("stk", success(items));
    EXPECT_EQ(claim_of("stk", success(items))->dedupe_key, first->dedupe_key);
    EXPECT_NE(claim_of("stk", stk(R"("ResultCode":1032,"ResultDesc":"cancelled")"))->dedupe_key, first->dedupe_key);
    EXPECT_NE(claim_of("stk", stk(R"("ResultCode":0)"))->dedupe_key, first->dedupe_key);
}

TEST(MpesaCallback, OfAnEndSaysWhich) {
    const auto finding = [](std::string_view code) {
        return claim_of("stk", stk(R"("ResultCode":)" + std::string(code)))->evidence.finding;
    };
    EXPECT_EQ(finding("1032"), Finding::cancelled);
    EXPECT_EQ(finding("1037"), Finding::timed_out);
    EXPECT_EQ(finding("1"), Finding::declined);
    EXPECT_EQ(finding(R"("SFC_IC0003")"), Finding::declined);
    EXPECT_EQ(finding("77777"), Finding::declined);
    EXPECT_EQ(finding("4999"), Finding::processing);
}

// The list of failure-modes: each is asked after, or is nothing at all.
TEST(MpesaCallback, ThatIsNotWholeGivesNoValue) {
    const std::string receipt_only = R"({"Name":"MpesaReceiptNumber","Value":"TAF7RT61SV"})";
    const std::string amount_only = R"({"Name":"Amount","Value":150})";
    for (const auto& bytes :
         {std::string(), std::string("{}"), std::string("null"), std::string("[]"), std::string("0"),
          std::string("\"\""), std::string("<html><body>503</body></html>"), std::string("{\"Body\":"),
          std::string("\xff\xfe"), std::string(R"({"Body":{}})"), std::string(R"({"Body":null})"),
          std::string(R"({"Body":{"stkCallback":[]}})"), std::string(R"({"Body":{"stkCallback":{"ResultCode":0}}})"),
          std::string(R"({"Body":{"stkCallback":{"CheckoutRequestID":"","ResultCode":0}}})"),
          std::string(R"({"Body":{"stkCallback":{"CheckoutRequestID":{"$ne":1},"ResultCode":0}}})"),
          std::string(R"({"Body":{"stkCallback":{"CheckoutRequestID":"a b","ResultCode":0}}})")}) {
        const auto callback = read_callback("stk", bytes);
        ASSERT_TRUE(callback) << bytes;
        EXPECT_TRUE(callback->claims.empty()) << bytes;
    }
    for (const auto& bytes : {stk(R"("ResultDesc":"no code")"),
                              stk(R"("ResultCode":"")"),
                              stk(R"("ResultCode":" 0")"),
                              stk(R"("ResultCode":false)"),
                              stk(R"("ResultCode":null)"),
                              stk(R"("ResultCode":[0])"),
                              stk(R"("ResultCode":0)"),
                              stk(R"("ResultCode":0,"CallbackMetadata":{})"),
                              stk(R"("ResultCode":0,"CallbackMetadata":null)"),
                              stk(R"("ResultCode":0,"CallbackMetadata":"x")"),
                              success(""),
                              success(receipt_only),
                              success(amount_only),
                              success(receipt_only + R"(,{"Name":"Amount","Value":0})"),
                              success(receipt_only + R"(,{"Name":"Amount","Value":-150})"),
                              success(receipt_only + R"(,{"Name":"Amount","Value":"many"})"),
                              success(receipt_only + R"(,{"Name":"Amount"})"),
                              success(amount_only + R"(,{"Name":"MpesaReceiptNumber","Value":""})"),
                              success(amount_only + R"(,{"Name":"MpesaReceiptNumber","Value":"<b>"})"),
                              stk(R"("ResultCode":1032)"),
                              stk(R"("ResultCode":"text")"),
                              stk(R"("ResultCode":1032,"CallbackMetadata":{"Item":[)" + items + "]}")}) {
        const auto claim = claim_of("stk", bytes);
        ASSERT_TRUE(claim) << bytes;
        EXPECT_FALSE(is_proof(claim->evidence)) << bytes;
        const Attempt attempt{.state = State::pending, .amount = {15'000}, .currency = "KES"};
        EXPECT_FALSE(decide(attempt, claim->evidence).credits) << bytes;
    }
}

TEST(MpesaCallback, ShowsNoWholeNumberOfAPhone) {
    const auto claim = claim_of("stk", stk(R"("ResultCode":1,"ResultDesc":"254712345678 has not enough")"));
    EXPECT_EQ(claim->evidence.text, "2547****5678 has not enough");
}

// ---- Money that comes by itself ---------------------------------------------------------------------------------

std::string confirmation(std::string_view receipt, std::string_view amount, std::string_view reference,
                         std::string_view payer = R"("2547 ***** 126")") {
    return R"({"TransactionType":"Pay Bill","TransID":)" + std::string(receipt) +
           R"(,"TransTime":"20240115103021","TransAmount":)" + std::string(amount) +
           R"(,"BusinessShortCode":"600984","BillRefNumber":)" + std::string(reference) +
           R"(,"InvoiceNumber":"","OrgAccountBalance":"49197.00","ThirdPartyTransID":"","MSISDN":)" +
           std::string(payer) + R"(,"FirstName":"JANE","MiddleName":"","LastName":null,"Extra":{}})";
}

TEST(MpesaConfirmation, IsMoneyWithAReceipt) {
    const auto callback = read_callback("confirm", confirmation(R"("TAF7RT61SV")", R"("5.00")", R"(" inv-10 27")"));
    ASSERT_TRUE(callback);
    EXPECT_EQ(callback->reply, R"({"ResultCode":0,"ResultDesc":"Success"})");
    ASSERT_EQ(callback->claims.size(), 1U);
    const auto& claim = callback->claims.front();
    EXPECT_EQ(claim.dedupe_key, "c2b:TAF7RT61SV");
    EXPECT_EQ(claim.evidence.source, Source::confirmation);
    EXPECT_TRUE(is_proof(claim.evidence));
    EXPECT_EQ(claim.evidence.provider_id, "");
    ASSERT_TRUE(claim.received);
    EXPECT_EQ(claim.received->receipt, "TAF7RT61SV");
    EXPECT_EQ(claim.received->amount, base::Money{500});
    EXPECT_EQ(claim.received->reference, " inv-10 27");
    EXPECT_EQ(claim.received->payer_name, "JANE");
    EXPECT_EQ(claim.received->account_code, "600984");
    EXPECT_EQ(claim.received->at, base::parse_timestamp("2024-01-15T10:30:21+03:00"));
    EXPECT_EQ(claim.received->payer_hash.size(), 64U);
}

TEST(MpesaConfirmation, NamesItsPayerByTheHashAlone) {
    const auto hash = [](std::string_view payer) {
        return claim_of("confirm", confirmation(R"("TAF7RT61SV")", "5", R"("")", payer))->received->payer_hash;
    };
    const auto of_number = base::hex_encode(base::as_chars(base::sha256("254712345678")));
    EXPECT_EQ(hash(R"("254712345678")"), of_number);
    EXPECT_EQ(hash("254712345678"), of_number);
    EXPECT_EQ(hash('"' + of_number + '"'), of_number);  // version 1 of Daraja hashes it itself
    EXPECT_EQ(hash("null"), "");
    EXPECT_NE(hash(R"("2547 ***** 126")"), "");
}

TEST(MpesaConfirmation, WithoutReceiptOrAmountIsKeptAndSaysNothing) {
    for (const auto& bytes :
         {std::string(), std::string("{}"), std::string("null"), std::string("<html>"),
          confirmation("null", "5", R"("a")"), confirmation(R"("")", "5", R"("a")"),
          confirmation(R"("TAF7RT61SV")", "0", R"("a")"), confirmation(R"("TAF7RT61SV")", "-5", R"("a")"),
          confirmation(R"("TAF7RT61SV")", "null", R"("a")"), confirmation(R"("TAF7RT61SV")", R"("five")", R"("a")"),
          confirmation(R"("lower case")", "5", R"("a")")}) {
        const auto callback = read_callback("confirm", bytes);
        ASSERT_TRUE(callback) << bytes;
        EXPECT_TRUE(callback->claims.empty()) << bytes;
    }
}

TEST(MpesaConfirmation, TakesWhateverTheAccountNumberIs) {
    const std::string longest(400, 'A');
    for (const auto& reference : {std::string("null"), std::string("10027"), std::string(R"("")"), '"' + longest + '"'})
        EXPECT_TRUE(claim_of("confirm", confirmation(R"("TAF7RT61SV")", "5", reference))) << reference;
}

TEST(MpesaValidation, AcceptsAndIsNoMoney) {
    const auto callback = read_callback("validate", confirmation(R"("TAF7RT61SV")", "5", R"("a")"));
    ASSERT_TRUE(callback);
    ASSERT_EQ(callback->claims.size(), 1U) << "what it asks about";
    EXPECT_EQ(callback->claims.front().evidence.finding, Finding::processing);
    EXPECT_EQ(callback->claims.front().received->reference, "a");
    EXPECT_EQ(callback->reply, R"({"ResultCode":"0","ResultDesc":"Accepted"})");
    EXPECT_TRUE(read_callback("validate", "")->claims.empty());
    EXPECT_TRUE(read_callback("timeout", success(items))->claims.empty());
    EXPECT_FALSE(read_callback("result", success(items)));
}

TEST(MpesaPull, IsAListOrAListOfLists) {
    const std::string one =
        R"({"transactionId":"TAF7RT61SV","trxDate":"2020-08-05T10:13:00Z","msisdn":254712345678,"sender":"UAT",)"
        R"("transactiontype":"c2b-pay-bill-debit","billreference":"INV1027","amount":"168.00","organizationname":"x"})";
    const std::string other = R"({"transactionId":"TAF7RT61SW","amount":5})";
    const std::string broken = R"({"transactionId":"","amount":"5"})";
    for (const auto& json :
         {"[" + one + "," + other + "," + broken + ",7]", "[[" + one + "," + other + "],[" + broken + ",7]]"}) {
        const auto page = read_pulled({json}, "600984");
        EXPECT_EQ(page.count, 4U);
        ASSERT_EQ(page.claims.size(), 2U);
        const auto& claim = page.claims.front();
        EXPECT_EQ(claim.dedupe_key, "c2b:TAF7RT61SV");
        EXPECT_EQ(claim.evidence.source, Source::pull);
        EXPECT_EQ(claim.received->amount, base::Money{16'800});
        EXPECT_EQ(claim.received->reference, "INV1027");
        EXPECT_EQ(claim.received->account_code, "600984");
        EXPECT_EQ(claim.received->payer_hash, base::hex_encode(base::as_chars(base::sha256("254712345678"))));
    }
    for (const auto* const json : {"", "null", "{}", "[]", "[[]]", "\"x\""})
        EXPECT_TRUE(read_pulled({json}, "1").claims.empty());
}

}  // namespace

}  // namespace payments::mpesa
