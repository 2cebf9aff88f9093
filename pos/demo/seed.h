#pragma once
// The demo shop of `backend-api dev`: people of every role, some 200 variants with barcodes and prices in KES, stock, and a till.
// It is made through the API itself, so that it is what a client could have made. Repeatable: a shop that is there stays.
//
//     auto logins = co_await demo::seed(parts);

#include "app/app.h"

namespace pos::demo {

[[nodiscard]] async::Task<std::vector<app::DemoLogin>> seed(const app::LoopParts& parts);

}  // namespace pos::demo
