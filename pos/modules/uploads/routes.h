#pragma once
// The parts of the module.

#include "app/schedule.h"
#include "http/handler.h"
#include "pos/modules/files/stored_files.h"
#include "pos/modules/uploads/tus_rows.h"

namespace pos {

void upload_routes(http::Routes routes);
void tus_routes(http::Routes routes);
// OPTIONS, which needs no caller.
void tus_discovery(http::Router& router);

// Of the process.
struct TusPlace {
    std::string location;  // of uploads: "https://api.example/v1/uploads/tus"; "": the path of the request
    uploads::tus::Options options;
};
[[nodiscard]] std::unique_ptr<TusPlace> make_tus_place(const FileSettings& settings, const app::Settings& app);
[[nodiscard]] std::unique_ptr<uploads::Pieces> make_pieces(FilePool& pool, const FileSettings& settings);

// What uploads are completed with, as a handler's part.
struct UploadTools {
    UploadParts parts;

    static UploadTools read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

}  // namespace pos
