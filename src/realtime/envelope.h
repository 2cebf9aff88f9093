#pragma once
// What hubs tell each other. Private to the library.

#include <cstdint>
#include <string>
#include <vector>

#include "schema/schema.h"

namespace realtime::detail {

// One change of a roster: sockets of a member, or of all that follow a channel (without a user).
struct RosterLine {
    std::string channel;
    std::string user_id;
    std::string info;
    std::int64_t sockets = 0;

    friend constexpr auto describe(RosterLine*) {
        using schema::field;
        return schema::object<RosterLine>(
            "RosterLine", field<&RosterLine::channel>("c"), field<&RosterLine::user_id>("u", {.defaulted = true}),
            field<&RosterLine::info>("i", {.defaulted = true}), field<&RosterLine::sockets>("n", {.defaulted = true}));
    }
};

// Above all that may be published (10 kB of an app, what a poke lists): a message that is not read is lost.
inline constexpr std::uint32_t longest_bus_data = std::uint32_t{1} << 20U;

struct Envelope {
    std::string kind;  // "msg", "beat", "ops", "ask", "state", "bye", "cmd"
    std::string process;
    std::string origin;        // the loop
    std::int64_t number = 0;   // of a msg; of a beat: the last one's
    std::int64_t before = 0;   // the number of the one before it; -1: that did not leave
    std::int64_t version = 0;  // of the roster
    std::string channel;       // of a cmd: its name; of an ask: whose roster
    std::string event;
    std::string data;
    std::string except;
    std::string user_id;
    bool data_is_json = false;
    std::vector<RosterLine> lines;

    friend constexpr auto describe(Envelope*) {
        using schema::field;
        return schema::object<Envelope>(
            "Envelope", field<&Envelope::kind>("k"), field<&Envelope::process>("pr"), field<&Envelope::origin>("o"),
            field<&Envelope::number>("n", {.defaulted = true}), field<&Envelope::before>("b", {.defaulted = true}),
            field<&Envelope::version>("v", {.defaulted = true}), field<&Envelope::channel>("c", {.defaulted = true}),
            field<&Envelope::event>("e", {.defaulted = true}),
            field<&Envelope::data>("d", {.max_length = longest_bus_data, .defaulted = true}),
            field<&Envelope::except>("x", {.defaulted = true}), field<&Envelope::user_id>("u", {.defaulted = true}),
            field<&Envelope::data_is_json>("j", {.defaulted = true}),
            field<&Envelope::lines>("l", {.max_items = 1'000'000, .defaulted = true}));
    }
};

}  // namespace realtime::detail
