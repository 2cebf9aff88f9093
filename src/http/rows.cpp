#include "http/rows.h"

#include "http/content_disposition.h"
#include "schema/csv.h"

namespace http::detail {

namespace {

// What a reply's stream becomes: the text that is written next, and where more comes from.
struct RowsBody {
    std::string text;
    NextText next;

    async::Task<void> operator()(BodyWriter& out) {
        while (!text.empty()) {
            if (!co_await out.write(text)) co_return;
            text = co_await next();
        }
    }
};

}  // namespace

void append_csv(const schema::Type& type, const void* row, std::string& out, const schema::View& view) {
    schema::write_csv_row(*type.object, row, out, view);
}

void append_ndjson(const schema::Type& type, const void* row, std::string& out, const schema::View& view) {
    schema::write_json(type, row, out, view);
    out += '\n';
}

schema::View view_for(const Context& context, schema::View view) {
    if (const auto* reader = context.get<Reader>()) view.reader = reader->sees;
    return view;
}

async::Task<void> send_csv(Context* context, const schema::Type* type, schema::View view, std::string_view file_name,
                           NextText next) {
    std::string text;
    schema::write_csv_header(*type->object, text, view);
    text += co_await next();
    context->response()
        .content_type("text/csv; charset=utf-8; header=present")
        .header("Content-Disposition", content_disposition("attachment", file_name))
        .stream_deadline(context->deadline())
        .stream(RowsBody{std::move(text), std::move(next)});
}

async::Task<void> send_ndjson(Context* context, NextText next) {
    auto text = co_await next();
    context->response()
        .content_type("application/x-ndjson")
        .stream_deadline(context->deadline())
        .stream(RowsBody{std::move(text), std::move(next)});
}

void describe_csv(Operation& operation) {
    operation.can_answer(
        {.status = 200,
         .media_type = "text/csv",
         .doc = "A line of member names, then a line a row (RFC 4180, UTF-8). Texts that spreadsheets would "
                "run as formulas have an apostrophe in front.",
         .headers = {"Content-Disposition"}});
}

void describe_ndjson(Operation& operation) {
    operation.can_answer(
        {.status = 200, .media_type = "application/x-ndjson", .doc = "A JSON object a line, one for each row."});
}

}  // namespace http::detail
