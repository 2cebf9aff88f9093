#pragma once
// What is sent to Pesapal, and its answers, member by member as it spells them. Pure.
//
//     client::json(pesapal::order_of(request, callbacks, ipn_id))
//     const auto order = payments::read<pesapal::OrderReply>(answer.body);

#include <string>
#include <string_view>

#include "payments/provider.h"
#include "payments/reading.h"
#include "schema/schema.h"

namespace payments::pesapal {

struct TokenRequest {
    std::string key;
    std::string secret;

    friend constexpr auto describe(TokenRequest*) {
        return schema::object<TokenRequest>("PesapalTokenRequest", schema::field<&TokenRequest::key>("consumer_key"),
                                            schema::field<&TokenRequest::secret>("consumer_secret"));
    }
};

struct IpnRegistration {
    std::string url;
    std::string type = "POST";

    friend constexpr auto describe(IpnRegistration*) {
        return schema::object<IpnRegistration>("PesapalIpnRegistration", schema::field<&IpnRegistration::url>("url"),
                                               schema::field<&IpnRegistration::type>("ipn_notification_type"));
    }
};

struct BillingAddress {
    std::string phone;

    friend constexpr auto describe(BillingAddress*) {
        return schema::object<BillingAddress>("PesapalBillingAddress",
                                              schema::field<&BillingAddress::phone>("phone_number"));
    }
};

struct Order {
    std::string id;
    std::string currency;
    schema::Json amount;  // a number
    std::string description;
    std::string callback_url;
    std::string cancellation_url;
    std::string notification_id;
    std::string redirect_mode = "TOP_WINDOW";
    BillingAddress billing_address;

    friend constexpr auto describe(Order*) {
        using schema::field;
        return schema::object<Order>(
            "PesapalOrder", field<&Order::id>("id"), field<&Order::currency>("currency"),
            field<&Order::amount>("amount"), field<&Order::description>("description"),
            field<&Order::callback_url>("callback_url"), field<&Order::cancellation_url>("cancellation_url"),
            field<&Order::notification_id>("notification_id"), field<&Order::redirect_mode>("redirect_mode"),
            field<&Order::billing_address>("billing_address"));
    }
};

struct Cancellation {
    std::string tracking_id;

    friend constexpr auto describe(Cancellation*) {
        return schema::object<Cancellation>("PesapalCancellation",
                                            schema::field<&Cancellation::tracking_id>("order_tracking_id"));
    }
};

// Any answer that is an object. A success has an error, too: null, or one whose members are.
struct Envelope {
    schema::Json error;
    schema::Json status;
    schema::Json message;

    friend constexpr auto describe(Envelope*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<Envelope>("PesapalEnvelope", field<&Envelope::error>("error", member),
                                        field<&Envelope::status>("status", member),
                                        field<&Envelope::message>("message", member));
    }
};
struct ErrorDetail {
    schema::Json type;
    schema::Json code;
    schema::Json message;

    friend constexpr auto describe(ErrorDetail*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<ErrorDetail>("PesapalError", field<&ErrorDetail::type>("error_type", member),
                                           field<&ErrorDetail::code>("code", member),
                                           field<&ErrorDetail::message>("message", member));
    }
};

struct TokenReply {
    schema::Json token;

    friend constexpr auto describe(TokenReply*) {
        return schema::object<TokenReply>("PesapalToken",
                                          schema::field<&TokenReply::token>("token", {.defaulted = true}));
    }
};

// A registered address: of a list, or the one that was just registered.
struct Ipn {
    schema::Json url;
    schema::Json id;

    friend constexpr auto describe(Ipn*) {
        return schema::object<Ipn>("PesapalIpn", schema::field<&Ipn::url>("url", {.defaulted = true}),
                                   schema::field<&Ipn::id>("ipn_id", {.defaulted = true}));
    }
};

struct OrderReply {
    schema::Json tracking_id;
    schema::Json reference;
    schema::Json redirect_url;

    friend constexpr auto describe(OrderReply*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<OrderReply>("PesapalOrderReply",
                                          field<&OrderReply::tracking_id>("order_tracking_id", member),
                                          field<&OrderReply::reference>("merchant_reference", member),
                                          field<&OrderReply::redirect_url>("redirect_url", member));
    }
};

struct Status {
    schema::Json code;
    schema::Json description;
    schema::Json text;
    schema::Json amount;
    schema::Json currency;
    schema::Json receipt;
    schema::Json reference;

    friend constexpr auto describe(Status*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<Status>(
            "PesapalStatus", field<&Status::code>("status_code", member),
            field<&Status::description>("payment_status_description", member),
            field<&Status::text>("description", member), field<&Status::amount>("amount", member),
            field<&Status::currency>("currency", member), field<&Status::receipt>("confirmation_code", member),
            field<&Status::reference>("merchant_reference", member));
    }
};

// What Pesapal calls an order or an address: letters, digits and "-", 64 at most.
[[nodiscard]] bool is_id(std::string_view text);

// `ipn_id`: of the address that Pesapal tells. The request has a return_url, and a phone in E.164 without "+".
[[nodiscard]] Order order_of(const StartRequest& request, std::string ipn_id);

// What the status of an order says of an attempt. A receipt, an amount and a currency make a payment; an order of another reference says
// nothing.
[[nodiscard]] Evidence evidence_of(const Status& status, const AttemptRef& attempt);

}  // namespace payments::pesapal
