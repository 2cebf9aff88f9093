// A UrlGuard for tests/e2e/url-guard.test.ts, driven by lines of JSON:
//
//     {"visits":[{"check":"https://a.example/"},{"redirect":"/x"}],"answers":{"a.example":[["93.184.216.34"],["10.0.0.1"]]}}
//     [{"url":"https://a.example/","host":"a.example","port":443,"addresses":["93.184.216.34"]},{"code":"url.no_public_address",...}]
//
// A visit that is refused is the last. `answers` are the name servers: each time that a name is asked for its next answer, the last
// for ever; [] for a name that has none, null for name servers that say nothing; "*" is any other name. "httpPorts":[80] calls http, too.
//
// "hole" makes a guard that leaks, for the test to notice: "10.0.0.0/8" (a network of special_range.h) leaves it out;
// "first-address" judges one address of each answer, and calls all; "asks-again" calls what the name servers say a moment later;
// "redirects" follows them unjudged. --ranges prints the networks.

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "client/guard.h"
#include "client/special_range.h"
#include "schema/schema.h"

namespace {

namespace dom = simdjson::dom;

std::string hole;  // of the line that is being answered

}  // namespace

// The linker puts the second in the first one's place (--wrap in CMakeLists.txt): the library is the one that is shipped.
const client::SpecialRange* real_special_range(std::string_view address) asm("__real_" SPECIAL_RANGE_SYMBOL);
const client::SpecialRange* holed_special_range(std::string_view address) asm("__wrap_" SPECIAL_RANGE_SYMBOL);

const client::SpecialRange* holed_special_range(std::string_view address) {
    const auto* range = real_special_range(address);
    return range != nullptr && hole == range->network ? nullptr : range;
}

namespace {

// One visit after the other asks it; its threads never run at once.
struct NameServers {
    struct Name {
        std::vector<async::Resolution> answers;
        std::size_t asked = 0;

        [[nodiscard]] const async::Resolution& last() const { return answers.at(std::min(asked, answers.size()) - 1); }
    };
    std::map<std::string, Name> names;

    async::Resolution answer(const std::string& asked) {
        auto found = names.find(asked.substr(0, asked.size() - 1));
        if (found == names.end()) found = names.find("*");
        if (!asked.ends_with('.') || found == names.end()) return {{}, "no such host"};
        auto& name = found->second;
        ++name.asked;
        return name.last();
    }
};

NameServers read_names(dom::object answers) {
    NameServers servers;
    for (const auto [host, list] : answers) {
        auto& name = servers.names[std::string(host)];
        for (const auto answer : list.get_array()) {
            async::Resolution resolution{{}, "no such host", answer.is_null()};
            if (!answer.is_null()) {
                for (const auto address : answer.get_array()) {
                    resolution.addresses.emplace_back(std::string_view(address));
                }
            }
            name.answers.push_back(std::move(resolution));
        }
    }
    return servers;
}

std::string member(std::string_view name, std::string_view value) {
    std::string json = "\"" + std::string(name) + "\":";
    schema::write_json_string(value, json);
    return json;
}

// What is called in the end.
std::string called(std::string_view url, std::string_view host, std::uint16_t port,
                   const std::vector<std::string>& addresses) {
    std::string json = "{" + member("url", url) + "," + member("host", host) + ",\"port\":" + std::to_string(port);
    json += ",\"addresses\":[";
    for (const auto& address : addresses) {
        if (json.back() != '[') json.push_back(',');
        schema::write_json_string(address, json);
    }
    return json + "]}";
}

std::string refused(const client::UrlRefusal& refusal) {
    return "{" + member("code", refusal.code.code) + "," + member("detail", refusal.detail) + "," +
           member("cause", refusal.cause) + "}";
}

class Session {
public:
    Session(NameServers servers, client::UrlRules rules)
        : servers_(std::make_shared<NameServers>(std::move(servers))), rules_(std::move(rules)) {}

    // The object of one visit, and whether there is another.
    std::pair<std::string, bool> visit(dom::element visit) {
        std::string_view text;
        const bool is_redirect = visit["redirect"].get(text) == simdjson::SUCCESS;
        if (is_redirect && hole == "redirects") return {follow_unjudged(text), true};
        if (!is_redirect) text = visit["check"];
        async::Resolver resolver(loop_, [servers = servers_](const std::string& host) {
            auto found = servers->answer(host);
            if (hole == "first-address" && found.addresses.size() > 1) found.addresses.resize(1);
            return found;
        });
        const client::UrlGuard guard(resolver, rules_);
        const auto deadline = async::Loop::now() + std::chrono::hours(1);
        const auto verdict =
            async::run_until_done(loop_, is_redirect ? guard.check_redirect(last_.value(), std::string(text), deadline)
                                                     : guard.check(std::string(text), deadline));
        if (!verdict) return {refused(verdict.error()), false};
        last_ = *verdict;
        return {called(verdict->url(), verdict->host(), verdict->port(), addresses_of(*verdict)), true};
    }

private:
    std::vector<std::string> addresses_of(const client::CheckedUrl& checked) {
        const auto name = servers_->names.find(checked.host());
        if (name == servers_->names.end()) return checked.addresses();
        if (hole == "asks-again") return servers_->answer(checked.host() + ".").addresses;
        if (hole == "first-address") return name->second.last().addresses;
        return checked.addresses();
    }
    std::string follow_unjudged(std::string_view location) {
        const auto plain = client::plain_location(last_.value().url(), location);
        if (!plain) return refused(plain.error());
        const auto addresses =
            plain->address ? std::vector{*plain->address} : servers_->answer(plain->host + ".").addresses;
        return called(plain->url, plain->host, plain->port, addresses);
    }

    async::Loop loop_;
    std::shared_ptr<NameServers> servers_;
    client::UrlRules rules_;
    std::optional<client::CheckedUrl> last_;
};

std::string answer(const std::string& line) {
    dom::parser parser;
    const dom::element request = parser.parse(line);
    std::string_view wanted;
    hole = request["hole"].get(wanted) == simdjson::SUCCESS ? wanted : "";
    client::UrlRules rules;
    dom::array ports;
    if (request["httpPorts"].get(ports) == simdjson::SUCCESS) {
        for (const auto port : ports) rules.http_ports.push_back(static_cast<std::uint16_t>(std::uint64_t(port)));
    }
    dom::object answers;
    const bool has_names = request["answers"].get(answers) == simdjson::SUCCESS;
    Session session(has_names ? read_names(answers) : NameServers{}, rules);
    std::string json = "[";
    for (const auto visit : request["visits"].get_array()) {
        const auto result = session.visit(visit);
        if (json.size() > 1) json.push_back(',');
        json += result.first;
        if (!result.second) break;
    }
    return json + "]";
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string_view(arguments[1]) == "--ranges") {
        for (const auto& range : client::special_ranges) std::cout << range.network << '\n';
        return 0;
    }
    for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << '\n';
}
