#include "http/middleware/default_chain.h"

#include "http/middleware/conditional.h"
#include "http/middleware/request_timeout.h"

namespace http {

std::vector<Middleware> default_chain(DefaultChainOptions options) {
    std::vector<Middleware> links;
    links.push_back(request_id(std::move(options.request_id)));
    links.push_back(tracing(options.tracer, options.access_log.router));
    links.push_back(access_log(std::move(options.access_log)));
    if (!options.trusted_proxies.networks.empty()) links.push_back(trusted_proxies(options.trusted_proxies));
    if (options.security_headers) links.push_back(security_headers(*options.security_headers));
    links.push_back(problems());
    links.push_back(request_timeout());
    if (options.cors) links.push_back(cors(*std::move(options.cors)));
    if (options.compression) links.push_back(compression(*std::move(options.compression)));
    links.push_back(conditional_get());
    if (options.body_decoding) links.push_back(body_decoding(*options.body_decoding));
    return links;
}

}  // namespace http
