#include <utility>

#include "base/strings.h"
#include "redis/options.h"

namespace redis {

namespace {

// What is read of a URL so far. Faults never quote it: it may hold a password.
struct UrlReader {
    std::string_view rest;
    Endpoint endpoint;
    std::string fault;

    bool fail(std::string_view what) {
        fault = what;
        return false;
    }

    bool read_scheme() {
        if (rest.starts_with("unix://")) {
            rest.remove_prefix(7);
            endpoint.path = "/";
        } else if (rest.starts_with("rediss://")) {
            rest.remove_prefix(9);
            endpoint.tls = true;
        } else if (rest.starts_with("redis://")) {
            rest.remove_prefix(8);
        } else {
            return fail("a Redis URL begins with redis://, rediss:// or unix://");
        }
        return true;
    }

    bool read_user() {
        const auto authority = rest.substr(0, rest.find_first_of("/?"));
        // The last one: passwords are written unescaped more often than they should.
        const auto at = authority.rfind('@');
        const bool is_file = !endpoint.path.empty();  // whose name may have an `@`
        if (!is_file && rest.substr(authority.size(), rest.find('?') - authority.size()).contains('@'))
            return fail("a Redis URL has an @ behind its host: percent-encode a / of the password (%2F)");
        if (at == std::string_view::npos) return true;
        const auto user = authority.substr(0, at);
        const auto colon = user.find(':');
        const auto name = base::percent_decode(user.substr(0, colon));
        const auto password =
            base::percent_decode(colon == std::string_view::npos ? std::string_view() : user.substr(colon + 1));
        if (!name || !password)
            return fail("the user or password of a Redis URL is not percent-encoded (a % itself is %25)");
        endpoint.username = *name;
        endpoint.password = *password;
        rest.remove_prefix(at + 1);
        return true;
    }

    bool read_host() {
        auto authority = rest.substr(0, rest.find_first_of("/?"));
        rest.remove_prefix(authority.size());
        std::string_view host;
        if (authority.starts_with('[')) {
            const auto close = authority.find(']');
            if (close == std::string_view::npos) return fail("the host of a Redis URL lacks its ']'");
            host = authority.substr(1, close - 1);
            authority.remove_prefix(close + 1);
        } else {
            host = authority.substr(0, authority.find(':'));
            authority.remove_prefix(host.size());
        }
        if (!host.empty()) endpoint.host = host;
        if (authority.empty()) return true;
        const auto port = base::parse_integer<std::uint16_t>(authority.substr(1));
        if (authority[0] != ':' || !port || *port == 0)
            return fail(
                "the port of a Redis URL is no number up to 65535; percent-encode a ? or a : of the password (%3F, "
                "%3A)");
        endpoint.port = *port;
        return true;
    }

    bool read_database(std::string_view text) {
        const auto database = base::parse_integer<std::int32_t>(text);
        if (!database || *database < 0) return fail("the database of a Redis URL is no number");
        endpoint.database = *database;
        return true;
    }

    bool read_path() {
        const auto path = rest.substr(0, rest.find('?'));
        rest.remove_prefix(path.size());
        if (endpoint.path.empty()) return path.size() <= 1 || read_database(path.substr(1));
        const auto decoded = base::percent_decode(path);
        if (!decoded || !decoded->starts_with('/') || decoded->size() < 2 || decoded->contains('\0'))
            return fail("a unix:// URL needs the path of a socket");
        endpoint.path = *decoded;
        return true;
    }

    bool read_option(std::string_view option) {
        const auto name = option.substr(0, option.find('='));
        const auto value = base::percent_decode(name.size() < option.size() ? option.substr(name.size() + 1) : "");
        if (!value) return fail("an option of a Redis URL is not percent-encoded");
        if (name == "db") return read_database(*value);
        if (name == "ca" && endpoint.tls) {
            endpoint.tls_authority_file = *value;
            return true;
        }
        if (name == "verify" && endpoint.tls && (*value == "yes" || *value == "no")) {
            endpoint.tls_verify = *value == "yes";
            return true;
        }
        return fail("the options of a Redis URL are db, and with rediss:// ca and verify (yes or no)");
    }

    bool read_options() {
        if (rest.empty()) return true;
        for (const auto option : base::split(rest.substr(1), '&')) {
            if (!read_option(option)) return false;
        }
        return true;
    }
};

class FixedEndpoint final : public EndpointSource {
public:
    explicit FixedEndpoint(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
    async::Task<Endpoint> next(async::SteadyTime) override { co_return endpoint_; }

private:
    Endpoint endpoint_;
};

}  // namespace

std::expected<Endpoint, std::string> parse_url(std::string_view url) {
    if (base::trim(url).size() != url.size())
        return std::unexpected("a Redis URL has no white space at its beginning or end");
    UrlReader reader{.rest = url, .endpoint = {}, .fault = {}};
    const bool read = reader.read_scheme() && reader.read_user() &&
                      (!reader.endpoint.path.empty() || reader.read_host()) && reader.read_path() &&
                      reader.read_options();
    if (!read) return std::unexpected(std::move(reader.fault));
    return std::move(reader.endpoint);
}

std::shared_ptr<EndpointSource> fixed_endpoint(Endpoint endpoint) {
    return std::make_shared<FixedEndpoint>(std::move(endpoint));
}

}  // namespace redis
