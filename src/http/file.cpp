#include "http/file.h"

#include <algorithm>
#include <stdexcept>

#include "http/content_disposition.h"
#include "http/middleware/errors.h"
#include "http/middleware/file_stream.h"

namespace http {

class FileReply {
public:
    FileReply(Context* context, FileParts file) : context_(context), file_(std::move(file)) {
        if (file_.type.contains('*'))
            throw std::logic_error("http::File: say of which type the bytes are, beside " + file_.type);
    }

    async::Task<void> send() {
        identify();
        const auto range = begin_file(*context_, {etag_, last_modified_, size_});
        set_headers();
        if (!range) co_return;
        auto& response = context_->response();
        if (auto* bytes = std::get_if<std::string>(&file_.content.source_)) {
            if (range->length != bytes->size()) *bytes = bytes->substr(range->first, range->length);
            response.body(std::move(*bytes));
        } else if (context_->request().method() == Method::head) {
            response.stream(&send_nothing, range->length);
        } else {
            response.stream(co_await open(*range), range->length);
        }
    }

private:
    void identify() {
        auto tag = std::move(file_.tag);
        if (const auto* bytes = std::get_if<std::string>(&file_.content.source_)) {
            size_ = bytes->size();
        } else if (const auto* disk = std::get_if<FileContent::OnDisk>(&file_.content.source_)) {
            if (disk->found.kind != FileReader::Kind::file) throw std::logic_error("http::File: no file was found");
            size_ = disk->found.size;
            if (tag.empty()) tag = disk->found.tag();
            if (!file_.changed) last_modified_ = disk->found.last_modified();
        } else {
            size_ = std::get<FileContent::Elsewhere>(file_.content.source_).size;
        }
        if (file_.changed) last_modified_ = base::format_http_date(*file_.changed);
        if (!tag.empty()) etag_ = quoted(tag);
    }

    static std::string quoted(std::string_view tag) {
        const bool fits =
            std::ranges::all_of(tag, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
        if (!fits) throw std::invalid_argument("http::File: a tag has no quotes, spaces or bytes beyond ASCII");
        return std::string("\"").append(tag).append("\"");
    }

    void set_headers() {
        auto& headers = context_->response().headers();
        if (!etag_.empty()) headers.set("ETag", etag_);
        if (!last_modified_.empty()) headers.set("Last-Modified", last_modified_);
        headers.set("X-Content-Type-Options", "nosniff");
        if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", "sandbox");
        if (context_->response().status() == 304) return;
        headers.set("Content-Type", file_.type);
        headers.set("Content-Disposition", content_disposition(file_.shown ? "inline" : "attachment", file_.name));
    }

    async::Task<StreamBody> open(ByteRange range) {
        if (auto* disk = std::get_if<FileContent::OnDisk>(&file_.content.source_))
            co_return FileStream(&context_->loop(), disk->pool, std::move(disk->found.descriptor), range);
        co_return co_await std::get<FileContent::Elsewhere>(file_.content.source_).open(range);
    }

    // Of a HEAD: it is never asked.
    static async::Task<void> send_nothing(BodyWriter& /*out*/) { co_return; }

    Context* context_;
    FileParts file_;
    std::string etag_;
    std::string last_modified_;
    std::uint64_t size_ = 0;
};

namespace detail {

async::Task<void> send_file(Context* context, FileParts file) {
    FileReply reply(context, std::move(file));
    co_await reply.send();
}

void describe_file(Operation& operation, std::string_view media_type) {
    std::vector<std::string_view> headers{"Content-Disposition", "ETag", "Last-Modified", "Accept-Ranges"};
    operation.can_answer({.status = 200, .media_type = media_type, .doc = "The whole file.", .headers = headers});
    headers.emplace_back("Content-Range");
    operation.can_answer(
        {.status = 206, .media_type = media_type, .doc = "The bytes of the range.", .headers = headers});
    operation.can_answer({.status = 304, .headers = {"ETag"}});
    operation.can_fail(errors::range_not_satisfiable);
    operation.can_fail(errors::version_conflict);  // If-Match, by conditional_get()
}

}  // namespace detail

}  // namespace http
