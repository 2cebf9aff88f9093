#pragma once
// Resumable uploads: the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload) with Creation, Creation With Upload,
// Termination, Expiration and Checksum. Parts and results of typed routes, and the steps between them over Rows and Pieces; the
// service brings the rows and mounts the routes. One connection sends, dies, and another goes on where the bytes are durable.
//
//     async::Task<tus::Created> create(Permitted<"files.write"> caller, tus::Creation creation, db::Db db,
//                                      http::Service<uploads::Pieces> pieces) {
//         MyRows rows(db, *caller);                                         // lives as long as this handler
//         co_return co_await tus::create(std::move(creation), runtime->new_id…, {&rows, &*pieces, tus_options});
//     }
//     async::Task<tus::Offset> show(…, http::Path<"id", base::Uuid> id, tus::Resumable tus, db::Db db, …) {
//         co_return co_await tus::show(tus, *id, {&rows, &*pieces, tus_options});
//     }
//     async::Task<tus::Appended> append(…, http::Path<"id", base::Uuid> id, tus::Append append, db::Db db, …) {
//         co_return co_await tus::append(std::move(append), *id, {&rows, &*pieces, tus_options});
//     }
//     async::Task<http::NoContent> remove(…, http::Path<"id", base::Uuid> id, tus::Resumable tus, db::Db db, …) {
//         co_await tus::terminate(tus, *id, {&rows, &*pieces, tus_options});
//         co_return http::NoContent{};
//     }
//     routes.post("/uploads/tus", create, {.options = tus::append_options(tus_options)});
//     routes.get("/uploads/tus/{id}", show);                                 // answers HEAD, which is what clients send
//     routes.patch("/uploads/tus/{id}", append, {.options = tus::append_options(tus_options)});
//     routes.post("/uploads/tus/{id}", append, …);                           // with X-HTTP-Method-Override: PATCH
//     routes.del("/uploads/tus/{id}", remove);
//     tus::discovery(group, "/uploads/tus", tus_options);                     // OPTIONS
//
// Two requests at one offset: the one that claims last goes on, the other one gets 423, or 409 with the true Upload-Offset where
// bytes have become durable meanwhile. HEAD claims too, so that what it says stays true until the client goes on. Bytes become
// durable, and the row says so, each commit_bytes and each commit_time, and with what had arrived when a connection breaks. With
// Upload-Checksum they do at the end, or not at all. An upload is whole when its last byte is (at creation, when its length is 0):
// then Rows::finish() runs, before the client hears it. `Location` is a path, or Options::location. Every reply has Tus-Resumable.
// Loop's thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/hasher.h"
#include "http/handler.h"
#include "uploads/errors.h"
#include "uploads/metadata.h"
#include "uploads/pieces.h"
#include "uploads/rows.h"

namespace uploads::tus {

inline constexpr std::string_view version = "1.0.0";
inline constexpr std::string_view extensions = "creation,creation-with-upload,termination,expiration,checksum";
inline constexpr std::string_view checksum_algorithms = "sha1,sha256,sha512";

struct Options {
    std::uint64_t most_bytes = std::uint64_t{1} << 30U;  // of an upload
    std::chrono::hours lifetime{24};                     // from the last progress on
    std::uint64_t commit_bytes = std::uint64_t{4} << 20U;
    std::chrono::milliseconds commit_time{1000};
    // Of Location, where a proxy takes a prefix away or browsers reach another host: "https://api.example/v1/uploads/tus". "": the
    // path of the request. Nothing of it is ever made from Host or forwarding headers.
    std::string_view location{};
    // More pieces than these, and one for each so many bytes of the upload, are refused.
    std::uint64_t pieces_anyway = 1'000;
    std::uint64_t least_piece = std::uint64_t{256} << 10U;
};

struct To {
    Rows* rows;
    Pieces* pieces;
    Options options;
    const base::Clock* clock = &base::system_clock();
};

// Body limit of one request, and time for it.
[[nodiscard]] http::RouteOptions append_options(const Options& options);

// ---- Parts --------------------------------------------------------------------------------------------------------
// Each throws 412 tus.version without `Tus-Resumable: 1.0.0`, and has the reply say what is spoken here.

struct Resumable {
    http::Context* context;

    static Resumable read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

struct Checksum {
    base::Hasher::Algorithm algorithm{};
    std::string digest;  // bytes
};

// POST: Upload-Length (Upload-Defer-Length is not spoken), Upload-Metadata, and the first bytes where the client sends some.
struct Creation {
    http::Context* context;
    std::uint64_t length = 0;
    std::string metadata_text{};
    Metadata metadata{};
    bool with_bytes = false;
    std::optional<Checksum> checksum{};

    static Creation read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

// PATCH: Upload-Offset, Upload-Checksum, the bytes.
struct Append {
    http::Context* context;
    std::uint64_t offset = 0;
    std::optional<Checksum> checksum{};

    static Append read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

// ---- Results ------------------------------------------------------------------------------------------------------

// 201
struct Created {
    std::string location;  // a path
    std::uint64_t offset = 0;
    base::Timestamp expires{};
    base::Uuid id{};

    static void send(http::Context& context, const Created& result);
    static void describe(http::Operation& operation);
};

// 204
struct Appended {
    std::uint64_t offset = 0;
    base::Timestamp expires{};

    static void send(http::Context& context, const Appended& result);
    static void describe(http::Operation& operation);
};

// 204, of a GET or HEAD.
struct Offset {
    UploadRow row;

    static void send(http::Context& context, const Offset& result);
    static void describe(http::Operation& operation);
};

// ---- Steps --------------------------------------------------------------------------------------------------------

// The path of the request and the new id: Location. Throws too_large, what Rows::create() throws, disk_full, and as append().
[[nodiscard]] async::Task<Created> create(Creation creation, base::Uuid id, To to);
// Throws not_found.
[[nodiscard]] async::Task<Offset> show(Resumable request, base::Uuid id, To to);
// Throws not_found, offset_conflict, locked, checksum_mismatch, too_large, too_many_pieces, disk_full, and what a body throws.
[[nodiscard]] async::Task<Appended> append(Append append, base::Uuid id, To to);
// Throws not_found.
[[nodiscard]] async::Task<void> terminate(Resumable request, base::Uuid id, To to);

// OPTIONS of this path and of those below it, which needs no caller.
void discovery(http::RouteGroup group, std::string_view path, const Options& options);

}  // namespace uploads::tus
