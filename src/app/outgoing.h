#pragma once
// The module that calls other services: each loop's client::Client, and its settings CLIENT_*. A service that calls nobody leaves it
// out of its list.
//
//     .modules = {app::outgoing(), geocoding()}
//
//     async::Task<Place> find(http::Query<Search> search, http::Service<client::Client> http, …);      // in any module

#include "app/module.h"

namespace app {

[[nodiscard]] Module outgoing();

}  // namespace app
