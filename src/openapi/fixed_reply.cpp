#include "openapi/fixed_reply.h"

#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"

namespace openapi {

namespace {

// 64 bits tell deployments apart; hexadecimal, so that no tag looks like one with the suffix of a coding ("…-br").
std::string etag_of(std::string_view bytes) {
    const auto digest = base::sha256(bytes);
    return '"' + base::hex_encode(base::as_chars(digest).substr(0, 8)) + '"';
}

}  // namespace

FixedReply::FixedReply(std::string body, std::string_view content_type)
    : body_(std::make_shared<const std::string>(std::move(body))),
      etag_(etag_of(*body_)),
      content_type_(content_type) {}

void FixedReply::fill(http::Context& context) const {
    auto& response = context.response();
    response.shared_body(body_).content_type(content_type_);
    response.header("ETag", etag_).header("Cache-Control", "no-cache");
}

async::Task<void> FixedReply::operator()(http::Context& context) const {
    fill(context);
    co_return;
}

}  // namespace openapi
