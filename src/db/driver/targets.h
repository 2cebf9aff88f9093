#pragma once
// What a connection is opened with, and where it may go to: the hosts of a URL, as libpq reads them, and the addresses that
// their names have. Pure functions.
//
//     auto parameters = connect_parameters(options, "write", std::chrono::seconds(5), Kind::write);
//     auto targets = targets_of(parameters);                  // takes host, hostaddr and port out of them
//     if (targets[0].needs_lookup()) ...

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "db/database.h"

namespace db::detail {

// Keywords and values for PQconnectStartParams.
using ConnectParameters = std::vector<std::pair<std::string, std::string>>;

// The URL with what every connection needs on top; of a pooler, what belongs to no session.
[[nodiscard]] ConnectParameters connect_parameters(const Options& options, std::string_view label,
                                                   async::Milliseconds statement_timeout, Kind kind);
// Past a pooler.
[[nodiscard]] ConnectParameters direct_parameters(const Options& options, std::string_view label,
                                                  async::Milliseconds statement_timeout, Kind kind);

struct HostTarget {
    std::string host;     // as the user wrote it: TLS and the password file go by this name
    std::string address;  // hostaddr
    std::string port;

    // Neither a socket's directory nor an address.
    [[nodiscard]] bool needs_lookup() const;
};

// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS. Empty when there is nothing to look up, or when
// the lists do not match, which libpq explains best: then the parameters stay as they are.
[[nodiscard]] std::vector<HostTarget> targets_of(ConnectParameters& parameters);
// The target at each of these addresses, in their order.
[[nodiscard]] std::vector<HostTarget> at_addresses(const HostTarget& target, const std::vector<std::string>& addresses);

}  // namespace db::detail
