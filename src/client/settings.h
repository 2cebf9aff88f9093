#pragma once
// What the environment says about outgoing calls. The variables that programs usually obey (http_proxy, ALL_PROXY, SSL_CERT_FILE,
// ~/.netrc) are not read: these alone are.
//
//     .settings = app::settings<client::Settings>()                         // of the module that makes the Client

#include <string>

#include "schema/schema.h"

namespace client {

struct Settings {
    std::string proxy;
    std::string ca_file;
    bool allow_loopback = false;

    friend constexpr auto describe(Settings*) {
        using schema::field;
        return schema::object<Settings>(
            "ClientSettings",
            field<&Settings::proxy>("CLIENT_PROXY",
                                    {.max_length = 500,
                                     .pattern = "(http://[^/?#]+/?)?",
                                     .defaulted = true,
                                     .write_only = true,
                                     .doc = "`http://[user:password@]host:port` through which calls to other services "
                                            "leave; not those to addresses that tenants give. `http_proxy` and its "
                                            "kind are ignored."}),
            field<&Settings::ca_file>("CLIENT_CA_FILE",
                                      {.max_length = 4096,
                                       .defaulted = true,
                                       .doc = "PEM file of the authorities that are believed, instead of the system's "
                                              "(`/etc/ssl/certs`)."}),
            field<&Settings::allow_loopback>(
                "CLIENT_ALLOW_LOOPBACK",
                {.defaulted = true,
                 .doc =
                     "Addresses that tenants give may be of this machine: for development; production refuses it."}));
    }
};

}  // namespace client
