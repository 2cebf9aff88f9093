#include "pos/demo/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "embedded/demo_replies.h"
#include "pos/demo/ids.h"
#include "pos/permissions.h"
#include "schema/schema.h"

namespace pos::demo {

namespace {

using openapi::Example;

// Of every Idempotency-Key; a clientRequestId has to be the same.
constexpr std::string_view key = "0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091";

std::string json_string(std::string_view text) { return fmt::format("\"{}\"", text); }
std::string id(std::string_view what) { return json_string(id_of(what).to_string()); }

// ---- One row, or a change of one ----------------------------------------------------------------------------------------

Example of(std::string_view operation, std::string_view row) {
    return {.operation = std::string(operation), .body = {}, .parameters = {{"id", id(row)}}};
}

Example with_body(std::string_view operation, std::string_view body) {
    return {.operation = std::string(operation), .body = std::string(body), .parameters = {}};
}

Example with_body(std::string_view operation, std::string_view row, std::string_view body) {
    auto example = of(operation, row);
    example.body = body;
    return example;
}

// ---- By module --------------------------------------------------------------------------------------------------------

void add_billing(std::vector<Example>& all) {
    all.push_back(with_body("chooseSubscription", R"({"planCode":"DUKA","phone":"+254708374149"})"));
    all.push_back(with_body("paySubscription",
                            R"({"clientRequestId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095","phone":"0708374149"})"));
}

// What only providers send, and what people say of it.
void add_money_from_outside(std::vector<Example>& all) {
    for (const auto* operation :
         {"takeMpesaPrompt", "takeMpesaConfirmation", "takeMpesaValidation", "takeMpesaTimeout", "takeStripeEvent",
          "takeFlutterwaveEvent", "takePaystackEvent", "takePesapalNotification"}) {
        all.push_back({.operation = operation,
                       .body = {},
                       .parameters = {{"token", json_string("5f2c0b7a9d3e4c41b1f23a5d6e7f8091")}}});
    }
    all.push_back({.operation = "takeMpesaPromptOf",
                   .body = {},
                   .parameters = {{"token", json_string("5f2c0b7a9d3e4c41b1f23a5d6e7f8091")},
                                  {"attempt", json_string("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095")}}});
    for (const auto* operation : {"takeMpesaResult", "takeMpesaStatus", "takeMpesaPayoutTimeout"}) {
        all.push_back({.operation = operation,
                       .body = {},
                       .parameters = {{"token", json_string("5f2c0b7a9d3e4c41b1f23a5d6e7f8091")},
                                      {"payout", json_string("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095")}}});
    }
    all.push_back({.operation = "takeMpesaBalance",
                   .body = {},
                   .parameters = {{"token", json_string("5f2c0b7a9d3e4c41b1f23a5d6e7f8091")}}});
    all.push_back({.operation = "listC2bPayments", .body = {}, .parameters = {{"state", json_string("unmatched")}}});
    all.push_back(
        with_body("matchC2bPayment", "c2b payment", fmt::format(R"({{"intentId":{}}})", id("payment intent"))));
    all.push_back(with_body("resolvePaymentIntent", "payment intent",
                            R"({"outcome":"paid","receiptCode":"TAF7RT61SV","note":"The message on her phone"})"));
}

void add_payments(std::vector<Example>& all) {
    const auto of_intent = [&](std::string_view operation, std::string_view body = {}) {
        all.push_back(with_body(operation, body));
        all.back().parameters.emplace("id", json_string(key));
    };
    const auto prompt = fmt::format(R"({{"clientRequestId":"{}","provider":"mpesa","amount":36500,"subjectId":"{}",)"
                                    R"("phone":"0708374149","locationId":{},"reference":"ORD-10027"}})",
                                    key, "0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8092", id("location NRB2"));
    all.push_back(with_body("startPayment", prompt));
    all.push_back(with_body("startMpesaPayment", prompt));
    of_intent("getPayment");
    of_intent("queryPayment");
    of_intent("cancelPayment");
    of_intent("listRefunds");
    of_intent(
        "refundPayment",
        fmt::format(R"({{"clientRequestId":"{}","amount":36500,"reason":"The sugar was wet","byHand":true}})", key));
    of_intent("dismissRefundTask", R"({"note":"He comes back tomorrow"})");
    all.push_back(with_body(
        "createPaymentAccount",
        R"({"provider":"mpesa","name":"Paybill of Kenyatta Avenue","credentials":{"environment":"sandbox",)"
        R"("kind":"paybill","shortCode":"600123","consumerKey":"key","consumerSecret":"secret","passkey":"passkey"}})"));
    all.push_back(of("getPaymentAccount", "payment account"));
    all.push_back(of("getPaymentCallbackUrl", "payment account"));
    all.push_back(of("registerPaymentCallbacks", "payment account"));
    all.push_back(with_body("changePaymentAccount", "payment account", R"({"name":"Paybill of the shop"})"));
    // Not the shop's own, which all others count on.
    all.push_back({.operation = "deletePaymentAccount", .body = {}, .parameters = {{"id", json_string(key)}}});
}

void add_payouts(std::vector<Example>& all) {
    const auto of_payout = [&](std::string_view operation, std::string_view body = {}) {
        all.push_back(with_body(operation, body));
        all.back().parameters.emplace("id", json_string(key));
    };
    all.push_back(
        with_body("sendPayout", fmt::format(R"({{"clientRequestId":"{}","amount":150000,"phone":"0712345678",)"
                                            R"("recipientName":"Juma Otieno","purpose":"salary",)"
                                            R"("reason":"Wages of November"}})",
                                            key)));
    of_payout("reversePayment",
              fmt::format(R"({{"clientRequestId":"{}","amount":36500,"reason":"The sugar was wet"}})", key));
    of_payout("getPayout");
    of_payout("queryPayout");
    of_payout("sendPayoutAgain");
    of_payout("resolvePayout", R"({"outcome":"paid","receiptCode":"TAF7RT61SV","note":"It is in the portal"})");
    all.push_back({.operation = "listPayouts", .body = {}, .parameters = {{"state", json_string("unknown")}}});
    all.push_back(of("askPaymentAccountBalance", "payment account"));
    all.push_back(of("getPaymentAccountBalance", "payment account"));
}

void add_reports(std::vector<Example>& all) {
    all.push_back(with_body("createReportRun", R"({"report":"sales","from":"2026-11-01","to":"2026-11-30"})"));
    for (const auto* operation : {"getReportRun", "deleteReportRun", "getNotification"})
        all.push_back({.operation = operation, .body = {}, .parameters = {{"id", json_string(key)}}});
}

void add_people(std::vector<Example>& all) {
    all.push_back(with_body("login", fmt::format(R"({{"email":"{}","password":"{}"}})", owner_email, password)));
    all.push_back(with_body("refreshSession", R"({"refreshToken":"the refreshToken of the last login or refresh"})"));
    // The same again, so that the demo shop's login goes on as it is printed.
    all.push_back(
        with_body("changePassword", fmt::format(R"({{"currentPassword":"{0}","newPassword":"{0}"}})", password)));
    all.push_back(with_body(
        "signUp",
        R"({"tenant":{"name":"Duka la Wanjiku"},"owner":{"name":"Wanjiku Kamau","email":"wanjiku@duka.example",)"
        R"("password":"kahawa-ya-asubuhi"},"location":{"code":"NKR1","name":"Kenyatta Avenue"}})"));
    all.push_back(with_body("changeTenant", R"({"name":"Duka la Amani"})"));
    all.push_back(of("getUser", "user cashier"));
    all.push_back(
        with_body("changeUser", "user stock_clerk", fmt::format(R"({{"defaultLocationId":{}}})", id("location NRB2"))));
    all.push_back(
        with_body("createUser",
                  fmt::format(R"({{"name":"Njeri Wambui","email":"njeri@demo.example","password":"kahawa-ya-asubuhi",)"
                              R"("roles":[{{"roleId":"{}","locationId":{}}}]}})",
                              find_built_in_role("cashier")->id, id("location NRB2"))));
    all.push_back(
        with_body("createInvite", fmt::format(R"({{"email":"juma@demo.example","roleId":"{}","locationId":{}}})",
                                              find_built_in_role("cashier")->id, id("location NRB2"))));
    all.push_back(of("resendInvite", "invite Fatuma"));
    all.push_back(of("revokeInvite", "invite Fatuma"));
}

void add_messaging(std::vector<Example>& all) {
    all.push_back(with_body("setMessageAccount",
                            R"({"provider":"africastalking","credentials":{"username":"sandbox","apiKey":"atsk_demo",)"
                            R"("callbackToken":"0123456789abcdefghij"}})"));
    all.push_back(with_body("setMessageLimit", R"({"dailyLimit":20000})"));
    for (const auto* operation : {"takeMessageCallback", "verifyMessageCallback", "takeMessageCallbackOf"})
        all.push_back({.operation = operation, .body = {}, .parameters = {{"account", json_string("sms")}}});
    all.back().parameters.emplace("token", json_string("5f2c0b7a9d3e4c41b1f23a5d6e7f8091"));
}

void add_webhooks(std::vector<Example>& all) {
    const auto of_webhook = [&](std::string_view operation, std::string_view body = {}) {
        all.push_back(with_body(operation, body));
        all.back().parameters.emplace("id", json_string(key));
    };
    all.push_back(
        with_body("createWebhook", R"({"url":"https://example.com/hooks/shop","eventTypes":["sale.*","product.*"]})"));
    of_webhook("getWebhook");
    of_webhook("changeWebhook", R"({"description":"The accountant's"})");
    of_webhook("deleteWebhook");
    of_webhook("rotateWebhookSecret", R"({"overlapHours":24})");
    of_webhook("pingWebhook");
    of_webhook("redeliverWebhook", R"({"since":"2026-11-22T00:00:00Z"})");
    of_webhook("listWebhookDeliveries");
    all.back().parameters.insert({{"state", json_string("exhausted")},
                                  {"eventType", json_string("sale.created")},
                                  {"since", json_string("2026-01-01T00:00:00Z")},
                                  {"until", json_string("2026-12-31T00:00:00Z")}});
    of_webhook("getWebhookDelivery");
    all.back().parameters.emplace("deliveryId", json_string(key));
}

// Codes are an app's, those of phones stand in /dev/sms.
void add_second_factor(std::vector<Example>& all) {
    all.push_back(with_body("beginTotp", fmt::format(R"({{"password":"{}"}})", password)));
    all.push_back(with_body("confirmTotp", R"({"code":"492039"})"));
    all.push_back(with_body("loginWithTotp", R"({"challenge":"the challenge of the login","code":"492039"})"));
    all.push_back(with_body("stepUp", R"({"code":"492039"})"));
    all.push_back(with_body("renewRecoveryCodes", R"({"code":"492039"})"));
    all.push_back(with_body("disableTotp", fmt::format(R"({{"password":"{}","code":"492039"}})", password)));
    all.push_back(of("resetTotp", "user cashier"));
    all.push_back(with_body("setSecondFactorRules", R"({"everyone":false})"));
    all.push_back(with_body("sendPhoneCode", fmt::format(R"({{"phone":"0712 345 678","password":"{}"}})", password)));
    // Of the account's own number, which it does not have yet: a wrong code for the number above would count, and ten of them lock
    // the account's phone for a day.
    all.push_back(with_body("verifyPhone", R"({"code":"730516"})"));
}

// Tokens stand in mails, which /dev/mail shows.
void add_mails(std::vector<Example>& all) {
    all.push_back(with_body("forgetPassword", fmt::format(R"({{"email":"{}"}})", owner_email)));
    all.push_back(with_body("resetPassword", R"({"token":"the token of the mail","newPassword":"kahawa-ya-asubuhi"})"));
    all.push_back(
        with_body("verifyEmail", fmt::format(R"({{"token":"the token of the mail","password":"{}"}})", password)));
    all.push_back(
        with_body("changeEmail", fmt::format(R"({{"newEmail":"amina@demo.example","password":"{}"}})", password)));
    all.push_back(with_body("confirmEmail", R"({"token":"the token of the mail"})"));
    all.push_back(with_body("acceptInvite",
                            R"({"token":"the token of the mail","name":"Juma Kamau","password":"kahawa-ya-asubuhi"})"));
    all.push_back(with_body("mailReceipt", "sale 1", R"({"email":"customer@example.com"})"));
    all.push_back(with_body("setNotificationPreferences", R"({"dailySummary":true,"lowStock":true})"));
    all.push_back({.operation = "listNotifications",
                   .body = {},
                   .parameters = {{"state", json_string("failed")}, {"kind", json_string("receipt")}}});
}

void add_places(std::vector<Example>& all) {
    all.push_back(with_body("createLocation", R"({"code":"MSA1","name":"Moi Avenue, Mombasa"})"));
    all.push_back(of("getLocation", "location NRB2"));
    all.push_back(with_body("changeLocation", "location NRB2", R"({"address":"Tom Mboya Street 12, Nairobi"})"));
    all.push_back(of("deleteLocation", "location KIOSK"));
    all.push_back(with_body("createDevice",
                            fmt::format(R"({{"locationId":{},"name":"Till at the door"}})", id("location NRB2"))));
    all.push_back(of("getDevice", "till 1"));
    all.push_back(with_body("changeDevice", "till 2", R"({"name":"Till 2, upstairs"})"));
    all.push_back(with_body("revokeDevice", "till 3", R"({"status":"lost"})"));
}

void add_sync(std::vector<Example>& all) {
    all.push_back({.operation = "getSnapshot", .body = {}, .parameters = {{"location", id("location NRB2")}}});
    all.push_back({.operation = "getChanges", .body = {}, .parameters = {{"location", id("location NRB2")}}});
    all.push_back({.operation = "getEvents",
                   .body = {},
                   .parameters = {{"location", id("location NRB2")},
                                  {"Last-Event-ID", json_string("the id of the last event")}}});
    all.push_back(
        with_body("sendHeartbeat", fmt::format(R"({{"deviceId":{},"pending":3,"lastDeviceSeq":1042}})", id("till 1"))));
    all.push_back({.operation = "readNotification", .body = {}, .parameters = {{"id", json_string(key)}}});
}

// The demo has no app of the Pusher protocol unless the environment names one.
void add_realtime(std::vector<Example>& all) {
    constexpr std::string_view channel =
        R"({"socket_id":"123.456","channel_name":"private-t.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01.changes"})";
    all.push_back({.operation = "connectSocket", .body = {}, .parameters = {{"ticket", json_string("the ticket")}}});
    all.push_back(
        {.operation = "connectPusherSocket", .body = {}, .parameters = {{"key", json_string("the key of the app")}}});
    for (const auto* operation : {"publishPusherEvent", "publishPusherEvents", "listPusherChannels"})
        all.push_back({.operation = operation, .body = {}, .parameters = {{"id", json_string("the id of the app")}}});
    for (const auto* operation : {"getPusherChannel", "listPusherMembers"}) {
        all.push_back({.operation = operation,
                       .body = {},
                       .parameters = {{"id", json_string("the id of the app")},
                                      {"name", json_string("presence-t.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01.team")}}});
    }
    all.push_back({.operation = "endPusherConnections",
                   .body = {},
                   .parameters = {{"id", json_string("the id of the app")}, {"uid", json_string("the id of a user")}}});
    all.push_back(with_body("authoriseChannel", channel));
    all.push_back(with_body("authoriseAtPusher", channel));
    all.push_back(with_body("authoriseAtAbly", R"({"topics":"changes,notifications"})"));
}

void add_taxes(std::vector<Example>& all) {
    all.push_back(with_body("createTaxClass", R"({"code":"VAT5","name":"VAT 5 %"})"));
    all.push_back(of("getTaxClass", "tax class TOURISM"));
    all.push_back(with_body("changeTaxClass", "tax class DEPOSIT", R"({"name":"Deposit on bottles"})"));
    all.push_back(of("deleteTaxClass", "tax class VAT14"));
    all.push_back(of("listTaxRates", "tax class TOURISM"));
    all.push_back(with_body("createTaxRate", "tax class TOURISM",
                            R"({"name":"Tourism levy 3 %","ratePpm":30000,"validFrom":"2031-01-01"})"));
    auto rate = with_body("changeTaxRate", "tax class TOURISM", R"({"validTo":"2031-01-01"})");
    rate.parameters.emplace("rateId", id("tax rate TOURISM"));
    all.push_back(std::move(rate));
}

void add_products(std::vector<Example>& all) {
    all.push_back(with_body("createCategory", R"({"name":"Stationery","colour":"#e63946"})"));
    all.push_back(of("getCategory", "category Drinks"));
    all.push_back(with_body("changeCategory", "category Care", R"({"colour":"#457b9d"})"));
    all.push_back(of("deleteCategory", "category Seasonal"));
    all.push_back(with_body(
        "createProduct",
        fmt::format(
            R"({{"name":"Exercise Book","brand":"Kasuku","categoryId":{},"variants":[{{"name":)"
            R"("Exercise Book A4","sku":"BOOK-A4","price":6000,"barcodes":[{{"barcode":"6161100000018"}}]}}]}})",
            id("category Household"))));
    all.push_back(with_body(
        "batchProducts",
        fmt::format(R"({{"onError":"continue","items":[{{"key":"1","op":"create","data":{{"name":"Brown Sugar"}}}},)"
                    R"({{"key":"2","op":"update","id":{},"version":1,"data":{{"brand":"Soko Mills"}}}}]}})",
                    id("Soko Maize Flour"))));
    all.push_back(of("getProduct", "Kabras Sugar"));
    all.back().parameters.emplace("include", R"(["variants"])");
    all.push_back(with_body("changeProduct", "Jogoo Maize Flour", R"({"description":"Sifted, grade 1."})"));
    all.push_back(of("deleteProduct", "Tiger Batteries"));
}

void add_variants(std::vector<Example>& all) {
    all.push_back(
        with_body("createVariant", fmt::format(R"({{"productId":{},"name":"Pembe Maize Flour 10kg","sku":"PEMBE-10",)"
                                               R"("unit":"bag","price":92000,"reorderLevel":"5"}})",
                                               id("Pembe Maize Flour"))));
    all.push_back({.operation = "lookUpBarcode", .body = {}, .parameters = {{"barcode", json_string(barcode_of(1))}}});
    all.push_back(of("getVariant", "Kabras Sugar 1kg"));
    all.push_back(with_body("changeVariant", "Eveready Batteries AA 2 pc", R"({"price":9500})"));
    all.push_back(of("deleteVariant", "Energizer Batteries D 2 pc"));
    all.push_back(with_body("addBarcode", "Paka Matches 1 box", R"({"barcode":"6161100000025","packQuantity":"10"})"));
    all.push_back(of("removeBarcode", "Kifaru Matches 1 box"));
    all.back().parameters.emplace("barcodeId", id("barcode Kifaru Matches 1 box"));
}

void add_sales(std::vector<Example>& all) {
    const auto client_request = *base::Uuid::from_string(key);
    all.push_back(with_body(
        "adjustStock",
        fmt::format(R"({{"clientRequestId":"{}","locationId":{},"reason":"purchase","lines":[{{"variantId":{},)"
                    R"("quantityDelta":"24","unitCost":12000,"note":"Delivery note 4711"}}]}})",
                    key, id("location NRB2"), id("Kabras Sugar 1kg"))));
    all.push_back(of("getStockAdjustment", "opening 0"));
    const auto sale = sale_json(client_request, std::nullopt, "2026-01-16T09:14:03+03:00");
    all.push_back(with_body("createSale", sale));
    all.push_back(with_body("calculateSale", sale));
    all.push_back(of("getSale", "sale 1"));
    all.push_back(of("getSaleByClientRequest", "sale 1 request"));
}

// Their ids come out of an upload, and what is signed out of a reply: these show the form alone.
void add_files(std::vector<Example>& all) {
    all.push_back(with_body("createUpload", R"({"purpose":"image","contentType":"image/jpeg","bytes":84213})"));
    for (const auto* operation :
         {"getImage", "deleteImage", "getDocument", "deleteDocument", "getUpload", "completeUpload", "deleteUpload",
          "getTusUpload", "continueTusUpload", "continueTusUploadByPost", "deleteTusUpload"})
        all.push_back({.operation = operation, .body = {}, .parameters = {{"id", json_string(key)}}});
    all.push_back(
        {.operation = "getImageFile",
         .body = {},
         .parameters = {
             {"tenantId", json_string(key)}, {"imageId", json_string(key)}, {"file", json_string("320.webp")}}});
    for (const auto* operation : {"downloadStoredFile", "putStoredFile"})
        all.push_back({.operation = operation, .body = {}, .parameters = {{"key", json_string("t")}}});
    all.push_back(
        {.operation = "createDocument", .body = {}, .parameters = {{"name", json_string("Delivery note 1042")}}});
}

// What no example can have, since it is made while somebody works. A request that is sent as it stands fails, as the document says.
struct Need {
    std::string_view operation;
    std::string_view why;
};
constexpr Need needs[] = {
    {"refreshSession", "a refresh token comes out of a log-in, and serves once"},
    {"deleteSession", "the id of a session comes out of a log-in"},
    {"getChanges", "a cursor comes out of a snapshot"},
    {"readNotification", "the id of a notification comes out of the list"},
    {"getNotification", "the id of a notification comes out of the list"},
    {"publishPusherEvent", "the server of an app signs it"},
    {"publishPusherEvents", "the server of an app signs it"},
    {"endPusherConnections", "the server of an app signs it"},
    {"listPusherChannels", "the server of an app signs it"},
    {"getPusherChannel", "the server of an app signs it"},
    {"listPusherMembers", "the server of an app signs it"},
    {"authoriseChannel", "an app of the Pusher protocol has to be set up"},
    {"authoriseAtPusher", "an app at Pusher has to be set up"},
    {"authoriseAtAbly", "a key of Ably has to be set up"},
    {"resetPassword", "tokens stand in mails"},
    {"verifyEmail", "tokens stand in mails"},
    {"confirmEmail", "tokens stand in mails"},
    {"acceptInvite", "tokens stand in mails"},
    {"beginTotp", "the address has to be proven"},
    {"confirmTotp", "codes are an app's"},
    {"loginWithTotp", "a challenge comes out of a log-in"},
    {"stepUp", "codes are an app's"},
    {"renewRecoveryCodes", "codes are an app's"},
    {"disableTotp", "codes are an app's"},
    {"resetTotp", "nobody has one"},
    {"sendPhoneCode", "an account that may have a code more today"},
    {"verifyPhone", "codes stand in messages"},
    {"getPayment", "a payment has to be started before"},
    {"listRefunds", "a payment has to be started before"},
    {"queryPayment", "a payment has to be started before"},
    {"cancelPayment", "a provider has to be there"},
    {"refundPayment", "somebody has to have paid"},
    {"dismissRefundTask", "somebody has to have paid too late"},
    {"deletePaymentAccount", "an account has to be made before"},
    {"registerPaymentCallbacks", "M-Pesa answers it"},
    {"paySubscription", "whoever runs the service needs an account"},
    {"matchC2bPayment", "M-Pesa alone makes them"},
    {"resolvePaymentIntent", "its outcome has to be unknown"},
    {"askPaymentAccountBalance", "the account needs an initiator"},
    {"sendPayout", "the account needs an initiator"},
    {"getPayout", "a payout has to be sent before"},
    {"queryPayout", "a payout has to be sent before"},
    {"resolvePayout", "a payout has to be sent before"},
    {"sendPayoutAgain", "a payout has to be sent before"},
    {"reversePayment", "somebody has to have paid"},
    {"takeMpesaPrompt", "the token is of an account"},
    {"takeMpesaPromptOf", "the token is of an account"},
    {"takeMpesaConfirmation", "the token is of an account"},
    {"takeMpesaValidation", "the token is of an account"},
    {"takeMpesaTimeout", "the token is of an account"},
    {"takeMpesaBalance", "the token is of an account"},
    {"takeMpesaPayoutTimeout", "the token is of an account"},
    {"takeMpesaResult", "the token is of an account"},
    {"takeMpesaStatus", "the token is of an account"},
    {"takePesapalNotification", "the token is of an account"},
    {"takeStripeEvent", "Stripe signs it"},
    {"takeFlutterwaveEvent", "Flutterwave alone knows its hash"},
    {"takePaystackEvent", "Paystack signs it"},
    {"takeSendGridEvents", "SendGrid signs it"},
    {"takeMailgunEvent", "Mailgun signs it"},
    {"takeMessageCallback", "the provider proves it"},
    {"takeMessageCallbackOf", "the provider proves it"},
    {"verifyMessageCallback", "the provider proves it"},
    {"createImage", "a file that somebody chooses"},
    {"getImage", "an image has to be sent before"},
    {"deleteImage", "an image has to be sent before"},
    {"getImageFile", "the address comes with the image"},
    {"createDocument", "a file that somebody chooses"},
    {"getDocument", "a document has to be sent before"},
    {"deleteDocument", "a document has to be sent before"},
    {"getUpload", "an upload has to be begun before"},
    {"completeUpload", "the bytes have to be sent before"},
    {"deleteUpload", "an upload has to be begun before"},
    {"downloadStoredFile", "the service signs its address"},
    {"putStoredFile", "the service signs its address"},
    {"getTusUpload", "an upload has to be begun before"},
    {"continueTusUpload", "a tus client sends the bytes"},
    {"continueTusUploadByPost", "a tus client sends the bytes"},
    {"deleteTusUpload", "an upload has to be begun before"},
    {"getReportRun", "a report has to be asked for before"},
    {"deleteReportRun", "a report has to be asked for before"},
    {"createWebhook", "the host of its URL has to be found"},
    {"getWebhook", "a webhook has to be made before"},
    {"changeWebhook", "a webhook has to be made before"},
    {"deleteWebhook", "a webhook has to be made before"},
    {"rotateWebhookSecret", "a webhook has to be made before"},
    {"pingWebhook", "a webhook has to be made before"},
    {"redeliverWebhook", "a webhook has to be made before"},
    {"listWebhookDeliveries", "a webhook has to be made before"},
    {"getWebhookDelivery", "something has to be delivered before"},
};

// Rows that an operation makes, and where they are read again.
struct Chain {
    std::string_view operation;
    std::string_view maker;
};
constexpr Chain chains[] = {
    {"getPayment", "startPayment"},
    {"listRefunds", "startPayment"},
    {"queryPayment", "startPayment"},
    {"cancelPayment", "startPayment"},
    {"refundPayment", "startPayment"},
    {"reversePayment", "startPayment"},
    {"deletePaymentAccount", "createPaymentAccount"},
    {"getPayout", "sendPayout"},
    {"queryPayout", "sendPayout"},
    {"resolvePayout", "sendPayout"},
    {"sendPayoutAgain", "sendPayout"},
    {"getImage", "createImage"},
    {"deleteImage", "createImage"},
    {"getDocument", "createDocument"},
    {"deleteDocument", "createDocument"},
    {"getUpload", "createUpload"},
    {"completeUpload", "createUpload"},
    {"deleteUpload", "createUpload"},
    {"getReportRun", "createReportRun"},
    {"deleteReportRun", "createReportRun"},
    {"getWebhook", "createWebhook"},
    {"changeWebhook", "createWebhook"},
    {"deleteWebhook", "createWebhook"},
    {"rotateWebhookSecret", "createWebhook"},
    {"pingWebhook", "createWebhook"},
    {"redeliverWebhook", "createWebhook"},
    {"listWebhookDeliveries", "createWebhook"},
    {"getWebhookDelivery", "createWebhook"},
};

Example& example_of(std::vector<Example>& all, std::string_view operation) {
    const auto found = std::ranges::find(all, operation, &Example::operation);
    if (found != all.end()) return *found;
    all.push_back({.operation = std::string(operation), .body = {}, .parameters = {}});
    return all.back();
}

// What the demo shop answered when the end-to-end test of the collections wrote it down (tests/e2e/postman.test.ts).
void add_replies(std::vector<Example>& all) {
    constexpr std::size_t most_bytes = 4'000'000;
    const auto files = embedded::demo_replies();
    const auto replies = schema::parse<std::map<std::string, schema::Json>>(
        files.front().bytes, {.in = "replies.json", .max_bytes = most_bytes});
    if (!replies) throw std::logic_error("pos/demo/replies: " + replies.error().detail);
    for (const auto& [operation, reply] : *replies) example_of(all, operation).reply = reply.text;
}

}  // namespace

std::vector<Example> examples() {
    std::vector<Example> all;
    all.push_back({.operation = {},
                   .body = {},
                   .parameters = {{"updatedSince", json_string("2026-01-01T00:00:00+03:00")},
                                  {"locationId", id("location NRB2")},
                                  {"categoryId", id("category Drinks")},
                                  {"productId", id("Kabras Sugar")},
                                  {"variantId", id("Kabras Sugar 1kg")},
                                  {"search", json_string("sugar")},
                                  {"active", "true"},
                                  {"flag", json_string("price_variance")},
                                  {"channel", json_string("sms")},
                                  {"actorId", id("user cashier")},
                                  {"subjectId", id("user cashier")},
                                  {"from", json_string("2026-01-01")},
                                  {"to", json_string("2026-01-31")}}});
    add_billing(all);
    add_money_from_outside(all);
    add_people(all);
    add_mails(all);
    add_messaging(all);
    add_webhooks(all);
    add_second_factor(all);
    add_places(all);
    add_sync(all);
    add_realtime(all);
    add_taxes(all);
    add_products(all);
    add_variants(all);
    add_sales(all);
    add_payments(all);
    add_payouts(all);
    add_files(all);
    add_reports(all);
    for (const auto& [operation, why] : needs) example_of(all, operation).needs = why;
    for (const auto& [operation, maker] : chains)
        example_of(all, operation).from.emplace("id", openapi::ExampleSource{.operation = std::string(maker)});
    add_replies(all);
    return all;
}

std::string sale_json(base::Uuid client_request_id, std::optional<base::Uuid> id, std::string_view occurred_at) {
    const auto own_id = id ? fmt::format(R"("id":"{}",)", id->to_string()) : std::string();
    return fmt::format(
        R"({{"clientRequestId":"{}",{}"locationId":"{}","occurredAt":"{}","lines":[)"
        R"({{"lineNumber":1,"variantId":"{}","name":"Kabras Sugar 1kg","quantity":"2","unitPrice":15000,)"
        R"("taxCode":"VAT16","taxRatePpm":160000,"taxAmount":4138,"gross":30000}},)"
        R"({{"lineNumber":2,"variantId":"{}","name":"Brookside Milk 500ml","quantity":"1","unitPrice":6500,)"
        R"("taxCode":"ZERO","taxRatePpm":0,"taxAmount":0,"gross":6500}}],)"
        R"("taxTotal":4138,"total":36500,"payments":[{{"method":"cash","amount":36500,"tendered":40000}}],)"
        R"("change":3500}})",
        client_request_id.to_string(), own_id, id_of("location NRB2").to_string(), occurred_at,
        id_of("Kabras Sugar 1kg").to_string(), id_of("Brookside Milk 500ml").to_string());
}

}  // namespace pos::demo
