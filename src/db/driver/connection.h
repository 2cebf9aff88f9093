#pragma once
// Connection: a Link in pipeline mode. Keeps the order of what was sent (the flight), gives each reply to whom it belongs, and
// knows which statements are prepared on it. It knows nothing of pools but its owner's two callbacks.
//
//     connection.send(exchange);      // its statements; a point read shares the next sync() with its neighbours
//     connection.sync();              // ends the implicit transaction and sends everything

#include <cstdint>
#include <string>
#include <vector>

#include "db/driver/exchange.h"
#include "db/driver/link.h"

namespace db::detail {

class Pool;

class Connection final : public Link {
public:
    Connection(DatabaseState& state, Pool& pool);
    ~Connection() override;

    // `in_scope`: the exchange before it, in the same group, is of the same tenant.
    void send(Exchange& exchange, bool in_scope = false);
    void sync(Exchange* exchange = nullptr);
    // The task is gone: its replies will be read and dropped, within the grace or at the cost of the connection.
    void abandon(const Exchange& exchange);

    [[nodiscard]] std::size_t syncs_in_flight() const noexcept { return syncs_; }
    [[nodiscard]] bool has_flight() const noexcept { return first_ != flight_.size(); }
    [[nodiscard]] bool is_idle_outside_transaction() const;
    // Tells everybody in flight that the replies will not come.
    void fail_flight(const std::string& cause);
    // Ends whatever transaction was left open.
    void send_rollback();
    [[nodiscard]] async::SteadyTime connected_at() const noexcept { return connected_at_; }

    // Why the server takes no writes, in its own words; empty: nothing is known against it.
    [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }
    void refuse(std::string why) { refusal_ = std::move(why); }

    // The lease pool's notes: lent out (or being cleaned), given back with replies still to come, to whom last and when.
    bool leased = false;
    bool draining = false;
    std::optional<base::Uuid> holder;
    std::uint64_t lent = 0;

private:
    enum class Step : std::uint8_t { prepare, scope, control, commit, execute, sync };
    struct Expected {
        Step step;
        bool answered = false;
        std::uint16_t version = 0;
        std::uint32_t statement = 0;
        std::uint32_t position = 0;
        Exchange* exchange = nullptr;
    };
    // Parse survives the rollback of its transaction, but not an error ahead of it. After each loss a new name is used, so
    // that late errors about the old one are told apart and "already exists" cannot happen.
    struct Prepared {
        bool present = false;  // or on its way, earlier in the pipeline
        std::uint16_t version = 0;
        std::string name;
    };

    void on_connected() override;
    void on_readable() override;
    void on_lost(const std::string& cause) override;

    void send_control(const char* sql, Exchange* exchange, Step step);
    void send_scope(Exchange& exchange, base::Uuid tenant);
    void send_call(Exchange& exchange, std::uint32_t position);
    void send_cursor(Exchange& exchange);
    // Parsed for this once, without a name.
    [[nodiscard]] bool is_unnamed(const Exchange& exchange) const;
    void send_unnamed(const std::string& sql, const Parameters& parameters, std::span<const std::uint32_t> types);
    void put_parameters(const Parameters& parameters);
    Prepared& prepare(const Statement& statement, std::uint32_t index, Expected expected);
    void push(Expected expected);
    void check_sent(int sent);

    [[nodiscard]] Expected& front() { return flight_[first_]; }
    void pop();
    void take(PGresult* raw);
    void take_sync();
    void take_ok(Expected& expected, Result result);
    void take_error(Expected& expected, const PGresult* raw);
    void take_read_only(ErrorFields& fields, const Exchange* exchange);
    void take_aborted(Expected& expected);
    void invalidate(const Expected& expected);
    void check_grace();

    DatabaseState& state_;
    Pool& pool_;
    std::vector<Prepared> prepared_;
    std::vector<Expected> flight_;  // from first_ on; compacted as it is used up
    std::size_t first_ = 0;
    std::size_t syncs_ = 0;
    std::uint64_t pushed_ = 0;
    std::uint64_t popped_ = 0;
    // Replies up to these numbers belong to nobody.
    std::uint64_t grace_mark_ = 0;
    std::uint64_t abandoned_mark_ = 0;
    async::Timer grace_;
    bool send_failed_ = false;
    std::string refusal_;
    async::SteadyTime connected_at_{};
    // Reused for the arrays that libpq wants.
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

[[nodiscard]] ErrorFields error_fields(const PGresult* result, std::string_view statement);

}  // namespace db::detail
