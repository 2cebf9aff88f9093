#include "payments/pesapal/ipn.h"

#include <utility>

#include "payments/pesapal/messages.h"

namespace payments::pesapal {

namespace {

constexpr std::size_t longest_echo = 100;

struct Notification {
    schema::Json type;
    schema::Json tracking_id;
    schema::Json reference;

    friend constexpr auto describe(Notification*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<Notification>("PesapalNotification",
                                            field<&Notification::type>("OrderNotificationType", member),
                                            field<&Notification::tracking_id>("OrderTrackingId", member),
                                            field<&Notification::reference>("OrderMerchantReference", member));
    }
};

// What Pesapal reads back, or it tells again.
struct Receipt {
    std::string type = "IPNCHANGE";
    std::string tracking_id;
    std::string reference;
    std::int32_t status = 200;

    friend constexpr auto describe(Receipt*) {
        using schema::field;
        return schema::object<Receipt>("PesapalReceipt", field<&Receipt::type>("orderNotificationType"),
                                       field<&Receipt::tracking_id>("orderTrackingId"),
                                       field<&Receipt::reference>("orderMerchantReference"),
                                       field<&Receipt::status>("status"));
    }
};

}  // namespace

VerifiedCallback read_ipn(std::string_view bytes) {
    const auto sent = read<Notification>(bytes);
    Receipt receipt;
    VerifiedCallback verified;
    if (sent) {
        receipt.tracking_id = cut(scalar(sent->tracking_id), longest_echo);
        receipt.reference = cut(scalar(sent->reference), longest_echo);
        if (auto type = cut(scalar(sent->type), longest_echo); !type.empty()) receipt.type = std::move(type);
    }
    if (is_id(receipt.tracking_id)) {
        verified.claims.push_back({.dedupe_key = "ipn:" + receipt.tracking_id,
                                   .attempt = base::Uuid::from_string(receipt.reference),
                                   .evidence = {.source = Source::callback,
                                                .finding = Finding::processing,
                                                .provider_id = receipt.tracking_id},
                                   .is_hint = true,
                                   .asks_of_paid = true});
    }
    verified.reply = schema::to_json(receipt);
    return verified;
}

}  // namespace payments::pesapal
