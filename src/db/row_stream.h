#pragma once
// RowStream: any number of rows of one statement, read as they are asked for. A cursor in a read-only transaction of the tenant, on the
// connections for bulks; all rows are of one moment. Given back at the end, after a failure, and when the stream is destroyed.
//
//     auto products = db.stream(all_products);
//     while (true) {
//         const auto rows = co_await products.next_rows();          // some hundred of them; empty: the end
//         if (rows.empty()) break;
//     }
//
// A piece is what fits into 256 KiB as the rows before it were, at most 1,000 rows. The Db's deadline is that of the whole stream, the
// time in which its reader does something else too: the connection is given back in that moment, and the next piece is db.timeout. A
// connection is waited for 10 s (Options::read_timeout), and so is each piece, unless the statement has a time of its own (a sum over all
// rows comes with the first piece). A failure is final: asked again, it is thrown again.
// Movable; one next_rows() at a time.

#include <memory>
#include <vector>

#include "async/task.h"
#include "db/parameters.h"
#include "db/row.h"
#include "schema/schema.h"

namespace db {

struct Statement;

namespace detail {

struct CursorState;
struct Target;

// The same without the rows' type.
class CursorReader {
public:
    CursorReader(const Target& target, const Statement& statement, Parameters parameters);
    ~CursorReader();
    CursorReader(const CursorReader&) = delete;
    CursorReader& operator=(const CursorReader&) = delete;
    // No rows: the end.
    [[nodiscard]] async::Task<Result> next();

private:
    std::unique_ptr<CursorState> state_;
};

}  // namespace detail

template <class R>
class RowStream {
public:
    explicit RowStream(std::unique_ptr<detail::CursorReader> reader) : reader_(std::move(reader)) {}
    [[nodiscard]] async::Task<std::vector<R>> next_rows() { return read(reader_.get()); }

private:
    static async::Task<std::vector<R>> read(detail::CursorReader* reader) {
        const auto result = co_await reader->next();
        std::vector<R> rows(result.rows());
        for (std::size_t i = 0; i < rows.size(); ++i) read_row(result, i, schema::type_of<R>, &rows[i]);
        co_return rows;
    }

    std::unique_ptr<detail::CursorReader> reader_;
};

}  // namespace db
