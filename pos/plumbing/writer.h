#pragma once
// The one part of a handler that writes: the caller with the permission, the time, new ids, the key or the version that the client
// sent, and the database of their tenant.
//
//     inline constexpr Collection<tables::suppliers> suppliers;
//
//     async::Task<Created<Supplier>> create(Create<"suppliers.write"> write, http::Body<New<Supplier>> input) {
//         co_return co_await write.create(suppliers, input);
//     }
//     async::Task<Supplier> change(Edit<"suppliers.write"> write, http::Path<"id", SupplierId> id, http::Body<PatchOf<Supplier>> patch) {
//         co_return co_await write.edit(suppliers, *id, *patch);
//     }
//     async::Task<http::NoContent> remove(Edit<"suppliers.write"> write, http::Path<"id", SupplierId> id) {
//         co_return co_await write.remove(suppliers, *id);
//     }
//
// create(): once. The client may make the row's id, and may repeat the request under an Idempotency-Key: key, row, feed entry and
// stored reply are one batch. 409 for an id that is taken, and for what the table's constraints say. A repeated request gets the
// first reply before anything else is asked, whatever has become of what the row refers to: so a handler that creates has no
// database of its own, and reads in the function below, behind the key.
// edit(), remove(): one transaction locks the row, compares its version with If-Match, changes it, counts the version up, and
// ends with the feed. 404 for a row that is not there or deleted, 412 with the present row for another version. edit() locks `for no
// key update`: rows that refer to this one are written meanwhile. remove() locks `for update`, which waits for them, and the
// guards (db/violate.h) for it; the row stays, marked deleted, for the feed and for what refers to it.
//
// What else is written goes into a last argument, `(row, Writes& writes)`, which may return a Task (of a named coroutine) to read
// with `writes.tx` first; it may run again after a deadlock, and changes nothing but its arguments. Of a creation, only one that
// reads may change the row; it has a transaction, whose first statement is the key:
//
//     co_return co_await write.edit(variants, *id, *patch, [&](Variant& row, Writes& writes) { touch(writes, row.product_id, write.now()); });
//
// A row that is found by a key of its own, or locked behind other locks, is the handler's to find (live(), expected()) and to change, in
// a transaction; replace() is the end of an edit() then: version, time, row and feed (users/module.cpp).
//
// They are awaited in the handler itself, whose parts the function may refer to: `return write.edit(…)` does not compile, and says
// what to write.
//
// A permission that counts at single locations (auth::acts_at_places) is asked for at the row's, which the collection says
// (OfLocation); a collection that says nothing does not compile with it. All others, and those of `Edit<"…", Held::everywhere>`, are
// held everywhere or not at all.

#include <functional>
#include <memory>

#include "auth/caller.h"
#include "http/middleware/conditional.h"
#include "pos/location_permissions.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

// 201 with Location, or the stored reply of the first request.
template <class R>
using Created = http::JsonBytes<R, 201>;

// … or 200 with what the request had made before its key's row was removed.
template <class R>
using CreatedOrFound = http::JsonBytes<R, 201, 200>;

// A task that is awaited where it was made, as it refers to what lives there.
template <class T>
class [[nodiscard("co_await it: nothing is written before")]] AwaitHere {
public:
    explicit AwaitHere(async::Task<T> task) : task_(std::move(task)) {}
    AwaitHere(const AwaitHere&) = delete;
    AwaitHere& operator=(const AwaitHere&) = delete;
    auto operator co_await() && noexcept { return std::move(task_).operator co_await(); }
    // Of a `return` or `co_return` without co_await.
    template <class U>
    operator U() && {  // NOLINT(google-explicit-constructor): it is what a return asks for
        static_assert(!sizeof(U*),
                      "pos: write `co_return co_await write.edit(…)`: a write is awaited in its handler, "
                      "whose parts it refers to");
    }

private:
    async::Task<T> task_;
};

// What else a write writes: statements, and further entries of the feed. They stand before the row's own statement, but behind it
// in a creation that does not read.
struct Writes {
    db::Db tx;
    db::Batch& batch;
    std::vector<Change>& changes;
};

enum class Held : std::uint8_t { as_declared, everywhere };
enum class Versions : std::uint8_t { if_match, any };

// A patch on the fields of a row; 422 when the whole is not valid then.
template <class Fields>
void apply(const schema::Patch<Fields>& patch, Fields& fields) {
    patch.apply_to(fields);
    auto issues = schema::check(fields);
    if (!issues.empty()) throw base::Failure(http::errors::invalid, std::move(issues));
}

struct BulkBody;
struct BulkReply;
class Creator;
namespace detail {
struct BulkResource;
}

class Writer : public auth::Caller {
public:
    [[nodiscard]] base::Timestamp now() const { return runtime_->now(); }
    template <class Id>
    [[nodiscard]] Id new_id() const {
        return runtime_->new_id<Id>();
    }
    [[nodiscard]] Runtime& runtime() const { return *runtime_; }
    [[nodiscard]] RowMeta first_version() const;

protected:
    Writer(const auth::Caller& caller, http::Context& context, std::string_view permission);
    // In a transaction of its write.
    Writer(const Writer& write, db::Db tx);

    // What all shops share, or has a place: a permission that counts at single locations writes nothing else.
    void require_place(std::string_view collection, bool is_written_at_locations) const;
    // Taken behind the body, from whose end its deadline counts.
    [[nodiscard]] async::Task<db::Db> db() const;

    // 403, or 404 for who may not read there either: a row of another shop is not there.
    void require_for_edit(LocationId location) const;
    void require_for_create(LocationId location) const { require_at(permission_, location.uuid()); }

    http::Context* context_ = nullptr;
    Runtime* runtime_ = nullptr;
    std::string_view permission_{};
    bool is_held_everywhere_ = false;
    std::optional<db::Db> tx_{};
};

namespace detail {

template <http::FixedString Permission, Held held>
inline constexpr bool is_held_everywhere = held == Held::everywhere || !auth::acts_at_places<Permission>;

// The part of a route that only reads which asks for the same.
template <http::FixedString Permission, Held held>
using Proof = std::conditional_t<is_held_everywhere<Permission, held>, auth::Permitted<Permission>,
                                 auth::PermittedSomewhere<Permission>>;

template <http::FixedString Permission, Held held, class Rows>
consteval void require_place() {
    static_assert(
        is_held_everywhere<Permission, held> || Rows::Place::is_written_at_locations,
        "pos: this permission counts at single locations, and the collection does not say where its rows belong: "
        "write Collection<table, OfLocation<&Row::location_id>>; OfAllLocations if every shop may change them; or "
        "Held::everywhere");
}

}  // namespace detail

// ---- Creating ------------------------------------------------------------------------------------------------------

// What a create is about besides its row.
struct CreateRequest {
    std::string path;  // of the collection, as requested: part of the key's scope, and of Location
    std::optional<std::string> key;
    RequestBody body;  // for the key's fingerprint
};

namespace detail {

// Whether some reader sees less of a value of this type than another.
[[nodiscard]] bool has_restricted_members(const schema::Type& type);

// What was stored, of any size and release: today's limits and rules do not judge what was answered once. nullopt: no JSON. What this
// release cannot read of it is left out, and it is not `exact`.
template <class R>
[[nodiscard]] std::optional<R> read_stored(std::string_view stored, bool* exact = nullptr) {
    R value{};
    const auto error = schema::read_json(schema::type_of<R>, &value, stored,
                                         {.max_bytes = stored.size(), .max_issues = stored.size()});
    if (error && error->malformed != schema::Malformed::none) return std::nullopt;
    if (exact != nullptr) *exact = !error;
    return value;
}

// The stored reply as its bytes are, unless whoever repeats the request may see less of the row than who sent it first.
template <class R>
[[nodiscard]] std::string visible_part(std::string stored, const schema::View& view) {
    if (!has_restricted_members(schema::type_of<R>)) return stored;
    constexpr schema::View everything{
        .reader = {.may_see = [](const void*, std::string_view, const schema::Enclosing&) { return true; }}};
    bool exact = false;
    const auto row = read_stored<R>(stored, &exact);
    if (!row) throw std::logic_error("a stored reply is no JSON");
    auto visible = schema::to_json(*row, view);
    // What could not be read may be what the reader must not see.
    return exact && visible == schema::to_json(*row, everything) ? std::move(stored) : std::move(visible);
}

[[nodiscard]] std::optional<IdempotentRequest> idempotent_request(const CreateRequest& request, const db::Db& db);

// What a creation answers.
struct Outcome {
    StoredReply reply;
    bool replayed = false;
};
template <class R>
[[nodiscard]] Created<R> rendered(Outcome outcome, const schema::View& view) {
    if (outcome.replayed) outcome.reply.body = visible_part<R>(std::move(outcome.reply.body), view);
    return to_json_bytes<R, 201>(std::move(outcome.reply), outcome.replayed);
}

// What a creation that reads has made in its transaction, short of committing it.
struct Made {
    db::Batch batch;
    std::vector<Change> changes;
    base::Uuid id;
    std::string body;
};

// Runs `make` in a transaction, behind the key; for a repeated request not at all.
[[nodiscard]] async::Task<Outcome> create_behind_key(db::Db db, const Creator* write, CreateRequest request,
                                                     std::function<async::Task<Made>(db::Db)> make);
async::Task<http::JsonBytes<BulkReply>> perform_all(const Creator* write, BulkBody input, CreateRequest request,
                                                    BulkResource resource);

class CreateOnceBase {
public:
    CreateOnceBase(const auth::Caller& caller, Runtime& runtime, db::Db db, const CreateRequest& request, base::Uuid id,
                   std::string body);

    // Holds the key's statements already: a repeated request ends there, before it meets its own row.
    [[nodiscard]] db::Batch& batch() { return batch_; }
    [[nodiscard]] const db::Db& db() const { return db_; }

protected:
    [[nodiscard]] async::Task<Outcome> settle(std::vector<Change> changes);
    // Asking again would give the same answer, and the key is not another request's.
    [[nodiscard]] static bool may_be_done_before(const std::exception_ptr& failure);
    [[nodiscard]] schema::View view() const { return caller_.view(); }

private:
    auth::Caller caller_;
    db::Db db_;
    StoredReply reply_;
    db::Batch batch_;
    std::optional<IdempotentRequest> idempotent_;
    std::optional<Runtime::KeyGuard> running_;
};

}  // namespace detail

// A POST whose rows are the handler's own: it adds them to batch(), and commits. `R` is what is answered. Lives in its handler's
// frame until commit() is through.
template <class R>
class CreateOnce : public detail::CreateOnceBase {
public:
    CreateOnce(const auth::Caller& caller, Runtime& runtime, db::Db db, const CreateRequest& request, const R& reply,
               base::Uuid id)
        : CreateOnceBase(caller, runtime, std::move(db), request, id, schema::to_json(reply, caller.view())) {}

    [[nodiscard]] async::Task<Created<R>> commit(std::vector<Change> changes) {
        co_return detail::rendered<R>(co_await settle(std::move(changes)), view());
    }
    // For rows that know by themselves which request made them: `find()`, a Task<std::optional<R>>, is asked before anything is
    // refused, as replies are kept for 30 days and rows for longer.
    template <class Find>
    [[nodiscard]] async::Task<CreatedOrFound<R>> commit(std::vector<Change> changes, Find find) {
        std::exception_ptr failure;
        try {
            co_return co_await commit(std::move(changes));
        } catch (...) {
            failure = std::current_exception();
        }
        if (may_be_done_before(failure)) {
            if (const auto row = co_await find())
                co_return CreatedOrFound<R>{schema::to_json(*row, view()), 200, {{"Idempotent-Replayed", "resource"}}};
        }
        std::rethrow_exception(failure);
    }
};

class Creator : public Writer {
public:
    template <const auto& Table, class More = std::nullptr_t>
    AwaitHere<Created<typename Collection<Table>::Row>> create(
        const Collection<Table>& rows, const http::Body<New<typename Collection<Table>::Row>>& input,
        More more = {}) const {
        return create(rows, make<typename Collection<Table>::Row>(*input), input, std::move(more));
    }
    // A row that the handler has made; `body` is what was sent.
    template <const auto& Table, class More = std::nullptr_t>
    AwaitHere<Created<typename Collection<Table>::Row>> create(const Collection<Table>& rows,
                                                               typename Collection<Table>::Row row,
                                                               const RequestBody& body, More more = {}) const {
        return AwaitHere(create_row(this, &rows, std::move(row), body, std::move(more)));
    }

    // The row of its fields: the client's id or a new one, and its first version.
    template <class R>
    [[nodiscard]] R make(const New<R>& input) const {
        R row{};
        row.id = input.id.value_or(new_id<decltype(R::id)>());
        row.fields = input.fields;
        row.meta = first_version();
        return row;
    }

    // For rows of several tables that depend on what is read: `make(writes)`, a Task<R>, writes them in a transaction behind the key,
    // and says what is answered, under `id`.
    template <class R, class Make>
    [[nodiscard]] AwaitHere<Created<R>> create_all(base::Uuid id, const RequestBody& body, Make make) const {
        return AwaitHere(create_rows<R>(this, id, body, std::move(make)));
    }

    // For rows of several tables: `reply` is answered, under `id`.
    template <class R>
    [[nodiscard]] async::Task<CreateOnce<R>> once(R reply, base::Uuid id, CreateRequest request) const {
        const auto database = co_await db();
        co_return CreateOnce<R>(*this, *runtime_, database, request, reply, id);
    }
    template <class R>
    [[nodiscard]] async::Task<CreateOnce<R>> once(R reply, base::Uuid id, const RequestBody& body) const {
        return once(std::move(reply), id, request(body));
    }
    // … on a Db of the handler's.
    template <class R>
    [[nodiscard]] CreateOnce<R> once(db::Db db, const R& reply, base::Uuid id, const RequestBody& body) const {
        return {*this, *runtime_, std::move(db), request(body), reply, id};
    }

    [[nodiscard]] const std::optional<std::string>& key() const { return key_; }
    [[nodiscard]] CreateRequest request(const RequestBody& body) const;
    [[nodiscard]] http::Context& context() const { return *context_; }

protected:
    Creator(const auth::Caller& caller, http::Context& context, std::string_view permission,
            std::optional<std::string> key)
        : Writer(caller, context, permission), key_(std::move(key)) {}

private:
    friend async::Task<http::JsonBytes<BulkReply>> detail::perform_all(const Creator* write, BulkBody input,
                                                                       CreateRequest request,
                                                                       detail::BulkResource resource);

    template <const auto& Table, class R, class More>
    static async::Task<Created<R>> create_row(const Creator* write, const Collection<Table>* rows, R row,
                                              RequestBody body, More more) {
        write->require_place(rows->name, rows->is_written_at_locations);
        if (rows->location_of != nullptr) write->require_for_create(rows->location_of(row));
        if constexpr (std::same_as<More, std::nullptr_t>) {
            auto once = co_await write->once(row, row.id.uuid(), body);
            once.batch().add(rows->add, row);
            co_return co_await once.commit({change_of(*rows, row)});
        } else if constexpr (std::is_void_v<std::invoke_result_t<More&, R&, Writes&>>) {
            auto once = co_await write->once(row, row.id.uuid(), body);
            std::vector<Change> changes{change_of(*rows, row)};
            once.batch().add(rows->add, row);
            Writes writes{once.db(), once.batch(), changes};
            more(std::as_const(row), writes);
            co_return co_await once.commit(std::move(changes));
        } else {
            const auto database = co_await write->db();
            auto outcome = co_await detail::create_behind_key(
                database, write, write->request(body),
                [write, rows, &row, &more](db::Db tx) { return make_row(tx, write, rows, row, &more); });
            co_return detail::rendered<R>(std::move(outcome), write->view());
        }
    }

    template <class R, class Make>
    static async::Task<Created<R>> create_rows(const Creator* write, base::Uuid id, RequestBody body, Make make) {
        const auto database = co_await write->db();
        auto outcome = co_await detail::create_behind_key(
            database, write, write->request(body),
            [write, id, &make](db::Db tx) { return make_rows(tx, write, id, &make); });
        co_return detail::rendered<R>(std::move(outcome), write->view());
    }

    template <class Make>
    static async::Task<detail::Made> make_rows(db::Db tx, const Creator* write, base::Uuid id, Make* make) {
        detail::Made made{.batch = tx.batch(), .changes = {}, .id = id, .body = {}};
        Writes writes{tx, made.batch, made.changes};
        made.body = schema::to_json(co_await (*make)(writes), write->view());
        co_return made;
    }

    template <const auto& Table, class R, class More>
    static async::Task<detail::Made> make_row(db::Db tx, const Creator* write, const Collection<Table>* rows, R row,
                                              More* more) {
        detail::Made made{.batch = tx.batch(), .changes = {}, .id = row.id.uuid(), .body = {}};
        Writes writes{tx, made.batch, made.changes};
        co_await (*more)(row, writes);
        made.changes.insert(made.changes.begin(), change_of(*rows, row));
        made.batch.add(rows->add, row);
        made.body = schema::to_json(row, write->view());
        co_return made;
    }

    std::optional<std::string> key_;
};

// The part of a POST that makes a row. `Key` is IdempotencyKeyHeader where nothing but the key tells a repetition.
template <http::FixedString Permission, Held held = Held::as_declared, class Key = IdempotencyHeader>
class Create : public Creator {
public:
    template <class Rows, class... Arguments>
    auto create(const Rows& rows, Arguments&&... arguments) const {
        detail::require_place<Permission, held, Rows>();
        return Creator::create(rows, std::forward<Arguments>(arguments)...);
    }

    static async::Task<Create> read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);

private:
    using Creator::Creator;
};

// ---- Changing and deleting -------------------------------------------------------------------------------------------

namespace detail {

[[noreturn]] void throw_deleted_by_edit(std::string_view table);

}  // namespace detail

class Editor : public Writer {
public:
    // An item of a bulk: in its savepoint, whose entries of the feed are recorded together.
    Editor(const Writer& write, db::Db tx, http::VersionMatch expected, std::vector<Change>& feed)
        : Writer(write, std::move(tx)), expected_(std::move(expected)), feed_(&feed) {}

    [[nodiscard]] const http::VersionMatch& expected() const { return expected_; }

    template <const auto& Table, class Fields, class More = std::nullptr_t>
    AwaitHere<typename Collection<Table>::Row> edit(const Collection<Table>& rows, typename Collection<Table>::Id id,
                                                    const schema::Patch<Fields>& patch, More more = {}) const {
        if constexpr (std::same_as<More, std::nullptr_t>) {
            return edit(rows, id, [&patch](auto& row, Writes&) { apply(patch, row.fields); });
        } else {
            return edit(rows, id, [&patch, more = std::move(more)](auto& row, Writes& writes) {
                apply(patch, row.fields);
                return more(row, writes);
            });
        }
    }
    // `change(row, writes)` changes the row.
    template <const auto& Table, class Function>
        requires std::invocable<Function, typename Collection<Table>::Row&, Writes&>
    AwaitHere<typename Collection<Table>::Row> edit(const Collection<Table>& rows, typename Collection<Table>::Id id,
                                                    Function change) const {
        return AwaitHere(run<false>(this, &rows, id, std::move(change)));
    }
    template <const auto& Table, class More = std::nullptr_t>
    AwaitHere<http::NoContent> remove(const Collection<Table>& rows, typename Collection<Table>::Id id,
                                      More more = {}) const {
        return AwaitHere(remove_row(this, &rows, id, std::move(more)));
    }

    // Adds to `batch`, last, what every change of a row ends with. The row is as it was locked but for what has changed.
    template <const auto& Table>
    void replace(db::Batch& batch, const Collection<Table>& rows, typename Collection<Table>::Row& row,
                 std::vector<Change> changes = {}) const {
        const auto before = row.meta.version;
        row.meta.version = next_version(before);
        row.meta.updated_at = now();
        batch.add(rows.replace, row, before);
        changes.insert(changes.begin(),
                       change_of(rows, row, row.meta.deleted_at ? ChangeKind::deleted : ChangeKind::updated));
        record(batch, std::move(changes));
    }

protected:
    Editor(const auth::Caller& caller, http::Context& context, std::string_view permission, http::VersionMatch expected)
        : Writer(caller, context, permission), expected_(std::move(expected)) {}

private:
    template <const auto& Table, class Id, class More>
    static async::Task<http::NoContent> remove_row(const Editor* write, const Collection<Table>* rows, Id id,
                                                   More more) {
        if constexpr (std::same_as<More, std::nullptr_t>) {
            co_await run<true>(write, rows, id, [](auto&, Writes&) {});
        } else {
            co_await run<true>(write, rows, id, std::move(more));
        }
        co_return http::NoContent{};
    }

    // The savepoint of an item of a bulk is enough: another one inside it would double what PostgreSQL has to keep track of.
    template <bool removes, const auto& Table, class Id, class Function>
    static async::Task<typename Collection<Table>::Row> run(const Editor* write, const Collection<Table>* rows, Id id,
                                                            Function function) {
        if (write->tx_) co_return co_await locked<removes>(*write->tx_, write, rows, id, std::move(function));
        const auto database = co_await write->db();
        co_return co_await database.transaction(
            [&](db::Db tx) { return locked<removes>(tx, write, rows, id, function); });
    }

    template <bool removes, const auto& Table, class Id, class Function>
    static async::Task<typename Collection<Table>::Row> locked(db::Db tx, const Editor* write,
                                                               const Collection<Table>* rows, Id id,
                                                               Function function) {
        const auto& lock = removes ? rows->lock.to_remove : rows->lock;
        auto row = live(co_await tx.one(lock, id));
        write->require_place(rows->name, rows->is_written_at_locations);
        if (rows->location_of != nullptr) write->require_for_edit(rows->location_of(row));
        if (!write->expected_.matches(row.meta.version))
            throw write->expected_.conflict(schema::to_json(row, write->view()));

        auto batch = tx.batch();
        std::vector<Change> changes;
        Writes writes{tx, batch, changes};
        if (removes) row.meta.deleted_at = write->now();
        if constexpr (std::is_void_v<decltype(function(row, writes))>) {
            function(row, writes);
        } else {
            co_await function(row, writes);
        }
        if (!removes && row.meta.deleted_at) detail::throw_deleted_by_edit(rows->name);
        write->replace(batch, *rows, row, std::move(changes));
        co_await batch.commit();
        co_return row;
    }

    void record(db::Batch& batch, std::vector<Change> changes) const;

    http::VersionMatch expected_;
    std::vector<Change>* feed_ = nullptr;
};

// The part of a PATCH or a DELETE: with If-Match, which is required, unless any version will do.
template <http::FixedString Permission, Held held = Held::as_declared, Versions versions = Versions::if_match>
class Edit : public Editor {
public:
    template <class Rows, class... Arguments>
    auto edit(const Rows& rows, Arguments&&... arguments) const {
        detail::require_place<Permission, held, Rows>();
        return Editor::edit(rows, std::forward<Arguments>(arguments)...);
    }
    template <class Rows, class... Arguments>
    auto remove(const Rows& rows, Arguments&&... arguments) const {
        detail::require_place<Permission, held, Rows>();
        return Editor::remove(rows, std::forward<Arguments>(arguments)...);
    }

    static async::Task<Edit> read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);

private:
    using Editor::Editor;
};

// ---- How the parts are read ------------------------------------------------------------------------------------------

namespace detail {

// What every write has besides its Proof.
void describe_writer(http::Operation& operation);
void describe_if_match(http::Operation& operation);

}  // namespace detail

template <http::FixedString Permission, Held held, class Key>
async::Task<Create<Permission, held, Key>> Create<Permission, held, Key>::read(http::Context& context,
                                                                               http::Findings& findings) {
    const auto caller = co_await detail::Proof<Permission, held>::read(context, findings);
    Create write(caller, context, Permission.view(), Key::read(context, findings).key);
    write.is_held_everywhere_ = detail::is_held_everywhere<Permission, held>;
    co_return write;
}
template <http::FixedString Permission, Held held, class Key>
void Create<Permission, held, Key>::describe(http::Operation& operation) {
    detail::Proof<Permission, held>::describe(operation);
    detail::describe_writer(operation);
    Key::describe(operation);
    operation.can_fail(errors::id_taken);
}

template <http::FixedString Permission, Held held, Versions versions>
async::Task<Edit<Permission, held, versions>> Edit<Permission, held, versions>::read(http::Context& context,
                                                                                     http::Findings& findings) {
    const auto caller = co_await detail::Proof<Permission, held>::read(context, findings);
    auto expected = http::VersionMatch{.any = true};
    if constexpr (versions == Versions::if_match) expected = http::require_if_match(context);
    Edit write(caller, context, Permission.view(), std::move(expected));
    write.is_held_everywhere_ = detail::is_held_everywhere<Permission, held>;
    co_return write;
}
template <http::FixedString Permission, Held held, Versions versions>
void Edit<Permission, held, versions>::describe(http::Operation& operation) {
    detail::Proof<Permission, held>::describe(operation);
    detail::describe_writer(operation);
    if constexpr (versions == Versions::if_match) detail::describe_if_match(operation);
    operation.can_fail(errors::row_not_found);
}

}  // namespace pos
