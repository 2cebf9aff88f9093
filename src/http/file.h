#pragma once
// A result of a file's bytes: to be saved or shown, whole or in ranges (downloads that go on where they broke off), with
// conditional requests and HEAD.
//
//     async::Task<http::File<"application/pdf">> receipt(auth::Caller caller, http::Path<"id", ReceiptId> id, …) {
//         co_return http::File<"application/pdf">{.content = render(…), .name = "receipt 12.pdf"};          // a std::string
//     }
//     async::Task<http::File<"image/*">> picture(…) {
//         co_return http::File<"image/*">{
//             .content = {pool, std::move(found)},                  // of a FileReader: 64 KiB at a time, read on the pool
//             .shown = true, .type = image.type};                   // in the page, not saved; which image/* it is
//     }
//     async::Task<http::File<>> attachment(…) {
//         co_return http::File<>{.content = {object.size, Download{store, object.key}}, .tag = object.digest};  // from elsewhere
//     }
//     struct Download {                                             // asked once it is known which bytes are wanted, if any, and
//         async::Task<http::StreamBody> operator()(http::ByteRange range);     // before the head: what it throws is a problem
//     };                                                            // (of several ranges it is asked for one after the other)
//
// No more is read than the client takes. What gives fewer bytes than it said has its connection cut. A reply is 200, 206 (Range;
// several ranges as multipart/byteranges, up to 16 that do not overlap, else the whole; If-Range), 304 (If-None-Match,
// If-Modified-Since), 412 (If-Match) or 416. It is nosniff, and `Content-Security-Policy: sandbox` unless the handler has set
// another: bytes that somebody uploaded run nothing here.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "http/handler.h"
#include "http/middleware/byte_range.h"
#include "http/middleware/file_reader.h"

namespace async {
class BlockingPool;
}

namespace http {

// Where the bytes come from.
class FileContent {
public:
    using Open = std::move_only_function<async::Task<StreamBody>(ByteRange)>;

    FileContent(std::string bytes) : source_(std::move(bytes)) {}  // NOLINT(google-explicit-constructor): it is them
    // What a FileReader has found: a file. The pool outlives the reply.
    FileContent(async::BlockingPool& pool, FileReader::Found found) : source_(OnDisk{&pool, std::move(found)}) {}
    FileContent(std::uint64_t size, Open open) : source_(Elsewhere{size, std::move(open)}) {}

private:
    friend class FileReply;
    friend class RangesStream;
    struct OnDisk {
        async::BlockingPool* pool;
        FileReader::Found found;
    };
    struct Elsewhere {
        std::uint64_t size;
        Open open;
    };
    std::variant<std::string, OnDisk, Elsewhere> source_;
};

// What a File is, whatever its type.
struct FileParts {
    FileContent content;
    std::string name;
    bool shown;
    std::string tag;
    std::optional<base::Timestamp> changed;
    std::string type;
};

namespace detail {
async::Task<void> send_file(Context* context, FileParts file);
void describe_file(Operation& operation, std::string_view media_type);
}  // namespace detail

// `MediaType`: what the document says, a range ("image/*") where the rows know more.
template <FixedString MediaType = "application/octet-stream">
struct File {
    FileContent content;
    std::string name = {};  // any text; "": the client finds one
    bool shown = false;     // inline, not saved
    // Of these bytes and no others: letters, digits and the like, without quotes. "": that of a file on disk; of others, none.
    std::string tag = {};
    std::optional<base::Timestamp> changed = {};
    std::string type = std::string(MediaType.view());

    static async::Task<void> send(Context& context, File&& file) {
        return detail::send_file(&context, {std::move(file.content), std::move(file.name), file.shown,
                                            std::move(file.tag), file.changed, std::move(file.type)});
    }
    static void describe(Operation& operation) { detail::describe_file(operation, MediaType.view()); }
};

}  // namespace http
