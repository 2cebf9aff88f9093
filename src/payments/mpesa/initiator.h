#pragma once
// What an initiator asks of Daraja: money to a phone (B2C), a payment back, what became of either, the account's balance; member by member
// as Daraja spells them. Pure, but for the random padding of the credential.
//
//     const auto body = mpesa::payout_of(credentials, urls, request);      // nullopt: the account has no initiator
//     wire.post(&target, mpesa::payout_path, schema::to_json(*body));

#include <optional>
#include <string>
#include <string_view>

#include "payments/mpesa/credentials.h"
#include "payments/payouts.h"
#include "schema/schema.h"

namespace payments::mpesa {

inline constexpr std::string_view payout_path = "/mpesa/b2c/v3/paymentrequest";
inline constexpr std::string_view reversal_path = "/mpesa/reversal/v1/request";
inline constexpr std::string_view status_path = "/mpesa/transactionstatus/v1/query";
inline constexpr std::string_view balance_path = "/mpesa/accountbalance/v1/query";

// Where what becomes of a request is told, and that it waits for too long.
struct ResultUrls {
    std::string timeout;
    std::string result;

    friend constexpr auto describe(ResultUrls*) {
        using schema::field;
        return schema::object<ResultUrls>("MpesaResultUrls", field<&ResultUrls::timeout>("QueueTimeOutURL"),
                                          field<&ResultUrls::result>("ResultURL"));
    }
};

struct B2cRequest {
    std::string id;
    std::string initiator;
    std::string credential;
    std::string command;
    std::string amount;
    std::string from;
    std::string to;
    std::string remarks;
    ResultUrls urls;
    std::string occasion;

    friend constexpr auto describe(B2cRequest*) {
        using schema::field;
        return schema::object<B2cRequest>(
            "MpesaB2c", field<&B2cRequest::id>("OriginatorConversationID"),
            field<&B2cRequest::initiator>("InitiatorName"), field<&B2cRequest::credential>("SecurityCredential"),
            field<&B2cRequest::command>("CommandID"), field<&B2cRequest::amount>("Amount"),
            field<&B2cRequest::from>("PartyA"), field<&B2cRequest::to>("PartyB"),
            field<&B2cRequest::remarks>("Remarks"), schema::flatten<&B2cRequest::urls>(),
            field<&B2cRequest::occasion>("Occassion"));
    }
};

struct ReversalBody {
    std::string initiator;
    std::string credential;
    std::string command = "TransactionReversal";
    std::string receipt;
    std::string amount;
    std::string receiver;
    std::string receiver_kind = "11";
    ResultUrls urls;
    std::string remarks;
    std::string occasion;

    friend constexpr auto describe(ReversalBody*) {
        using schema::field;
        return schema::object<ReversalBody>(
            "MpesaReversal", field<&ReversalBody::initiator>("Initiator"),
            field<&ReversalBody::credential>("SecurityCredential"), field<&ReversalBody::command>("CommandID"),
            field<&ReversalBody::receipt>("TransactionID"), field<&ReversalBody::amount>("Amount"),
            field<&ReversalBody::receiver>("ReceiverParty"),
            field<&ReversalBody::receiver_kind>("RecieverIdentifierType"), schema::flatten<&ReversalBody::urls>(),
            field<&ReversalBody::remarks>("Remarks"), field<&ReversalBody::occasion>("Occasion"));
    }
};

struct StatusBody {
    std::string initiator;
    std::string credential;
    std::string command = "TransactionStatusQuery";
    std::string conversation_id;
    std::string party;
    std::string kind = "4";
    ResultUrls urls;
    std::string remarks = "Status";
    std::string occasion;

    friend constexpr auto describe(StatusBody*) {
        using schema::field;
        return schema::object<StatusBody>(
            "MpesaStatus", field<&StatusBody::initiator>("Initiator"),
            field<&StatusBody::credential>("SecurityCredential"), field<&StatusBody::command>("CommandID"),
            field<&StatusBody::conversation_id>("OriginalConversationID"), field<&StatusBody::party>("PartyA"),
            field<&StatusBody::kind>("IdentifierType"), schema::flatten<&StatusBody::urls>(),
            field<&StatusBody::remarks>("Remarks"), field<&StatusBody::occasion>("Occasion"));
    }
};

struct BalanceBody {
    std::string initiator;
    std::string credential;
    std::string command = "AccountBalance";
    std::string party;
    std::string kind = "4";
    std::string remarks = "Balance";
    ResultUrls urls;

    friend constexpr auto describe(BalanceBody*) {
        using schema::field;
        return schema::object<BalanceBody>(
            "MpesaBalance", field<&BalanceBody::initiator>("Initiator"),
            field<&BalanceBody::credential>("SecurityCredential"), field<&BalanceBody::command>("CommandID"),
            field<&BalanceBody::party>("PartyA"), field<&BalanceBody::kind>("IdentifierType"),
            field<&BalanceBody::remarks>("Remarks"), schema::flatten<&BalanceBody::urls>());
    }
};

// nullopt: the account has no initiator.
[[nodiscard]] std::optional<B2cRequest> payout_of(const Credentials& credentials, ResultUrls urls,
                                                  const PayoutRequest& request);
[[nodiscard]] std::optional<ReversalBody> reversal_of(const Credentials& credentials, ResultUrls urls,
                                                      const ReversalRequest& request);
// `id`: OriginatorConversationID of what is asked after.
[[nodiscard]] std::optional<StatusBody> status_of(const Credentials& credentials, ResultUrls urls, std::string id);
[[nodiscard]] std::optional<BalanceBody> balance_of(const Credentials& credentials, ResultUrls urls);

}  // namespace payments::mpesa
