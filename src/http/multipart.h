#pragma once
// A multipart/form-data body: its fields as a described struct, its files as streams. Nothing of a file is kept, in memory or on
// disk, but the piece at hand; the client is read only as fast as the handler asks.
//
//     using NewPicture = http::Multipart<PictureFields, http::FileField<"picture", {.most_bytes = 8 << 20, .required = true}>>;
//
//     async::Task<http::Created<Picture>> add(Permitted<"products.write"> caller, NewPicture form, db::Db db) {
//         while (const auto file = co_await form.next_file())              // file->field, file->name, file->media_type
//             while (const auto piece = co_await form.next()) co_await keep(db.with_deadline(form.deadline()), *piece);
//         …                                                                // here, and not before, the form is whole
//     }
//     routes.post("/pictures", add, {.options = {.body_limit = 9 << 20, .body_time = 10min}});
//
// Fields come in front of the files, in any order: they are read with path and query, and their findings come in the same 422. A
// field behind a file is a finding too (`field_behind_file`). Names are bytes that are compared with those declared: brackets and
// dots mean nothing, and a name that is not declared is a finding. A field of the struct that is a list takes its name several
// times.
//
// A file has ended when next() gives nullopt, the form when next_file() does: what was kept of files before is to be thrown away
// when either throws. What is thrown: the codes below, those of a body (Request::read_some()), 415 for another Content-Type,
// 422 for files that are missing or not declared. An input of type=file with no file chosen is no file.
//
// A Content-Digest (http/upload.h) is of the whole body, and is checked at its end.
//
// Every limit has a number (MultipartLimits); a Form may have its own as `static constexpr http::MultipartLimits
// multipart_limits{…}`. Loop's thread.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/context.h"
#include "http/handler.h"
#include "http/multipart_parser.h"

namespace http {

namespace errors {
inline constexpr base::ErrorCode multipart_malformed{"multipart.malformed", 400, false, base::Action::fix,
                                                     "The body is not multipart/form-data as this API takes it"};
inline constexpr base::ErrorCode part_head_too_large{"multipart.head_too_large", 400, false, base::Action::fix,
                                                     "The head of a part is too large or has too many fields"};
inline constexpr base::ErrorCode field_too_large{"multipart.field_too_large", 413, false, base::Action::fix,
                                                 "A field, or all fields together, are larger than this path accepts"};
inline constexpr base::ErrorCode too_many_fields{"multipart.too_many_fields", 413, false, base::Action::fix,
                                                 "The form has more fields than this path accepts"};
inline constexpr base::ErrorCode file_too_large{"multipart.file_too_large", 413, false, base::Action::fix,
                                                "A file is larger than this path accepts"};
inline constexpr base::ErrorCode too_many_files{"multipart.too_many_files", 413, false, base::Action::fix,
                                                "The form has more files than this path accepts"};
inline constexpr base::ErrorCode file_type_refused{"multipart.file_type_refused", 415, false, base::Action::fix,
                                                   "A file's media type is not accepted here"};
}  // namespace errors

// A text in a template's argument, of any length up to `Most`.
template <std::size_t Most>
struct ShortText {
    char text[Most]{};
    std::size_t size = 0;
    template <std::size_t N>
        requires(N <= Most)
    consteval ShortText(const char (&from)[N]) : size(N - 1) {  // NOLINT(google-explicit-constructor)
        std::copy_n(from, N - 1, text);
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text, size}; }
};

// What may be sent under one name.
struct FileRules {
    std::uint64_t most_bytes = MultipartLimits{}.file_bytes;  // of each
    std::size_t most = 1;                                     // files of this name
    bool required = false;
    // "": any. Else of the part's Content-Type, a range ("image/*") too: what a client says, which proves nothing.
    ShortText<64> media_type = "";
    ShortText<128> doc = "";
};

template <FixedString Name, FileRules Rules = FileRules{}>
struct FileField {};

// Of the part at hand. It stays until the next call of next_file().
struct FilePart {
    std::string_view field;
    std::string name;             // clean_file_name(): "" when none is left, and the handler finds one
    std::string_view media_type;  // as the client says
};

namespace detail {

struct FileFieldType {
    std::string_view name;
    std::uint64_t most_bytes;
    std::size_t most;
    bool required;
    std::string_view media_type;
    std::string_view doc;
};

struct MultipartType {
    const schema::ObjectType* fields;
    std::span<const FileFieldType> files;
    MultipartLimits limits;
};

// The reader behind Multipart: the parser, the counters, the part at hand.
class MultipartReader {
public:
    MultipartReader(Context* context, const MultipartType& type);
    ~MultipartReader();
    MultipartReader(const MultipartReader&) = delete;
    MultipartReader& operator=(const MultipartReader&) = delete;

    // Up to the first file, or the end.
    async::Task<void> read_fields(void* out, Findings* findings);
    async::Task<std::optional<FilePart>> next_file();
    async::Task<std::optional<std::string_view>> next();

private:
    struct State;
    std::unique_ptr<State> state_;
};

void describe_multipart(Operation& operation, const MultipartType& type);

}  // namespace detail

struct NoFields {
    friend constexpr auto describe(NoFields*) { return schema::object<NoFields>("NoFields"); }
};

template <class Form, class... Files>
class Multipart;

template <class Form, FixedString... Names, FileRules... Rules>
class Multipart<Form, FileField<Names, Rules>...> {
public:
    static constexpr bool waits_for_body = true;  // a database is taken behind it

    const Form& operator*() const { return *form_; }
    const Form* operator->() const { return form_.get(); }

    // The next file, of which what is left of the one before is skipped; nullopt: the body was whole, and there is none.
    [[nodiscard]] async::Task<std::optional<FilePart>> next_file() { return reader_->next_file(); }
    // The next piece of it, at most 64 KiB, valid until the next call; nullopt: the file has ended.
    [[nodiscard]] async::Task<std::optional<std::string_view>> next() { return reader_->next(); }
    // Of the handler, as it moves with each piece.
    [[nodiscard]] async::SteadyTime deadline() const { return context_->deadline(); }

    static async::Task<Multipart> read(Context& context, Findings& findings) { return read_of(&context, &findings); }
    static void describe(Operation& operation) { detail::describe_multipart(operation, type); }

private:
    static constexpr MultipartLimits limits_of() {
        if constexpr (requires { Form::multipart_limits; }) return Form::multipart_limits;
        return {};
    }
    static constexpr std::array<detail::FileFieldType, sizeof...(Names)> files{detail::FileFieldType{
        Names.view(), Rules.most_bytes, Rules.most, Rules.required, Rules.media_type.view(), Rules.doc.view()}...};
    static constexpr detail::MultipartType type{&schema::object_of<Form>, files, limits_of()};

    static async::Task<Multipart> read_of(Context* context, Findings* findings) {
        Multipart part(context);
        co_await part.reader_->read_fields(part.form_.get(), findings);
        co_return part;
    }
    explicit Multipart(Context* context)
        : context_(context),
          form_(std::make_unique<Form>()),
          reader_(std::make_unique<detail::MultipartReader>(context, type)) {}

    Context* context_;
    std::unique_ptr<Form> form_;
    std::unique_ptr<detail::MultipartReader> reader_;
};

}  // namespace http
