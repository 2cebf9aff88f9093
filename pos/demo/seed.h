#pragma once
// The demo shop of `backend-api dev`: people of every role, some 200 variants with barcodes and prices in KES, stock, and a till.
// It is made through the API itself, so that it is what a client could have made. Repeatable: what is there stays, and what an
// interrupted run left out is added.
//
//     co_await demo::seed(parts);

#include "app/app.h"

namespace pos::demo {

[[nodiscard]] async::Task<void> seed(app::LoopParts parts);

[[nodiscard]] std::vector<app::DemoLogin> logins();

}  // namespace pos::demo
