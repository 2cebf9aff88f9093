#include "redis/greeting.h"

#include "redis/command.h"

namespace redis::detail {

namespace {

bool has_prefix(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == ' ');
}

// Redis before 6 does not know the command, and a later one may refuse the version.
bool knows_no_hello(std::string_view error) {
    return has_prefix(error, "NOPROTO") || error.starts_with("ERR unknown command");
}

bool is_not_ready_yet(std::string_view error) {
    return has_prefix(error, "LOADING") || has_prefix(error, "MASTERDOWN") || has_prefix(error, "BUSY");
}

}  // namespace

Greeting::Greeting(const Endpoint& endpoint, const Settings& settings)
    : username_(endpoint.username),
      password_(endpoint.password),
      database_(endpoint.database),
      settings_(settings),
      stage_(Stage::hello) {
    if (!settings_.resp3) advance();
}

std::string Greeting::request() const {
    Command command("PING");
    switch (stage_) {
        case Stage::hello:
            command = Command("HELLO").add(3);
            if (has_credentials()) {
                command.add("AUTH").add(username_.empty() ? std::string_view("default") : username_).add(password_);
            }
            if (!settings_.connection_name.empty()) command.add("SETNAME").add(settings_.connection_name);
            break;
        case Stage::authenticate:
            command = Command("AUTH");
            if (!username_.empty()) command.add(username_);
            command.add(password_);
            break;
        case Stage::name: command = Command("CLIENT").add("SETNAME").add(settings_.connection_name); break;
        case Stage::select: command = Command("SELECT").add(database_); break;
        case Stage::ping: break;
    }
    std::string bytes;
    command.encode(bytes);
    return bytes;
}

bool Greeting::applies(Stage stage) const noexcept {
    switch (stage) {
        case Stage::authenticate: return !greeted_ && has_credentials();
        case Stage::name: return !greeted_ && !settings_.connection_name.empty();
        case Stage::select: return database_ != 0;
        default: return true;
    }
}

Greeting::Next Greeting::advance() {
    do {
        stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
    } while (!applies(stage_));
    return Next::send;
}

Greeting::Next Greeting::fail(std::string_view text) {
    cause_ = text;
    return Next::fail;
}

Greeting::Next Greeting::on_reply(const Reply& reply) {
    const auto error = reply->is_error() ? reply->text() : std::string_view();
    if (stage_ == Stage::ping) {
        if (is_not_ready_yet(error)) {
            cause_ = error;
            return Next::wait;
        }
        if (has_prefix(error, "NOAUTH")) return fail(error);
        // Any other answer is one, even that PING is not permitted.
        return Next::ready;
    }
    if (stage_ == Stage::hello) {
        greeted_ = error.empty();
        if (!greeted_ && !knows_no_hello(error)) return fail(error);
        return advance();
    }
    if (!error.empty()) return fail(error);
    return advance();
}

}  // namespace redis::detail
