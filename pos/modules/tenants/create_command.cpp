#include "pos/modules/tenants/create_command.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <stdexcept>

#include <fmt/format.h>

#include "app/app.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pos/modules/auth/contract.h"
#include "pos/plumbing/runtime.h"

namespace pos {

namespace {

constexpr std::string_view generate = "--generate-password";
constexpr std::string_view owner_token = "--owner-token";

// Options, and the members of a sign-up that they are.
struct SignUpOption {
    std::string_view option;
    std::string_view group;
    std::string_view name;
    std::string_view doc;
    bool is_required = false;
};
constexpr std::array members{
    SignUpOption{"--name", "tenant", "name", "Of the business", true},
    SignUpOption{"--country", "tenant", "country", "ISO 3166-1 alpha-2; KE unless given"},
    SignUpOption{"--currency", "tenant", "currency", "ISO 4217; KES unless given"},
    SignUpOption{"--time-zone", "tenant", "timeZone", "IANA name; Africa/Nairobi unless given"},
    SignUpOption{"--owner-name", "owner", "name", "Of the person who owns it", true},
    SignUpOption{"--owner-email", "owner", "email", "With which the owner signs in", true},
    SignUpOption{"--owner-phone", "owner", "phone", "Of the owner, such as +254712345678"},
    SignUpOption{"--location-code", "location", "code", "Of the first location; MAIN unless given"},
    SignUpOption{"--location-name", "location", "name", "Of the first location; Main shop unless given"},
};

std::string group_json(const app::CommandInput& input, std::string_view group, std::string more = {}) {
    for (const auto& member : members) {
        if (member.group != group || !input.has(member.option)) continue;
        if (!more.empty()) more += ',';
        more += fmt::format(R"("{}":{})", member.name, schema::to_json(input.value(member.option)));
    }
    return fmt::format(R"("{}":{{{}}})", group, more);
}

std::string sign_up_json(const app::CommandInput& input, const std::string& password) {
    const auto secret = fmt::format(R"("password":{})", schema::to_json(password));
    return fmt::format("{{{},{},{}}}", group_json(input, "tenant"), group_json(input, "owner", secret),
                       group_json(input, "location"));
}

std::string new_password(base::RandomSource& random) {
    std::array<std::uint8_t, 15> bytes{};
    random.fill(bytes);
    return base::base64url_encode(base::as_chars(bytes));
}

struct RefusedMember {
    std::optional<std::string> pointer;
    std::optional<std::string> message;

    friend constexpr auto describe(RefusedMember*) {
        return schema::object<RefusedMember>("RefusedMember", schema::field<&RefusedMember::pointer>("pointer"),
                                             schema::field<&RefusedMember::message>("message"));
    }
};

struct RefusedSignUp {
    std::string title;
    std::optional<std::string> detail;
    std::optional<std::vector<RefusedMember>> errors;

    friend constexpr auto describe(RefusedSignUp*) {
        return schema::object<RefusedSignUp>("RefusedSignUp", schema::field<&RefusedSignUp::title>("title"),
                                             schema::field<&RefusedSignUp::detail>("detail"),
                                             schema::field<&RefusedSignUp::errors>("errors"));
    }
};

// For a person at a terminal.
std::string explain(const http::InjectedResponse& reply) {
    const auto refusal = schema::parse<RefusedSignUp>(reply.body, {.lenient = true});
    if (!refusal) return fmt::format("the service answered {}", reply.status);
    auto text = refusal->title;
    if (refusal->detail) text += fmt::format(": {}", *refusal->detail);
    for (const auto& [pointer, message] : refusal->errors.value_or(std::vector<RefusedMember>{}))
        text += fmt::format("\n  {}: {}", pointer.value_or(""), message.value_or(""));
    return text;
}

// Nobody has the tokens.
async::Task<void> end_session(app::LoopHost* host, std::string access_token) {
    http::InjectedRequest request{.method = http::Method::post, .target = "/v1/auth/logout"};
    request.headers.emplace_back("Authorization", "Bearer " + access_token);
    static_cast<void>(co_await host->inject(std::move(request)));
}

// On a terminal: names may hold control characters, which would be obeyed there.
std::string shown(std::string_view name) {
    std::string text(name);
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, '?');
    return text;
}

// The same command again makes another business, which is seldom meant.
std::string about_earlier(const SignedIn& made) {
    std::string earlier;
    for (const auto& membership : made.memberships) {
        if (membership.tenant_id == made.tenant.id) continue;
        earlier += fmt::format("  {} {}\n", membership.tenant_id.to_string(), shown(membership.name));
    }
    if (earlier.empty()) return {};
    return fmt::format("mind: {} has a user already, who is now in {} businesses; before this one, in\n{}",
                       made.user.email, made.memberships.size(), earlier);
}

std::string about(const SignedIn& made) {
    return fmt::format("tenant {} {}\nowner {} {}\n", made.tenant.id.to_string(), shown(made.tenant.name),
                       made.user.id.to_string(), made.user.email);
}

// What is not written is not known to anybody: a full disk, say. The standard error stream then has the sentence.
void print(std::ostream& out, const SignedIn& made, const std::string& password_line) {
    out << about(made) << password_line << about_earlier(made) << std::flush;
    if (out) return;
    // lint: allow(thrown-type) on the command line, where it is the sentence that is shown
    throw std::runtime_error("the output cannot be written, but the tenant is made:\n" + about(made) + password_line);
}

async::Task<void> create_tenant(app::LoopHost* host, app::CommandInput input) {
    const auto& services = host->services();
    const bool generated = input.has(generate);
    const auto password = generated ? new_password(services.use<base::SecureRandom>())
                                    : app::read_secret("Password of " + input.value("--owner-email"));
    const auto key = services.use<Runtime>().new_id<TenantId>().to_string();
    http::InjectedRequest request{
        .method = http::Method::post, .target = "/v1/tenants", .headers = {}, .body = sign_up_json(input, password)};
    request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}};
    if (input.has(owner_token)) request.headers.emplace_back("Authorization", "Bearer " + input.value(owner_token));
    const auto reply = co_await host->inject(std::move(request));
    // lint: allow(thrown-type) on the command line, where it is the sentence that is shown
    if (reply.status != 201) throw std::runtime_error(explain(reply));
    const auto made = schema::parse<SignedIn>(reply.body);
    // lint: allow(thrown-type) as above
    if (!made) throw std::runtime_error("the tenant is made; the reply cannot be read");
    co_await end_session(host, made->credentials.access_token.value_or(""));
    print(*input.out, *made, generated ? fmt::format("password {}\n", password) : std::string());
}

}  // namespace

app::OwnCommand create_tenant_command() {
    app::OwnCommand command{.group = "tenants",
                            .name = "create",
                            .doc = "Make a business and its owner; the password is read from the standard input",
                            .options = {},
                            // Whoever may start this may sign up, as often as it takes.
                            .settings = {{"SIGN_UP", "open"}, {"RATE_LIMITS", "off"}},
                            .run = create_tenant};
    for (const auto& member : members) {
        command.options.push_back(
            {.name = std::string(member.option), .doc = std::string(member.doc), .is_required = member.is_required});
    }
    command.options.push_back({.name = std::string(owner_token),
                               .doc = "Access token of the owner, who has an account with a second factor",
                               .is_required = false,
                               .is_flag = false});
    command.options.push_back({.name = std::string(generate),
                               .doc = "Make the password and print it, this once",
                               .is_required = false,
                               .is_flag = true});
    return command;
}

}  // namespace pos
