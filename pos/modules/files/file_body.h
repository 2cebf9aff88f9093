#pragma once
// FileBody: a part of a handler that takes one file, as a form (field `file`) or as the bytes alone. The client is read as fast as the
// handler asks. `db::Db` stands behind it.
//
//     async::Task<…> add(auth::Caller caller, FileBody body, db::Db db) {
//         co_await body.begin();
//         while (const auto piece = co_await body.next()) …                // at most 64 KiB, valid until the next one
//     }

#include <optional>
#include <string>
#include <string_view>

#include "http/multipart.h"
#include "http/upload.h"

namespace pos {

struct FileForm {
    // What a file may have is the handler's to say; a form's text is short.
    static constexpr http::MultipartLimits multipart_limits{.field_bytes = 4 * 1024,
                                                            .fields_bytes = 16 * 1024,
                                                            .fields = 8,
                                                            .files = 1,
                                                            .file_bytes = std::uint64_t{2} << 30U,
                                                            .total_bytes = (std::uint64_t{2} << 30U) + (1U << 20U)};
    friend constexpr auto describe(FileForm*) { return schema::object<FileForm>("FileForm"); }
};

class FileBody {
public:
    using Form =
        http::Multipart<FileForm, http::FileField<"file", {.most_bytes = std::uint64_t{2} << 30U, .required = true}>>;
    using Bytes = http::Upload<>;
    static constexpr bool waits_for_body = true;

    // Up to the file. Once, and first.
    [[nodiscard]] async::Task<void> begin();
    // nullopt: the file and the body are whole.
    [[nodiscard]] async::Task<std::optional<std::string_view>> next();
    // All of it; 413 `too_large` for more than `most` bytes.
    [[nodiscard]] async::Task<std::string> read_all(std::uint64_t most, base::ErrorCode too_large);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }  // "": none was sent
    // Of the file at most; nullopt: unknown.
    [[nodiscard]] std::optional<std::uint64_t> length() const;
    [[nodiscard]] async::SteadyTime deadline() const;

    static async::Task<FileBody> read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);

private:
    explicit FileBody(http::Context& context) : context_(&context) {}
    static async::Task<FileBody> read_of(http::Context* context, http::Findings* findings);

    http::Context* context_;
    std::optional<Form> form_;
    std::optional<Bytes> bytes_;
    std::string name_;
};

}  // namespace pos
