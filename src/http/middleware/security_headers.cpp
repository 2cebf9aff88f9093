#include "http/middleware/security_headers.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/strings.h"
#include "http/context.h"

namespace http {

namespace {

constexpr std::array<std::string_view, 10> keywords{
    "self",           "none",          "unsafe-inline", "unsafe-eval",      "unsafe-hashes",
    "strict-dynamic", "report-sample", "script",        "wasm-unsafe-eval", "inline-speculation-rules"};
constexpr std::array<std::string_view, 4> quoted_prefixes{"nonce-", "sha256-", "sha384-", "sha512-"};

bool needs_quotes(std::string_view source) {
    return std::ranges::find(keywords, source) != keywords.end() ||
           std::ranges::any_of(quoted_prefixes, [&](std::string_view prefix) { return source.starts_with(prefix); });
}

void require_source(std::string_view directive, std::string_view source) {
    const bool ends_early = std::ranges::any_of(
        source, [](char c) { return c == ';' || c == ',' || static_cast<unsigned char>(c) <= 0x20; });
    // require-trusted-types-for 'script' is the one place of that keyword; a host may be called so elsewhere.
    const bool bare = needs_quotes(source) && (source != "script" || directive == "require-trusted-types-for");
    if (source.empty() || ends_early || bare) {
        throw std::invalid_argument("content security policy: \"" + std::string(source) + "\" is no source of " +
                                    std::string(directive));
    }
}

std::string hsts_value(const StrictTransportSecurity& options) {
    auto value = "max-age=" + std::to_string(options.max_age_seconds);
    if (options.include_subdomains) value += "; includeSubDomains";
    if (options.preload) value += "; preload";
    return value;
}

// The headers of one scheme, rendered once.
Headers block_for(const SecurityHeadersOptions& options, bool secure) {
    Headers block;
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value) block.append(name, *value);
    };
    if (auto policy = options.content_security_policy) {
        if (!secure) policy->remove("upgrade-insecure-requests");
        block.append(options.policy_report_only ? "Content-Security-Policy-Report-Only" : "Content-Security-Policy",
                     policy->to_string());
    }
    add("Cross-Origin-Embedder-Policy", options.cross_origin_embedder_policy);
    add("Cross-Origin-Opener-Policy", options.cross_origin_opener_policy);
    add("Cross-Origin-Resource-Policy", options.cross_origin_resource_policy);
    add("Origin-Agent-Cluster", options.origin_agent_cluster);
    add("Permissions-Policy", options.permissions_policy);
    add("Referrer-Policy", options.referrer_policy);
    add("Reporting-Endpoints", options.reporting_endpoints);
    if (secure && options.strict_transport_security)
        block.append("Strict-Transport-Security", hsts_value(*options.strict_transport_security));
    add("X-Content-Type-Options", options.content_type_options);
    add("X-DNS-Prefetch-Control", options.dns_prefetch_control);
    add("X-Download-Options", options.download_options);
    add("X-Frame-Options", options.frame_options);
    add("X-Permitted-Cross-Domain-Policies", options.permitted_cross_domain_policies);
    add("X-XSS-Protection", options.xss_protection);
    return block;
}

// Bit n: some name has n letters. Most replies set no header of such a length, and the block is added whole.
std::uint64_t name_lengths(const Headers& headers) {
    std::uint64_t lengths = 0;
    for (const auto [name, value] : headers) lengths |= std::uint64_t{1} << std::min<std::size_t>(name.size(), 63);
    return lengths;
}

class SecurityHeadersLink {
public:
    explicit SecurityHeadersLink(const SecurityHeadersOptions& options)
        : plain_(block_for(options, false)), secure_(block_for(options, true)) {}

    async::Task<void> operator()(Context& context, Next next) const {
        context.response().before_send([this](Context& finished) {
            (finished.request().is_secure() ? secure_ : plain_).add_to(finished.response().headers());
        });
        return next(context);
    }

private:
    struct Block {
        explicit Block(Headers block) : headers(std::move(block)), lengths(name_lengths(headers)) {}

        void add_to(Headers& reply) const {
            if ((name_lengths(reply) & lengths) == 0) return reply.append_all(headers);
            for (const auto [name, value] : headers) {
                if (!reply.has(name)) reply.append(name, value);
            }
        }

        Headers headers;
        std::uint64_t lengths;
    };

    Block plain_;
    Block secure_;
};

}  // namespace

ContentSecurityPolicy ContentSecurityPolicy::defaults() {
    return ContentSecurityPolicy()
        .set("default-src", {"'self'"})
        .set("base-uri", {"'self'"})
        .set("font-src", {"'self'", "https:", "data:"})
        .set("form-action", {"'self'"})
        .set("frame-ancestors", {"'self'"})
        .set("img-src", {"'self'", "data:"})
        .set("object-src", {"'none'"})
        .set("script-src", {"'self'"})
        .set("script-src-attr", {"'none'"})
        .set("style-src", {"'self'", "https:", "'unsafe-inline'"})
        .set("upgrade-insecure-requests");
}

ContentSecurityPolicy& ContentSecurityPolicy::set(std::string_view directive,
                                                  std::initializer_list<std::string_view> sources) {
    const bool is_name =
        !directive.empty() && std::ranges::all_of(directive, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
    if (!is_name)
        throw std::invalid_argument("content security policy: \"" + std::string(directive) + "\" is no directive");
    std::string joined;
    for (const auto source : sources) {
        require_source(directive, source);
        joined.append(" ").append(source);
    }
    const auto known =
        std::ranges::find(directives_, directive, [](const auto& entry) { return std::string_view(entry.first); });
    if (known != directives_.end()) {
        known->second = std::move(joined);
    } else {
        directives_.emplace_back(directive, std::move(joined));
    }
    return *this;
}

ContentSecurityPolicy& ContentSecurityPolicy::remove(std::string_view directive) {
    std::erase_if(directives_, [&](const auto& entry) { return entry.first == directive; });
    return *this;
}

std::string ContentSecurityPolicy::to_string() const {
    std::string policy;
    bool has_default = false;
    for (const auto& [name, sources] : directives_) {
        if (!policy.empty()) policy += ';';
        policy.append(name).append(sources);
        has_default = has_default || name == "default-src";
    }
    if (!has_default)
        throw std::invalid_argument(
            "content security policy: default-src is missing; what no directive names would be allowed");
    return policy;
}

Middleware security_headers(const SecurityHeadersOptions& options) { return SecurityHeadersLink(options); }

}  // namespace http
