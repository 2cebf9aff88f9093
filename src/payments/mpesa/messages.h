#pragma once
// What is sent to Daraja, and its answers, member by member as it spells them. Answers are read leniently: strings or numbers, and whatever
// is missing is null.
//
//     mpesa::StkPush push = mpesa::prompt_of(credentials, request, callback_url, now);
//     client::json(push)

#include <string>
#include <string_view>

#include "base/time.h"
#include "payments/mpesa/credentials.h"
#include "payments/provider.h"
#include "schema/schema.h"

namespace payments::mpesa {

struct StkPush {
    std::string short_code;
    std::string password;
    std::string timestamp;
    std::string type;
    std::string amount;
    std::string party_a;
    std::string party_b;
    std::string phone;
    std::string callback_url;
    std::string reference;
    std::string description;

    friend constexpr auto describe(StkPush*) {
        using schema::field;
        return schema::object<StkPush>(
            "MpesaStkPush", field<&StkPush::short_code>("BusinessShortCode"), field<&StkPush::password>("Password"),
            field<&StkPush::timestamp>("Timestamp"), field<&StkPush::type>("TransactionType"),
            field<&StkPush::amount>("Amount"), field<&StkPush::party_a>("PartyA"), field<&StkPush::party_b>("PartyB"),
            field<&StkPush::phone>("PhoneNumber"), field<&StkPush::callback_url>("CallBackURL"),
            field<&StkPush::reference>("AccountReference"), field<&StkPush::description>("TransactionDesc"));
    }
};

struct StkQuery {
    std::string short_code;
    std::string password;
    std::string timestamp;
    std::string checkout_id;

    friend constexpr auto describe(StkQuery*) {
        using schema::field;
        return schema::object<StkQuery>(
            "MpesaStkQuery", field<&StkQuery::short_code>("BusinessShortCode"), field<&StkQuery::password>("Password"),
            field<&StkQuery::timestamp>("Timestamp"), field<&StkQuery::checkout_id>("CheckoutRequestID"));
    }
};

struct C2bRegistration {
    std::string short_code;
    std::string response_type;
    std::string confirmation_url;
    std::string validation_url;

    friend constexpr auto describe(C2bRegistration*) {
        using schema::field;
        return schema::object<C2bRegistration>("MpesaC2bRegistration", field<&C2bRegistration::short_code>("ShortCode"),
                                               field<&C2bRegistration::response_type>("ResponseType"),
                                               field<&C2bRegistration::confirmation_url>("ConfirmationURL"),
                                               field<&C2bRegistration::validation_url>("ValidationURL"));
    }
};

struct PullRegistration {
    std::string short_code;
    std::string request_type;
    std::string nominated_number;
    std::string callback_url;

    friend constexpr auto describe(PullRegistration*) {
        using schema::field;
        return schema::object<PullRegistration>("MpesaPullRegistration",
                                                field<&PullRegistration::short_code>("ShortCode"),
                                                field<&PullRegistration::request_type>("RequestType"),
                                                field<&PullRegistration::nominated_number>("NominatedNumber"),
                                                field<&PullRegistration::callback_url>("CallBackURL"));
    }
};

struct PullQuery {
    std::string short_code;
    std::string from;
    std::string to;
    std::string offset;

    friend constexpr auto describe(PullQuery*) {
        using schema::field;
        return schema::object<PullQuery>("MpesaPullQuery", field<&PullQuery::short_code>("ShortCode"),
                                         field<&PullQuery::from>("StartDate"), field<&PullQuery::to>("EndDate"),
                                         field<&PullQuery::offset>("OffSetValue"));
    }
};

// Of a prompt, a query, a registration and a pull: each says some of it.
struct Answered {
    schema::Json merchant_id;
    schema::Json checkout_id;
    schema::Json response_code;
    schema::Json response_text;
    schema::Json response_status;  // of the pull's registration, instead of a code
    schema::Json result_code;
    schema::Json result_text;
    schema::Json response;  // of a pull: its transactions

    friend constexpr auto describe(Answered*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<Answered>("MpesaAnswer", field<&Answered::merchant_id>("MerchantRequestID", member),
                                        field<&Answered::checkout_id>("CheckoutRequestID", member),
                                        field<&Answered::response_code>("ResponseCode", member),
                                        field<&Answered::response_text>("ResponseDescription", member),
                                        field<&Answered::response_status>("ResponseStatus", member),
                                        field<&Answered::result_code>("ResultCode", member),
                                        field<&Answered::result_text>("ResultDesc", member),
                                        field<&Answered::response>("Response", member));
    }
};

// Daraja's proof that it is the account's owner who asks.
[[nodiscard]] std::string password(std::string_view short_code, std::string_view passkey, std::string_view timestamp);

// What Daraja takes of a text: letters, digits, space, "_", "." and "-"; others made it fail silently. Cut to `most`; "" of nothing.
[[nodiscard]] std::string cleaned(std::string_view text, std::size_t most);
// Of a reference, what the payer is shown, and types at a paybill: 12 characters; "Payment" where none is left.
[[nodiscard]] std::string shown_reference(std::string_view reference);

// `request.phone` is normalised, and its amount whole shillings.
[[nodiscard]] StkPush prompt_of(const Credentials& credentials, const StartRequest& request,
                                const std::string& callback_url, base::Timestamp now);
[[nodiscard]] StkQuery query_of(const Credentials& credentials, const std::string& checkout_id, base::Timestamp now);

}  // namespace payments::mpesa
