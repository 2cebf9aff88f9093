#pragma once
// Roster: who is present in which channel, and how many sockets follow it, over all loops of all instances. Each loop is an origin that
// tells the others what changes at it; what an origin has told goes with it. So nothing is stored anywhere: an instance that dies takes
// its members along, and a store that forgets has nothing to forget. A user is present while any origin has a socket of theirs, and
// each change of that is told once. Pure; one thread.
//
//     Roster roster;
//     for (const auto& change : roster.join("a1", "presence-room", {"u1", R"({"name":"Asha"})"})) tell(change);
//     roster.drop("b7");                                     // an instance has died: one `removed` for each who was there alone

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace realtime {

struct Member {
    std::string user_id;
    std::string info;  // JSON; "" for none
    friend bool operator==(const Member&, const Member&) = default;
};

class Roster {
public:
    struct Change {
        enum class Kind : std::uint8_t { added, removed } kind;
        std::string channel;
        Member member;
        friend bool operator==(const Change&, const Change&) = default;
    };
    using Changes = std::vector<Change>;

    // What one origin has.
    struct Seat {
        std::string channel;
        Member member;
        std::uint32_t sockets = 1;
    };
    struct Count {
        std::string channel;
        std::uint32_t sockets = 0;
    };
    struct State {
        std::vector<Seat> seats;
        std::vector<Count> counts;
    };

    // One more socket of the member. What the origin's first one says of them counts until its last has gone.
    Changes join(std::string_view origin, std::string_view channel, const Member& member);
    Changes leave(std::string_view origin, std::string_view channel, std::string_view user_id);
    // Sockets that follow a channel there; 0: none any more.
    void count(std::string_view origin, std::string_view channel, std::uint32_t sockets);

    // All that an origin has, instead of what was known of it: who is in both is not told.
    Changes replace(std::string_view origin, const State& state);
    Changes drop(std::string_view origin) { return replace(origin, {}); }
    [[nodiscard]] State state_of(std::string_view origin) const;

    [[nodiscard]] std::uint32_t sockets(std::string_view channel) const;
    [[nodiscard]] std::vector<Member> members(std::string_view channel) const;
    [[nodiscard]] std::size_t member_count(std::string_view channel) const;
    [[nodiscard]] bool has(std::string_view channel, std::string_view user_id) const;
    // Sockets of a member there, of that origin.
    [[nodiscard]] std::uint32_t sockets_of(std::string_view origin, std::string_view channel,
                                           std::string_view user_id) const;
    // Channels that somebody follows, in order, which begin with `prefix`; at most `most`.
    [[nodiscard]] std::vector<std::string> channels(std::string_view prefix, std::size_t most) const;

private:
    struct Present {
        std::string info;
        std::map<std::string, std::uint32_t, std::less<>> sockets;  // by origin
    };
    struct Channel {
        std::map<std::string, Present, std::less<>> members;
        std::map<std::string, std::uint32_t, std::less<>> counts;  // by origin
        [[nodiscard]] bool is_empty() const { return members.empty() && counts.empty(); }
    };
    using Channels = std::map<std::string, Channel, std::less<>>;

    Channel& channel_named(std::string_view name);
    void forget_if_empty(Channels::iterator channel);
    void set_sockets(Changes& changes, std::string_view origin, const Seat& seat);

    Channels channels_;
};

}  // namespace realtime
