#include "http/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "http/errors.h"
#include "http/upload.h"
#include "schema/form.h"
#include "schema/shown_name.h"

namespace http::detail {

namespace {

using Kind = MultipartParser::Kind;
using Step = MultipartParser::Step;

constexpr std::string_view form_type = "multipart/form-data";

std::string boundary_of(const Context& context, const MultipartLimits& limits) {
    const auto given = context.request().header("content-type").value_or("");
    const auto type = base::trim(given.substr(0, given.find(';')));
    if (!base::iequals(type, form_type)) {
        throw base::Failure(errors::unsupported_media_type,
                            fmt::format("\"{}\": send Content-Type: {}", schema::shown_name(type), form_type));
    }
    auto boundary = multipart_boundary(given, limits.boundary_bytes);
    if (!boundary) {
        throw base::Failure(errors::multipart_malformed,
                            fmt::format("Content-Type needs one boundary of 1 to {} bytes", limits.boundary_bytes));
    }
    return std::move(*boundary);
}

base::Issue finding(std::string_view name, std::string_view code, std::string message) {
    // A name is bytes. What does not look like one is not repeated, and needs no place of its own.
    const auto shown = schema::shown_name(name);
    return {
        "body", shown == name ? fmt::format("/{}", shown) : std::string(), std::string(code), std::move(message), {}};
}

// "image/*" is a range.
bool fits(std::string_view media_type, std::string_view range) {
    if (range.empty() || range == media_type) return true;
    return range.ends_with("/*") && media_type.starts_with(range.substr(0, range.size() - 1));
}

}  // namespace

struct MultipartReader::State {
    State(Context* own_context, const MultipartType& own_type)
        : context(own_context),
          type(&own_type),
          parser(boundary_of(*own_context, own_type.limits), own_type.limits),
          counts(own_type.files.size()),
          digest(DigestCheck::of(own_context->request())) {}

    // Whoever catches a failure and asks again gets it again.
    [[noreturn]] void fail(base::Failure failure) {
        failed = std::make_exception_ptr(failure);
        throw std::move(failure);
    }
    [[noreturn]] void fail_parsing() {
        if (parser.fault() == MultipartParser::Fault::head_too_large) {
            fail(base::Failure(
                errors::part_head_too_large,
                fmt::format("more than {} bytes or {} fields", type->limits.head_bytes, type->limits.head_fields)));
        }
        fail(base::Failure(errors::multipart_malformed, std::string(to_string(parser.fault()))));
    }

    async::Task<void> read_input() {
        const auto piece = co_await context->request().read_some();
        if (!piece) {
            if (!parser.done()) fail_parsing();
            check_digest();
            body_ended = true;
            co_return;
        }
        context->mark_body_arrived(async::Loop::now());
        if (digest) digest->add(*piece);
        total += piece->size();
        if (total > type->limits.total_bytes) {
            fail(base::Failure(errors::body_too_large, fmt::format("more than {} bytes", type->limits.total_bytes)));
        }
        input = *piece;
    }

    // Of the whole body, not of a file in it (RFC 9530 section 2).
    void check_digest() {
        if (!digest) return;
        try {
            digest->finish();
        } catch (...) {
            failed = std::current_exception();
            throw;
        }
    }

    // part, data, part_end, or end: the whole body was read, and nothing is behind its last boundary.
    async::Task<Step> step() {
        if (failed) std::rethrow_exception(failed);
        while (true) {
            if (input.empty()) co_await read_input();
            if (body_ended) co_return Step{.kind = Kind::end};
            const auto step = parser.parse(input);
            input.remove_prefix(step.consumed);
            if (step.kind == Kind::failed) fail_parsing();
            if (step.kind != Kind::more && step.kind != Kind::end) co_return step;
        }
    }

    [[nodiscard]] const FileFieldType* file_of(std::string_view name) const {
        const auto found = std::ranges::find(type->files, name, &FileFieldType::name);
        return found == type->files.end() ? nullptr : &*found;
    }

    // The head was read. False: an input of type=file with nothing chosen.
    async::Task<bool> begin_file(const FileFieldType* of) {
        const bool nameless = parser.head().file_name && parser.head().file_name->empty();
        if (nameless) {
            const auto first = co_await step();
            if (first.kind == Kind::part_end) co_return false;
            pending = first.data;
        }
        count_file(*of);
        if (!fits(parser.head().media_type, of->media_type)) {
            fail(base::Failure(errors::file_type_refused, fmt::format("\"{}\" takes {}", of->name, of->media_type)));
        }
        field = of;
        file_bytes = 0;
        in_file = true;
        co_return true;
    }

    void count_file(const FileFieldType& of) {
        auto& count = counts[static_cast<std::size_t>(&of - type->files.data())];
        if (++count > of.most)
            fail(base::Failure(errors::too_many_files, fmt::format("\"{}\" takes {}", of.name, of.most)));
        if (++files > type->limits.files)
            fail(base::Failure(errors::too_many_files, fmt::format("a form takes {}", type->limits.files)));
    }

    [[nodiscard]] FilePart part() const {
        return {.field = field->name,
                .name = clean_file_name(parser.head().file_name.value_or("")),
                .media_type = parser.head().media_type};
    }

    void hold(std::size_t bytes) {
        fields_bytes += bytes;
        if (fields_bytes > type->limits.fields_bytes) {
            fail(base::Failure(errors::field_too_large,
                               fmt::format("all fields together have more than {} bytes", type->limits.fields_bytes)));
        }
        context->request().hold_body_memory(bytes);
    }

    async::Task<void> read_field(Findings* findings) {
        if (pairs.size() == type->limits.fields)
            fail(base::Failure(errors::too_many_fields, fmt::format("more than {}", type->limits.fields)));
        hold(parser.head().name.size());
        pairs.emplace_back(parser.head().name, std::string());
        auto& [name, value] = pairs.back();
        for (auto step = co_await this->step(); step.kind == Kind::data; step = co_await this->step()) {
            if (value.size() + step.data.size() > type->limits.field_bytes)
                fail(base::Failure(errors::field_too_large,
                                   fmt::format("more than {} bytes", type->limits.field_bytes)));
            hold(step.data.size());
            value += step.data;
        }
        if (!base::is_utf8(name) || !base::is_utf8(value)) {
            findings->push_back(finding(name, "malformed", "a field is not UTF-8"));
            pairs.pop_back();
        }
    }

    void find_missing(Findings* findings) const {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const auto& of = type->files[i];
            if (of.required && counts[i] == 0) findings->push_back(finding(of.name, "required", "a file is missing"));
        }
    }

    // ": send it as "file"", of the names that there are.
    [[nodiscard]] std::string of_files() const {
        std::string names;
        for (const auto& file : type->files) names += fmt::format("{}\"{}\"", names.empty() ? "" : " or ", file.name);
        return names.empty() ? names : ": send it as " + names;
    }

    // A part that is no file, behind the first file; or a file under a name that takes none.
    void refuse_part(Findings* findings) const {
        const auto& head = parser.head();
        if (head.file_name) {
            findings->push_back(
                finding(head.name, "file_not_expected",
                        fmt::format("\"{}\" takes no file{}", schema::shown_name(head.name), of_files())));
        } else {
            findings->push_back(finding(head.name, "field_behind_file", "send the fields in front of the files"));
        }
    }

    Context* context;
    const MultipartType* type;
    MultipartParser parser;
    std::string_view input;  // what the parser has not taken yet
    std::string_view pending;
    std::exception_ptr failed;
    bool body_ended = false;
    bool in_file = false;
    bool waiting = false;  // the file at hand was found with the fields, and nobody has asked for it yet
    const FileFieldType* field = nullptr;
    std::uint64_t total = 0;
    std::uint64_t file_bytes = 0;
    std::size_t fields_bytes = 0;
    std::size_t files = 0;
    std::vector<std::size_t> counts;
    std::unique_ptr<DigestCheck> digest;
    schema::FormPairs pairs;
};

MultipartReader::MultipartReader(Context* context, const MultipartType& type)
    : state_(std::make_unique<State>(context, type)) {}

MultipartReader::~MultipartReader() = default;

async::Task<void> MultipartReader::read_fields(void* out, Findings* findings) {
    auto& state = *state_;
    while (true) {
        const auto step = co_await state.step();
        if (step.kind == Kind::end) {
            state.find_missing(findings);
            break;
        }
        if (step.kind != Kind::part) continue;  // the end of an input without a file
        if (const auto* file = state.file_of(state.parser.head().name)) {
            state.waiting = co_await state.begin_file(file);
            if (state.waiting) break;
        } else if (state.parser.head().file_name) {
            state.refuse_part(findings);
            break;
        } else {
            co_await state.read_field(findings);
        }
    }
    const auto fields = schema::text_fields(state.pairs);
    auto error = schema::read_text(*state.type->fields, out, fields, {.in = "body"});
    if (error) std::ranges::move(error->issues, std::back_inserter(*findings));
    state.pairs.clear();
}

async::Task<std::optional<FilePart>> MultipartReader::next_file() {
    auto& state = *state_;
    if (!std::exchange(state.waiting, false)) {
        while (state.in_file) static_cast<void>(co_await next());
        while (true) {
            const auto step = co_await state.step();
            Findings findings;
            if (step.kind == Kind::end) {
                state.find_missing(&findings);
                if (!findings.empty()) state.fail(base::Failure(errors::invalid, std::move(findings)));
                co_return std::nullopt;
            }
            if (step.kind != Kind::part) continue;
            const auto* file = state.file_of(state.parser.head().name);
            if (file == nullptr) {
                state.refuse_part(&findings);
                state.fail(base::Failure(errors::invalid, std::move(findings)));
            }
            if (co_await state.begin_file(file)) break;
        }
    }
    co_return state.part();
}

async::Task<std::optional<std::string_view>> MultipartReader::next() {
    auto& state = *state_;
    if (!state.in_file) co_return std::nullopt;
    state.waiting = false;
    auto piece = std::exchange(state.pending, {});
    if (piece.empty()) {
        const auto step = co_await state.step();
        if (step.kind == Kind::part_end) {
            state.in_file = false;
            co_return std::nullopt;
        }
        piece = step.data;
    }
    state.file_bytes += piece.size();
    if (state.file_bytes > state.field->most_bytes) {
        state.fail(base::Failure(errors::file_too_large,
                                 fmt::format("\"{}\" takes {} bytes", state.field->name, state.field->most_bytes)));
    }
    co_return piece;
}

void describe_multipart(Operation& operation, const MultipartType& type) {
    operation.form = type.fields;
    for (const auto& file : type.files)
        operation.form_files.push_back({file.name, file.media_type, file.doc, file.most, file.required});
    operation.body_media_types.emplace_back(form_type);
    for (const auto& error :
         {errors::invalid, errors::unsupported_media_type, errors::multipart_malformed, errors::part_head_too_large,
          errors::field_too_large, errors::too_many_fields, errors::digest_mismatch, errors::digest_malformed})
        operation.can_fail(error);
    if (!type.files.empty()) {
        operation.can_fail(errors::file_too_large);
        operation.can_fail(errors::too_many_files);
    }
    const bool typed = std::ranges::any_of(type.files, [](const auto& file) { return !file.media_type.empty(); });
    if (typed) operation.can_fail(errors::file_type_refused);
    describe_body_bytes(operation);
}

}  // namespace http::detail
