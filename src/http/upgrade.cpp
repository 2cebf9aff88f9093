#include "http/upgrade.h"

#include "base/strings.h"
#include "http/errors.h"

namespace http {

namespace {

bool has_token(std::string_view list, std::string_view token) {
    for (const auto element : base::split(list, ',')) {
        if (base::iequals(base::trim(element), token)) return true;
    }
    return false;
}

}  // namespace

void Upgrade::send(Context& context, Upgrade&& upgrade) {
    auto& response = context.response();
    response.upgrade(upgrade.protocol_, std::move(upgrade.takeover_));
    for (const auto& [name, value] : upgrade.headers_) response.header(name, value);
}

void Upgrade::describe(Operation& operation) {
    operation.can_answer(
        {.status = 101, .doc = "The connection speaks the other protocol from here.", .headers = {"Upgrade"}});
}

namespace detail {

void require_upgrade(Context& context, std::string_view protocol) {
    const auto& request = context.request();
    const auto& headers = request.headers();
    const bool asks = request.method() == Method::get && request.version() == Version::http_1_1 &&
                      has_token(headers.joined("connection"), "upgrade") &&
                      has_token(headers.joined("upgrade"), protocol);
    // RFC 9110 §7.8: the body would have to be read first.
    if (asks && !request.has_body()) return;
    throw base::Failure(errors::upgrade_required, "ask for the protocol with Upgrade and Connection: upgrade")
        .header("Upgrade", std::string(protocol));
}

void describe_upgrade(Operation& operation) { operation.can_fail(errors::upgrade_required); }

}  // namespace detail

}  // namespace http
