#include "pos/modules/uploads/module.h"

#include <algorithm>

#include "pos/modules/uploads/clean_up.h"
#include "pos/modules/uploads/finishing.h"
#include "pos/modules/uploads/routes.h"

namespace pos {

namespace {

void routes(http::Routes routes) {
    upload_routes(routes);
    tus_routes(routes);
}

std::vector<db::StatementView> all_statements() {
    using namespace uploading;
    auto all = clean_up_statements();
    std::ranges::copy(db::statements(list, by_id, add, by_request, are_few, end, forget_pieces, drop_image,
                                     drop_document, claim, claimed, move, pieces_of),
                      std::back_inserter(all));
    std::ranges::copy(finishing_statements(), std::back_inserter(all));
    return all;
}

void jobs_of_uploads(app::JobHandlers handlers) {
    clean_up_jobs(handlers);
    finishing_jobs(handlers);
}

std::vector<app::Schedule> all_schedules() {
    auto all = clean_up_schedules();
    all.push_back(finishing_schedule());
    return all;
}

}  // namespace

app::Module uploads_module() {
    return {.name = "uploads",
            .doc = "Files on their way: by signed URLs into the storage, and in pieces (tus).",
            .tables = {tables::uploads.view(), tables::upload_pieces.view(), tables::file_sweeps.view()},
            .statements = all_statements(),
            .routes = routes,
            .jobs = jobs_of_uploads,
            .schedules = all_schedules(),
            .process_services = app::process_services<make_tus_place, make_pieces>(),
            .root_routes = tus_discovery};
}

}  // namespace pos
