#pragma once
// POST /{resource}/batch: up to 500 rows created, changed and deleted by one request, in one transaction with
// one entry into the change feed. Each item has a savepoint and an answer of its own; `continue` keeps those that went well,
// `abort` keeps all or none. A request with an Idempotency-Key is answered again to the byte, once it has written anything.
//
//     struct ProductItems {
//         using Id = ProductId;
//         using New = NewProduct;                                                       // has `std::optional<Id> id`
//         using Fields = ProductFields;
//         static async::Task<ProductDetails> create(BulkUnit unit, NewProduct input);
//         static async::Task<Product> change(Editor write, ProductId id, schema::Patch<ProductFields> patch);
//         static async::Task<http::NoContent> remove(Editor write, ProductId id);
//     };
//
//     async::Task<http::JsonBytes<BulkReply>> batch(Create<"products.write"> write, BulkBody input) {
//         co_return co_await perform_all<ProductItems>(write, std::move(input));
//     }
//
// An item may run again after a deadlock, like the function of a transaction.

#include <map>

#include "http/context.h"
#include "pos/plumbing/writer.h"
#include "schema/canonical.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode batch_aborted{"batch.aborted", 424, false, base::Action::fix,
                                               "Nothing was kept, as another item of the batch failed"};
}  // namespace errors

inline constexpr std::uint32_t max_bulk_items = 500;
inline constexpr std::uint64_t max_bulk_bytes = 4 * 1024 * 1024;

enum class OnError : std::uint8_t { abort, go_on };
constexpr auto describe(OnError*) {
    return schema::enumeration<OnError>("OnError", {{OnError::abort, "abort"}, {OnError::go_on, "continue"}});
}
enum class BulkOperation : std::uint8_t { create, update, remove };
constexpr auto describe(BulkOperation*) {
    return schema::enumeration<BulkOperation>(
        "BulkOperation",
        {{BulkOperation::create, "create"}, {BulkOperation::update, "update"}, {BulkOperation::remove, "delete"}});
}

struct BulkItem {
    std::optional<std::string> key;
    BulkOperation operation = BulkOperation::create;
    std::optional<base::Uuid> id;
    std::optional<std::int32_t> version;
    std::optional<schema::Json> data;

    friend constexpr auto describe(BulkItem*) {
        return schema::object<BulkItem>(
            "BatchItem",
            schema::field<&BulkItem::key>(
                "key", {.max_length = 255, .text = schema::Text::raw, .doc = "The client's name for it; sent back."}),
            schema::field<&BulkItem::operation>("op"),
            schema::field<&BulkItem::id>("id", {.doc = "Of the row; for `create` as good as an `id` in `data`."}),
            schema::field<&BulkItem::version>(
                "version", {.min = 1, .doc = "For `update` and `delete`: the version that the change is based on."}),
            schema::field<&BulkItem::data>(
                "data", {.doc = "For `create` and `update`: the body that POST and PATCH of one row take."}));
    }
};

struct BulkRequest {
    OnError on_error = OnError::abort;
    std::vector<BulkItem> items;

    friend constexpr auto describe(BulkRequest*) {
        return schema::object<BulkRequest>(
            "BatchRequest",
            schema::field<&BulkRequest::on_error>(
                "onError",
                {.defaulted = true, .doc = "`abort`: all items or none. `continue`: those that went well are kept."}),
            schema::field<&BulkRequest::items>("items", {.min_items = 1, .max_items = max_bulk_items}));
    }
};

// What is wrong with an item is that item's alone, and the others are done. What is wrong around them is the request's; so are a
// hundred findings, behind which nothing was read.
struct BulkBody {
    http::Body<BulkRequest> body;
    std::map<std::size_t, http::Findings> faults{};  // by the item's place

    static async::Task<BulkBody> read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation) { http::Body<BulkRequest>::describe(operation); }
};

struct BulkResult {
    schema::Maybe<std::string> key;
    std::int32_t status = 0;
    schema::Maybe<schema::Json> data;
    schema::Maybe<schema::Json> problem;

    friend constexpr auto describe(BulkResult*) {
        return schema::object<BulkResult>(
            "BatchResult", schema::field<&BulkResult::key>("key"),
            schema::field<&BulkResult::status>("status", {.doc = "What the request for this row alone would answer."}),
            schema::field<&BulkResult::data>("data", {.doc = "The row, when it was created or changed."}),
            schema::field<&BulkResult::problem>("problem",
                                                {.doc = "A Problem; its pointers lead into the body as sent."}));
    }
};

struct BulkSummary {
    std::int32_t ok = 0;
    std::int32_t failed = 0;

    friend constexpr auto describe(BulkSummary*) {
        return schema::object<BulkSummary>("BatchSummary", schema::field<&BulkSummary::ok>("ok"),
                                           schema::field<&BulkSummary::failed>("failed"));
    }
};

struct BulkReply {
    std::vector<BulkResult> results;
    BulkSummary summary;

    friend constexpr auto describe(BulkReply*) {
        return schema::object<BulkReply>(
            "BatchReply",
            schema::field<&BulkReply::results>("results", {.max_items = max_bulk_items, .doc = "In the items' order."}),
            schema::field<&BulkReply::summary>("summary"));
    }
};

// What an item that makes a row works with. `changes` is where its entries of the feed go.
class BulkUnit : public Writer {
public:
    BulkUnit(const Writer& write, db::Db tx, std::vector<Change>& changes)
        : Writer(write, std::move(tx)), changes_(&changes) {}

    [[nodiscard]] const db::Db& tx() const { return *tx_; }
    [[nodiscard]] std::vector<Change>& changes() const { return *changes_; }
    [[nodiscard]] Editor editor(std::int32_t version) const {
        return {*this, *tx_, {.versions = {version}}, *changes_};
    }

private:
    std::vector<Change>* changes_;
};

namespace detail {

struct BulkOutcome {
    std::int32_t status = 0;
    std::optional<schema::Json> data;
};
// What the items of a resource are, and how one is done.
struct BulkResource {
    async::Task<BulkOutcome> (*perform)(BulkUnit unit, BulkItem item);
    const schema::Type* created;
    const schema::Type* changed;
    // Takes out of an answer that was stored for somebody else what this reader may not see.
    void (*hide)(const BulkItem& item, BulkResult& result, const schema::View& view);
};

[[noreturn]] void throw_unreadable(schema::ReadError error);
[[noreturn]] void throw_two_ids();

template <class T>
T read_data(const BulkItem& item) {
    T value{};
    if (auto error = schema::read_json(schema::type_of<T>, &value, item.data->text, {.max_bytes = max_bulk_bytes}))
        throw_unreadable(std::move(*error));
    return value;
}

template <class Row>
BulkOutcome outcome(const BulkUnit& unit, std::int32_t status, const Row& row) {
    return {status, schema::Json{schema::to_json(row, unit.view())}};
}

template <class Items>
async::Task<BulkOutcome> perform(BulkUnit unit, BulkItem item) {
    if (item.operation == BulkOperation::create) {
        auto input = read_data<typename Items::New>(item);
        if (item.id && input.id && input.id->uuid() != *item.id) throw_two_ids();
        if (item.id) input.id = typename Items::Id(*item.id);
        co_return outcome(unit, 201, co_await Items::create(unit, std::move(input)));
    }
    const typename Items::Id id(*item.id);
    if (item.operation == BulkOperation::update) {
        auto patch = read_data<schema::Patch<typename Items::Fields>>(item);
        co_return outcome(unit, 200, co_await Items::change(unit.editor(*item.version), id, std::move(patch)));
    }
    co_await Items::remove(unit.editor(*item.version), id);
    co_return BulkOutcome{204, std::nullopt};
}

// What an item's data means, whatever its spelling; as sent when it cannot be read.
template <class Items>
std::string canonical_data(const BulkItem& item) {
    const auto canonical = []<class T>(T value, std::string_view json) {
        const auto error = schema::read_json(schema::type_of<T>, &value, json, {.max_bytes = max_bulk_bytes});
        return error ? std::string(json) : schema::canonical(value);
    };
    return item.operation == BulkOperation::create
               ? canonical(typename Items::New{}, item.data->text)
               : canonical(schema::Patch<typename Items::Fields>{}, item.data->text);
}

template <class Row>
Row row_of(async::Task<Row> task);

// The problem of another version holds the row as well, as its last member.
template <class Row>
void hide_current(std::string& problem, const schema::View& view) {
    constexpr std::string_view current = R"(,"current":)";
    const auto at = problem.find(current);
    if (at == std::string::npos || !has_restricted_members(schema::type_of<Row>)) return;
    const auto row = problem.substr(at + current.size(), problem.size() - at - current.size() - 1);
    problem.resize(at);
    if (read_stored<Row>(row)) problem.append(current).append(visible_part<Row>(row, view));
    problem += '}';
}

template <class Items>
void hide(const BulkItem& item, BulkResult& result, const schema::View& view) {
    using Created = decltype(row_of(Items::create(std::declval<BulkUnit>(), std::declval<typename Items::New>())));
    using Changed = decltype(row_of(Items::change(std::declval<Editor>(), std::declval<typename Items::Id>(),
                                                  std::declval<schema::Patch<typename Items::Fields>>())));
    if (result.data) {
        auto& text = result.data->text;
        text = item.operation == BulkOperation::create ? visible_part<Created>(std::move(text), view)
                                                       : visible_part<Changed>(std::move(text), view);
    }
    if (result.problem) hide_current<Changed>(result.problem->text, view);
}

async::Task<http::JsonBytes<BulkReply>> perform_all(const Creator* write, BulkBody input, CreateRequest request,
                                                    BulkResource resource);
// What a batch with faulty items means is its text: of such an item less is known than was sent.
[[nodiscard]] Fingerprint fingerprint_of_faulty(const BulkBody& input);

}  // namespace detail

template <class Items>
AwaitHere<http::JsonBytes<BulkReply>> perform_all(const Creator& write, BulkBody input) {
    auto request = write.request(input.body);
    if (request.key && !input.faults.empty()) {
        request.body = detail::fingerprint_of_faulty(input);
    } else if (request.key) {
        auto meant = *input.body;
        for (auto& item : meant.items) {
            if (item.data) item.data->text = detail::canonical_data<Items>(item);
        }
        request.body.type = &schema::type_of<BulkRequest>;
        request.body.value = &meant;
        request.body = fingerprint_of(request.body);
    }
    return AwaitHere(
        detail::perform_all(&write, std::move(input), std::move(request),
                            {&detail::perform<Items>, &schema::type_of<typename Items::New>,
                             &schema::type_of<schema::Patch<typename Items::Fields>>, &detail::hide<Items>}));
}

}  // namespace pos
