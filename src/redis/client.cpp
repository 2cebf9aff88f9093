#include "redis/client.h"

#include <stdexcept>
#include <utility>

#include "redis/client_state.h"

namespace redis {

namespace {

using detail::ClientState;
using detail::Request;
using State = std::shared_ptr<ClientState>;

async::SteadyTime deadline_of(const ClientState& state, std::span<const Command> commands) {
    auto time = state.options().command_timeout;
    for (const auto& command : commands) time += command.block_time();
    return async::Loop::now() + time;
}

// The state is an argument everywhere below: a task may outlive the Client that made it.

async::Task<Reply> run_one(State state, Command command, async::SteadyTime deadline) {
    Reply reply;
    co_await Request(*state, deadline, std::span(&command, 1), std::span(&reply, 1));
    if (reply->is_error()) throw Refused(command.label(), reply->text());
    co_return std::move(reply);
}

async::Task<std::vector<Reply>> run_all(State state, std::vector<Command> commands, Request::Form form,
                                        async::SteadyTime deadline) {
    std::vector<Reply> replies(commands.size());
    if (!commands.empty()) co_await Request(*state, deadline, commands, replies, form);
    co_return std::move(replies);
}

Command script_command(const Script& script, bool by_hash, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments) {
    if (script.keys != 0 && script.keys != keys.size())
        throw std::invalid_argument("the script " + std::string(script.name) + " takes other keys");
    return Command(by_hash ? "EVALSHA" : "EVAL")
        .add(by_hash ? std::string_view(script.sha1) : script.text)
        .add(keys.size())
        .add_all(keys)
        .add_all(arguments)
        .labelled(script.name)
        .within(script.span);
}

async::Task<Reply> run_script(State state, Script script, std::vector<std::string> keys,
                              std::vector<std::string> arguments, bool repeatable, async::SteadyTime deadline) {
    auto command = script_command(script, true, keys, arguments).repeatable(repeatable);
    Reply reply;
    co_await Request(*state, deadline, std::span(&command, 1), std::span(&reply, 1));
    if (reply->is_error() && reply->text().starts_with("NOSCRIPT")) {
        command = script_command(script, false, keys, arguments).repeatable(repeatable);
        co_await Request(*state, deadline, std::span(&command, 1), std::span(&reply, 1));
    }
    if (reply->is_error()) throw Refused(script.name, reply->text());
    co_return std::move(reply);
}

async::Task<void> load_scripts(State state, std::vector<Script> scripts) {
    std::vector<Command> commands;
    for (const auto& script : scripts) commands.push_back(Command("SCRIPT").add("LOAD").add(script.text).repeatable());
    const auto deadline = deadline_of(*state, commands);
    const auto replies = co_await run_all(state, std::move(commands), Request::Form::plain, deadline);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        if (replies[i]->is_error()) throw Refused(scripts[i].name, replies[i]->text());
        if (replies[i]->text() != scripts[i].sha1)
            throw std::invalid_argument("the SHA-1 of the script " + std::string(scripts[i].name) + " is wrong");
    }
}

// By a write: a server that is out of memory, read-only or cannot save answers a PING as ever. And by a script, which a user may
// be denied, and which all else here needs.
async::Task<Readiness> is_ready(State state, async::SteadyTime deadline) {
    std::vector<Command> probe;
    probe.push_back(Command("SET").add(state->options().probe_key).add(1).add("PX").add(1'000).repeatable());
    probe.push_back(Command("EVAL").add("return 1").add(0).repeatable());
    try {
        const auto replies = co_await run_all(state, std::move(probe), Request::Form::plain, deadline);
        for (const auto& reply : replies) {
            if (reply->is_error()) co_return Readiness{false, std::string(reply->text())};
        }
    } catch (const base::Failure&) {
        // Of a connection that stands it is only known that it is slow: what ailed Redis before may be over.
        auto cause = state->is_up() ? std::string() : state->last_cause();
        co_return Readiness{false, is_error_reply(cause) ? std::move(cause) : std::string()};
    }
    state->end_trouble();
    co_return Readiness{};
}

async::Task<void> drain(State state, async::SteadyTime deadline) {
    state->refuse_new_work();
    if (!state->is_idle()) {
        async::Timer late(state->loop(), [state] { state->idle().set(); });
        late.expires_at(deadline);
        co_await state->idle();
    }
    state->shutdown();
}

}  // namespace

Client::Client(async::Loop& loop, Options options, const logging::Logger& logger, observe::Metrics& metrics)
    : state_(std::make_shared<ClientState>(loop, std::move(options), logger, metrics)) {
    state_->open();
}

Client::~Client() { state_->shutdown(); }

async::Task<Reply> Client::run(Command command) {
    const auto deadline = deadline_of(*state_, std::span(&command, 1));
    return run_one(state_, std::move(command), deadline);
}

async::Task<Reply> Client::run(Command command, async::SteadyTime deadline) {
    return run_one(state_, std::move(command), deadline);
}

async::Task<std::vector<Reply>> Client::pipeline(std::vector<Command> commands) {
    const auto deadline = deadline_of(*state_, commands);
    return pipeline(std::move(commands), deadline);
}

async::Task<std::vector<Reply>> Client::pipeline(std::vector<Command> commands, async::SteadyTime deadline) {
    return run_all(state_, std::move(commands), Request::Form::plain, deadline);
}

async::Task<std::vector<Reply>> Client::transaction(std::vector<Command> commands) {
    const auto deadline = deadline_of(*state_, commands);
    return run_all(state_, std::move(commands), Request::Form::transaction, deadline);
}

async::Task<Reply> Client::eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments,
                                bool repeatable) {
    const auto deadline = deadline_of(*state_, {});
    return run_script(state_, std::move(script), std::move(keys), std::move(arguments), repeatable, deadline);
}

async::Task<Reply> Client::eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments,
                                bool repeatable, async::SteadyTime deadline) {
    return run_script(state_, std::move(script), std::move(keys), std::move(arguments), repeatable, deadline);
}

Command Client::eval_command(const Script& script, const std::vector<std::string>& keys,
                             const std::vector<std::string>& arguments) {
    return script_command(script, true, keys, arguments);
}

async::Task<void> Client::load(std::vector<Script> scripts) { return load_scripts(state_, std::move(scripts)); }

async::Task<Readiness> Client::ready(async::SteadyTime deadline) { return is_ready(state_, deadline); }

std::optional<Trouble> Client::trouble() const { return state_->trouble(); }

void Client::on_reconnect(std::function<void()> callback) { state_->on_reconnect(std::move(callback)); }

void Client::reset() { state_->drop("reset by its user"); }

async::Task<void> Client::close(async::SteadyTime deadline) { return drain(state_, deadline); }

bool Client::is_connected() const noexcept { return state_->is_up(); }

async::Loop& Client::loop() const noexcept { return state_->loop(); }

const Options& Client::options() const noexcept { return state_->options(); }

}  // namespace redis
