#include "payments/mpesa/initiator.h"

#include <utility>

#include "payments/mpesa/messages.h"
#include "payments/mpesa/security_credential.h"

namespace payments::mpesa {

namespace {

constexpr std::size_t longest_remarks = 100;
constexpr std::string_view no_remarks = "Payment";

struct Signed {
    std::string initiator;
    std::string credential;
};

std::optional<Signed> signed_by(const Credentials& credentials) {
    if (!credentials.has_initiator()) return std::nullopt;
    auto credential = security_credential(*credentials.initiator_password, *credentials.certificate);
    if (!credential) return std::nullopt;
    return Signed{.initiator = *credentials.initiator_name, .credential = *std::move(credential)};
}

std::string_view command_of(PayoutPurpose purpose) {
    switch (purpose) {
        case PayoutPurpose::business: return "BusinessPayment";
        case PayoutPurpose::salary: return "SalaryPayment";
        case PayoutPurpose::promotion: return "PromotionPayment";
    }
    return "BusinessPayment";
}

// At least two characters (Daraja).
std::string remarks_of(std::string_view reason) {
    auto remarks = cleaned(reason, longest_remarks);
    return remarks.size() < 2 ? std::string(no_remarks) : remarks;
}

std::string shillings(base::Money amount) { return std::to_string(amount.minor / 100); }

}  // namespace

std::optional<B2cRequest> payout_of(const Credentials& credentials, ResultUrls urls, const PayoutRequest& request) {
    auto own = signed_by(credentials);
    if (!own) return std::nullopt;
    return B2cRequest{.id = request.id.to_string(),
                      .initiator = std::move(own->initiator),
                      .credential = std::move(own->credential),
                      .command = std::string(command_of(request.purpose)),
                      .amount = shillings(request.amount),
                      .from = credentials.short_code,
                      .to = request.phone,
                      .remarks = remarks_of(request.reason),
                      .urls = std::move(urls),
                      .occasion = {}};
}

std::optional<ReversalBody> reversal_of(const Credentials& credentials, ResultUrls urls,
                                        const ReversalRequest& request) {
    auto own = signed_by(credentials);
    if (!own) return std::nullopt;
    return ReversalBody{.initiator = std::move(own->initiator),
                        .credential = std::move(own->credential),
                        .receipt = request.receipt,
                        .amount = shillings(request.amount),
                        .receiver = credentials.short_code,
                        .urls = std::move(urls),
                        .remarks = remarks_of(request.reason),
                        .occasion = {}};
}

std::optional<StatusBody> status_of(const Credentials& credentials, ResultUrls urls, std::string id) {
    auto own = signed_by(credentials);
    if (!own) return std::nullopt;
    return StatusBody{.initiator = std::move(own->initiator),
                      .credential = std::move(own->credential),
                      .conversation_id = std::move(id),
                      .party = credentials.short_code,
                      .urls = std::move(urls),
                      .occasion = {}};
}

std::optional<BalanceBody> balance_of(const Credentials& credentials, ResultUrls urls) {
    auto own = signed_by(credentials);
    if (!own) return std::nullopt;
    return BalanceBody{.initiator = std::move(own->initiator),
                       .credential = std::move(own->credential),
                       .party = credentials.short_code,
                       .urls = std::move(urls)};
}

}  // namespace payments::mpesa
