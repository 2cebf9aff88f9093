#include "payments/mpesa/credentials.h"

#include <string>
#include <utility>

#include "payments/mpesa/security_credential.h"

namespace payments::mpesa {

namespace {

// All three, or none; and a password that the certificate can hide.
void check_initiator(const Credentials& credentials, schema::Issues& issues) {
    if (!credentials.initiator_name) {
        if (credentials.initiator_password) issues.add("/initiatorName", "required", "whose password it is");
        if (!credentials.passkey) issues.add("/passkey", "required", "of Lipa na M-Pesa online");
        return;
    }
    if (!credentials.initiator_password) issues.add("/initiatorPassword", "required", "the initiator's");
    if (!credentials.certificate) issues.add("/certificate", "required", "Safaricom's, in PEM");
    if (!credentials.certificate) return;
    const auto most = longest_password(*credentials.certificate);
    if (!most) issues.add("/certificate", "invalid_format", "no certificate of RSA in PEM");
    if (most && credentials.initiator_password && credentials.initiator_password->size() > *most)
        issues.add("/initiatorPassword", "too_long", "longer than the certificate can hide");
}

}  // namespace

void Credentials::check(const Credentials& credentials, schema::Issues& issues) {
    constexpr std::string_view pointer = "/tillNumber";  // lint: allow(word) what M-Pesa calls it
    const bool has_goods_number = credentials.goods_number.has_value();
    const bool wants_one = credentials.kind == Kind::buy_goods;
    if (wants_one && !has_goods_number) issues.add(std::string(pointer), "required", "the number that customers pay");
    if (!wants_one && has_goods_number) issues.add(std::string(pointer), "not_allowed", "a paybill has none");
    check_initiator(credentials, issues);
}

std::optional<Credentials> read_credentials(std::string_view json) {
    auto read = schema::parse<Credentials>(json, {.lenient = true});
    if (!read) return std::nullopt;
    return *std::move(read);
}

}  // namespace payments::mpesa
