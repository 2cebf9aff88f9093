#pragma once
// Results of any number of rows, sent while they are read: as CSV, or as NDJSON (one JSON object a line). No more is read than the
// client takes.
//
//     async::Task<http::CsvRows<Product>> export_products(auth::PermittedSomewhere<"products.read">, db::Db db) {
//         co_return {.rows = db.stream(product_export), .file_name = "products.csv"};
//     }
//     routes.get("/products/export", export_products, {.id = "exportProducts", .options = {.deadline = 5min}});
//
// Rows come from whatever has `async::Task<std::vector<T>> next_rows()`, empty at the end. The first are read before the head is
// sent, so that what fails then is a problem document; a failure behind it is logged and cuts the connection without the last chunk,
// so that half a file never looks whole, as does the route's deadline, which is that of the whole reply. `?fields=` chooses the members; those that need a permission are left out (CSV: empty) for
// who has it not. How CSV is written, formulas too: schema/csv.h.

#include <functional>
#include <string_view>
#include <vector>

#include "http/handler.h"

namespace http {

template <class T>
class RowSource {
public:
    template <class Stream>
        requires requires(Stream& stream) {
            { stream.next_rows() } -> std::same_as<async::Task<std::vector<T>>>;
        }
    RowSource(Stream stream)  // NOLINT(google-explicit-constructor): a stream is a source of rows
        : next_([stream = std::move(stream)]() mutable { return stream.next_rows(); }) {}
    [[nodiscard]] async::Task<std::vector<T>> next_rows() { return next_(); }

private:
    std::move_only_function<async::Task<std::vector<T>>()> next_;
};

template <class T>
struct CsvRows {
    RowSource<T> rows;
    std::string_view file_name;  // a constant
};

template <class T>
struct NdjsonRows {
    RowSource<T> rows;
};

namespace detail {

using NextText = std::move_only_function<async::Task<std::string>()>;
using AppendRow = void (*)(const schema::Type& type, const void* row, std::string& out, const schema::View& view);

void append_csv(const schema::Type& type, const void* row, std::string& out, const schema::View& view);
void append_ndjson(const schema::Type& type, const void* row, std::string& out, const schema::View& view);

template <class T>
async::Task<std::string> next_text(RowSource<T>* source, AppendRow append, const schema::View* view) {
    const auto rows = co_await source->next_rows();
    std::string text;
    for (const auto& row : rows) append(schema::type_of<T>, &row, text, *view);
    co_return text;
}

template <class T>
NextText texts_of(RowSource<T> rows, AppendRow append, const schema::View& view) {
    return [rows = std::move(rows), append, view]() mutable { return next_text(&rows, append, &view); };
}

// The view of who reads this reply.
schema::View view_for(const Context& context, schema::View view);
async::Task<void> send_csv(Context* context, const schema::Type* type, schema::View view, std::string_view file_name,
                           NextText next);
async::Task<void> send_ndjson(Context* context, NextText next);
void describe_csv(Operation& operation);
void describe_ndjson(Operation& operation);

}  // namespace detail

template <class T>
struct Result<CsvRows<T>> {
    static constexpr const schema::Type* readable = &schema::type_of<std::vector<T>>;
    static async::Task<void> send(Context& context, CsvRows<T>&& result, const schema::View& chosen) {
        const auto view = detail::view_for(context, chosen);
        return detail::send_csv(&context, &schema::type_of<T>, view, result.file_name,
                                detail::texts_of(std::move(result.rows), &detail::append_csv, view));
    }
    static void describe(Operation& operation) { detail::describe_csv(operation); }
};

template <class T>
struct Result<NdjsonRows<T>> {
    static constexpr const schema::Type* readable = &schema::type_of<std::vector<T>>;
    static async::Task<void> send(Context& context, NdjsonRows<T>&& result, const schema::View& chosen) {
        const auto view = detail::view_for(context, chosen);
        return detail::send_ndjson(&context, detail::texts_of(std::move(result.rows), &detail::append_ndjson, view));
    }
    static void describe(Operation& operation) { detail::describe_ndjson(operation); }
};

}  // namespace http
