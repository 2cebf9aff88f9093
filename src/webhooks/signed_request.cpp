#include "webhooks/signed_request.h"

#include "http/request.h"

namespace webhooks {

Received received(const http::Request& request) {
    return {.id = request.header(id_header).value_or(""),
            .timestamp = request.header(timestamp_header).value_or(""),
            .signature = request.header(signature_header_name).value_or("")};
}

void require_verified(const http::Request& request, std::string_view bytes, const std::vector<VerifyingKey>& keys,
                      base::Timestamp now) {
    const auto fault = verify(keys, received(request), bytes, now);
    if (fault) throw base::Failure(errors::not_verified).cause("webhook: " + std::string(to_string(*fault)));
}

}  // namespace webhooks
