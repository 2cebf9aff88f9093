#pragma once
// Db: what a handler works with. A small value: which tenant, until when, and on what (a pool, or the open transaction). Every
// statement travels with its tenant setting in one implicit transaction, so row level security stands behind each
// `tenant_id = $1`.
//
//     auto product = co_await db.one(product_by_id, id);                        // std::optional<Product>
//     auto levels = co_await db.all(levels_of, location);                       // std::vector<StockLevel>
//     auto changed = co_await db.run(product_replace, product, old_version);    // rows changed
//     auto page = co_await db.page(product_page, request, category);            // db::Page<Product>
//
//     db::Batch batch = db.batch();                                             // one round trip, all or nothing
//     batch.add(insert_sale, sale);
//     batch.add(insert_lines, lines);
//     co_await batch.commit();
//
//     co_await db.transaction([&](db::Db tx) { return settle(tx, invoice); });  // reads in between; run again on conflicts
//
//     auto products = db.stream(all_products);                                  // any number of rows, a piece at a time (row_stream.h)
//     co_await import(db.with_deadline(body.deadline()));                       // the same Db with more time, or less
//
// Errors: a violated constraint is thrown as the error it was declared with; db.unavailable, db.timeout, db.overloaded (503),
// db.outcome_unknown and db.serialization are retriable, everything else is final (error.h). A function that takes a Db works inside and outside of
// transactions.
//
// SystemDb is the same for what happens before a tenant is known (sign-up, login, look-ups of tokens, relays): it runs
// SystemQuery, as the app_system role. bin/lint lists its users. A statement of the one kind does not compile on the other:
// neither alone, nor in a batch, nor in a transaction. Where both are one effect (a new member is a row of users, too), the tenant's
// Db is made of the SystemDb, and says where a statement of the system joins in:
//
//     const db::ActingDb acting = system.as_tenant(tenant);
//     db::Batch batch = acting.batch();
//     batch.add(add_membership, membership);
//     acting.system(batch).add(add_user, user);

#include "async/task.h"
#include "db/announcements.h"
#include "db/catalogue.h"
#include "db/database.h"
#include "db/page.h"
#include "db/row.h"
#include "db/row_stream.h"
#include "observe/span.h"

namespace db {

// The databases of one loop. What it points at outlives it.
struct Databases {
    Database* app;
    Database* system;
    const Catalogue* catalogue;
    Announcements* announcements = nullptr;  // of what their batches commit; none: nobody is told
};

// How far ahead the deadline of a Db may be set.
inline constexpr std::chrono::hours longest_work{1};

template <class R>
struct BatchSlot {
    std::size_t index;
};

template <bool System>
class BasicBatch;
using Batch = BasicBatch<false>;  // of a tenant's statements
using SystemBatch = BasicBatch<true>;
class BatchResults;
class ActingDb;

namespace detail {

// Where statements go.
struct Target {
    const Databases* databases = nullptr;
    Database* database = nullptr;
    Transaction* transaction = nullptr;
    Scope scope;
    async::SteadyTime deadline;
    const observe::SpanContext* span = nullptr;  // whose children the statements are
};

// A client's span, named as the statement is.
observe::Span statement_span(const observe::SpanContext* parent, std::string_view name);
async::Task<Result> execute(Target target, const Statement* statement, Parameters parameters);
std::unique_ptr<CursorReader> open_cursor_reader(const Target& target, const Statement& statement,
                                                 Parameters parameters);
using Callback = std::move_only_function<void()>;
using Callbacks = std::vector<Callback>;
// Called with what the batch gave, for what is called after the commit.
using ResultCallbacks = std::vector<std::move_only_function<Callback(const BatchResults& results)>>;
async::Task<BatchResults> commit_all(Target target, std::vector<Call> calls, Callbacks callbacks,
                                     ResultCallbacks with_results);
[[noreturn]] void throw_not_of_the_system();
[[noreturn]] void throw_not_one(std::string_view statement, std::size_t rows);
[[noreturn]] void throw_bad_cursor();
std::string cursor_scope(const Target& target, std::string_view statement, const Parameters& arguments);
void read_cursor_value(const schema::Type& type, std::string_view json, void* out);

template <class R>
R read_one(const Result& result, std::size_t row) {
    R value{};
    read_row(result, row, schema::type_of<R>, &value);
    return value;
}

template <class R>
std::vector<R> read_all(const Result& result) {
    std::vector<R> rows(result.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) read_row(result, i, schema::type_of<R>, &rows[i]);
    return rows;
}

template <class R>
async::Task<std::optional<R>> fetch_one(async::Task<Result> execution) {
    const auto result = co_await execution;
    if (result.rows() == 0) co_return std::nullopt;
    co_return read_one<R>(result, 0);
}
template <class R>
async::Task<R> fetch_only(std::string_view name, async::Task<Result> execution) {
    const auto result = co_await execution;
    if (result.rows() != 1) throw_not_one(name, result.rows());
    co_return read_one<R>(result, 0);
}
template <class R>
async::Task<std::vector<R>> fetch_all(async::Task<Result> execution) {
    const auto result = co_await execution;
    co_return read_all<R>(result);
}
async::Task<std::int64_t> fetch_affected(async::Task<Result> execution);

template <class Key>
std::vector<std::string> write_key(const Key& key) {
    return std::apply([](const auto&... column) { return std::vector<std::string>{schema::to_json(column)...}; }, key);
}

struct PageCut {
    std::string_view secret;
    std::string scope;
    std::int32_t limit;
};

async::Task<PageCount> fetch_count(async::Task<Result> execution);

template <class R, class Key>
async::Task<Page<R>> fetch_page(PageCut cut, Key (*key_of)(const R&), async::Task<Result> execution,
                                std::optional<async::Task<PageCount>> counting) {
    const auto result = co_await execution;
    Page<R> page{read_all<R>(result), std::nullopt, {}};
    if (counting) page.count = co_await *counting;
    if (page.data.size() > static_cast<std::size_t>(cut.limit)) {
        page.data.pop_back();
        page.next_cursor = seal_cursor(cut.secret, cut.scope, write_key(key_of(page.data.back())));
    }
    co_return page;
}

template <class... Args>
void append_arguments(Parameters& parameters, const Args&... args) {
    (append_argument(parameters, schema::type_of<Args>, &args), ...);
}

template <class Key, std::size_t... I>
Key read_key(const std::vector<std::string>& values, std::index_sequence<I...>) {
    Key key;
    if (values.size() != sizeof...(I)) throw_bad_cursor();
    (read_cursor_value(schema::type_of<std::tuple_element_t<I, Key>>, values[I], &std::get<I>(key)), ...);
    return key;
}

}  // namespace detail

template <bool System>
class BasicDb {
public:
    explicit BasicDb(detail::Target target) noexcept : target_(target) {}

    // The row, if there is one.
    template <class R, class... Args>
    async::Task<std::optional<R>> one(const TypedQuery<System, R(Args...)>& query,
                                      const std::type_identity_t<Args>&... args) const {
        return detail::fetch_one<R>(start(query, args...));
    }
    // Exactly one row; anything else is a fault of the program (aggregates, `returning` after an insert).
    template <class R, class... Args>
    async::Task<R> only(const TypedQuery<System, R(Args...)>& query, const std::type_identity_t<Args>&... args) const {
        return detail::fetch_only<R>(query.name, start(query, args...));
    }
    template <class R, class... Args>
    async::Task<std::vector<R>> all(const TypedQuery<System, R(Args...)>& query,
                                    const std::type_identity_t<Args>&... args) const {
        return detail::fetch_all<R>(start(query, args...));
    }
    // The number of rows that were inserted, changed or removed.
    template <class R, class... Args>
    async::Task<std::int64_t> run(const TypedQuery<System, R(Args...)>& query,
                                  const std::type_identity_t<Args>&... args) const {
        return detail::fetch_affected(start(query, args...));
    }

    template <class R, class Key, class... Args>
    async::Task<Page<R>> page(const PageQuery<R, Key, Args...>& query, PageRequest request,
                              const std::type_identity_t<Args>&... args) const
        requires(!System)
    {
        auto parameters = begin();
        detail::append_arguments(parameters, args...);
        auto scope = detail::cursor_scope(target_, query.first.name, parameters);
        const auto* statement = &find(query.first);
        std::optional<async::Task<PageCount>> counting;
        if (request.count) counting = start_count(query, args...);
        if (request.cursor) {
            const auto values = open_cursor(target_.databases->catalogue->cursor_secret(), scope, *request.cursor);
            if (!values) detail::throw_bad_cursor();
            const auto key = detail::read_key<Key>(*values, std::make_index_sequence<std::tuple_size_v<Key>>{});
            std::apply([&](const auto&... column) { detail::append_arguments(parameters, column...); }, key);
            statement = &find(query.after);
        }
        // One more than asked for tells whether there is a next page.
        detail::append_arguments(parameters, request.limit + 1);
        return detail::fetch_page<R>({target_.databases->catalogue->cursor_secret(), std::move(scope), request.limit},
                                     query.key_of, detail::execute(target_, statement, std::move(parameters)),
                                     std::move(counting));
    }

    // All rows of one statement that only reads, in a transaction of its own. Nothing is asked of the database before the first
    // next_rows(). Not inside a transaction.
    template <class R, class... Args>
    [[nodiscard]] RowStream<R> stream(const TypedQuery<System, R(Args...)>& query,
                                      const std::type_identity_t<Args>&... args) const {
        auto parameters = begin();
        detail::append_arguments(parameters, args...);
        return RowStream<R>(detail::open_cursor_reader(target_, find(query), std::move(parameters)));
    }

    [[nodiscard]] BasicBatch<System> batch() const { return BasicBatch<System>(target_); }

    // `work(BasicDb)` returns a Task; it may run several times (40001, 40P01). What the callable holds lives until the end.
    template <class Work,
              class T = decltype(std::declval<Work&>()(std::declval<BasicDb>()).operator co_await().await_resume())>
    async::Task<T> transaction(Work work, Isolation isolation = Isolation::read_committed) const {
        return run_transaction<Work, T>(target_, std::move(work), {.isolation = isolation});
    }
    // Reads of one moment (repeatable read, read only), on the server that takes writes: a replica may be behind what was read before.
    // `bulk`: for seconds, on the connections for bulks.
    template <class Work,
              class T = decltype(std::declval<Work&>()(std::declval<BasicDb>()).operator co_await().await_resume())>
    async::Task<T> read_together(Work work, bool bulk = false) const {
        return run_transaction<Work, T>(target_, std::move(work),
                                        {.isolation = Isolation::repeatable_read, .read_only = true, .bulk = bulk});
    }
    // As transaction(), for hundreds of statements: on connections of its own, beside those that short writes wait for.
    template <class Work,
              class T = decltype(std::declval<Work&>()(std::declval<BasicDb>()).operator co_await().await_resume())>
    async::Task<T> bulk_transaction(Work work) const {
        return run_transaction<Work, T>(target_, std::move(work), {.bulk = true});
    }

    [[nodiscard]] base::Uuid tenant() const { return target_.scope.tenant.value_or(base::Uuid{}); }
    [[nodiscard]] async::SteadyTime deadline() const noexcept { return target_.deadline; }
    // Of work that outlasts what this Db was made for: an upload that is read piece by piece, an export. At most an hour from now. An
    // open transaction keeps its own. No Db outlasts its request or job, as their span is its parent; but a conversation that the
    // request was upgraded to keeps it.
    [[nodiscard]] BasicDb with_deadline(async::SteadyTime deadline) const {
        auto target = target_;
        target.deadline = std::min(deadline, async::Loop::now() + longest_work);
        return BasicDb(target);
    }
    [[nodiscard]] async::Loop& loop() const noexcept { return target_.database->loop(); }
    [[nodiscard]] const observe::SpanContext* span() const noexcept { return target_.span; }

    // The same connection or transaction, bound to a tenant: what sign-up and relays write a tenant's rows with.
    [[nodiscard]] ActingDb as_tenant(base::Uuid tenant) const
        requires System;

private:
    template <bool>
    friend class BasicDb;
    friend class ActingDb;
    friend class UnverifiedDb;

    [[nodiscard]] Parameters begin() const {
        Parameters parameters;
        if constexpr (!System) parameters.append(*target_.scope.tenant);
        return parameters;
    }
    template <class Q>
    [[nodiscard]] const Statement& find(const Q& query) const {
        return target_.databases->catalogue->statement(&query, query.name);
    }
    template <class Q, class... Args>
    async::Task<Result> start(const Q& query, const Args&... args) const {
        auto parameters = begin();
        detail::append_arguments(parameters, args...);
        return detail::execute(target_, &find(query), std::move(parameters));
    }
    template <class Q, class... Args>
    async::Task<PageCount> start_count(const Q& query, const Args&... args) const {
        auto parameters = begin();
        detail::append_arguments(parameters, args..., max_page_count + 1);
        const auto& statement = target_.databases->catalogue->statement(query.count_identity(), query.first.name);
        return detail::fetch_count(detail::execute(target_, &statement, std::move(parameters)));
    }
    // Static, and all by value: a task may be returned out of the function whose Db made it.
    template <class Work, class T>
    static async::Task<T> run_transaction(detail::Target target, Work work, TransactionOptions options) {
        if (target.transaction != nullptr) {
            // Inside a transaction already: a savepoint.
            co_return co_await target.transaction->template savepoint<T>([&work, target](Transaction& inner) {
                auto nested = target;
                nested.transaction = &inner;
                return work(BasicDb(nested));
            });
        } else {
            options.scope = target.scope;
            options.deadline = target.deadline;
            auto span = detail::statement_span(target.span, "transaction");
            target.span = span.context();
            try {
                co_return co_await target.database->template transaction<T>(options,
                                                                            [&work, target](Transaction& transaction) {
                                                                                auto inside = target;
                                                                                inside.transaction = &transaction;
                                                                                return work(BasicDb(inside));
                                                                            });
            } catch (...) {
                span.fail(std::current_exception());
                throw;
            }
        }
    }

    detail::Target target_;
};

using Db = BasicDb<false>;
using SystemDb = BasicDb<true>;

// What a committed batch gave.
class BatchResults {
public:
    explicit BatchResults(std::vector<Result> results) : results_(std::move(results)) {}

    template <class R>
    [[nodiscard]] std::optional<R> one(BatchSlot<R> slot) const {
        const auto& result = results_.at(slot.index);
        if (result.rows() == 0) return std::nullopt;
        return detail::read_one<R>(result, 0);
    }
    template <class R>
    [[nodiscard]] std::vector<R> all(BatchSlot<R> slot) const {
        return detail::read_all<R>(results_.at(slot.index));
    }
    template <class R>
    [[nodiscard]] std::int64_t affected(BatchSlot<R> slot) const {
        return static_cast<std::int64_t>(results_.at(slot.index).affected());
    }

private:
    std::vector<Result> results_;
};

// Statements that go out together: one round trip, one implicit transaction (inside a transaction: one round trip of it).
// A statement cannot use what another one returned; ids are made by us or the client.
template <bool System>
class BasicBatch {
public:
    explicit BasicBatch(detail::Target target) : target_(target) {}

    template <class R, class... Args>
    BatchSlot<R> add(const TypedQuery<System, R(Args...)>& query, const std::type_identity_t<Args>&... args) {
        Parameters parameters;
        if constexpr (!System) parameters.append(*target_.scope.tenant);
        detail::append_arguments(parameters, args...);
        return push<R>(query, std::move(parameters));
    }
    template <class R, class... Args>
    void add(const TypedQuery<!System, R(Args...)>& /*query*/, const auto&... /*args*/) {
        static_assert(
            false,
            "db: a tenant's statement goes into a Batch, one of the system into a SystemBatch; where both are one "
            "effect, into ActingDb::system(batch)");
    }
    // Called once the batch, or the transaction around it, is committed (Transaction::after_commit).
    void after_commit(std::move_only_function<void()> callback) { after_commit_.push_back(std::move(callback)); }
    // The same, with the row that one of its statements gave, if it gave one.
    template <class R>
    void after_commit(BatchSlot<R> slot, std::move_only_function<void(std::optional<R>)> callback) {
        with_results_.emplace_back([slot, callback = std::move(callback)](
                                       const BatchResults& results) mutable -> detail::Callback {
            return [row = results.one(slot), callback = std::move(callback)]() mutable { callback(std::move(row)); };
        });
    }
    // Once it is committed, whoever listens on this loop hears of it (db/announcements.h).
    void announce(AnnouncedRows rows)
        requires(!System)
    {
        if (auto* to = announcements()) to->write(*this, {rows});
        after_commit([to = announcements(), tenant = tenant(), rows = std::move(rows)] {
            if (to != nullptr) to->tell({.tenant = tenant, .rows = {rows}});
        });
    }
    [[nodiscard]] Announcements* announcements() const noexcept { return target_.databases->announcements; }
    // Returning means committed. Runs once; a failure throws and nothing was kept.
    [[nodiscard]] async::Task<BatchResults> commit() {
        return detail::commit_all(target_, std::move(calls_), std::move(after_commit_), std::move(with_results_));
    }
    [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
    // What a job that is added to it is a child of.
    [[nodiscard]] const observe::SpanContext* span() const noexcept { return target_.span; }
    // Whose rows its statements are about.
    [[nodiscard]] base::Uuid tenant() const
        requires(!System)
    {
        return *target_.scope.tenant;
    }

private:
    friend class SystemStatements;
    friend class ActingDb;

    template <class R, class Q>
    BatchSlot<R> push(const Q& query, Parameters parameters) {
        calls_.push_back({&target_.databases->catalogue->statement(&query, query.name), std::move(parameters)});
        return {calls_.size() - 1};
    }

    detail::Target target_;
    std::vector<Call> calls_;
    detail::Callbacks after_commit_;
    detail::ResultCallbacks with_results_;
};

// Where a statement of the system is added: to a SystemBatch, or to the batch of an ActingDb. As valid as that batch.
class SystemStatements {
public:
    SystemStatements(SystemBatch& batch) : own_(&batch) {}  // NOLINT(google-explicit-constructor): it is one

    template <class R, class... Args>
    BatchSlot<R> add(const SystemQuery<R(Args...)>& query, const std::type_identity_t<Args>&... args) const {
        if (own_ != nullptr) return own_->add(query, args...);
        Parameters parameters;
        detail::append_arguments(parameters, args...);
        return tenants_->push<R>(query, std::move(parameters));
    }

private:
    friend class ActingDb;
    explicit SystemStatements(Batch& batch) : tenants_(&batch) {}

    SystemBatch* own_ = nullptr;
    Batch* tenants_ = nullptr;
};

// A tenant's Db on a connection of the system: a Db for whoever takes one, and the way to write both in one batch.
class ActingDb : public Db {
public:
    // Statements of the system in a batch of this Db (or of a Db that was made of it); std::logic_error for another's.
    [[nodiscard]] SystemStatements system(Batch& batch) const {
        if (batch.target_.database != target_.database) detail::throw_not_of_the_system();
        return SystemStatements(batch);
    }

    // As Db::transaction(), with `work(ActingDb)`.
    template <class Work>
    auto transaction(Work work, Isolation isolation = Isolation::read_committed) const {
        return Db::transaction([work = std::move(work)](Db inside) mutable { return work(ActingDb(inside)); },
                               isolation);
    }

private:
    template <bool>
    friend class BasicDb;
    explicit ActingDb(const Db& db) : Db(db) {}
};

template <bool System>
ActingDb BasicDb<System>::as_tenant(base::Uuid tenant) const
    requires System
{
    auto target = target_;
    target.scope = Scope{tenant};
    return ActingDb(Db(target));
}

// A tenant's Db needs a verified caller: auth/ makes it for handlers.
// `span`: of the request or the job, which outlives the Db; its statements and transactions are children of it.
[[nodiscard]] Db tenant_db(const Databases& databases, base::Uuid tenant, async::SteadyTime deadline,
                           const observe::SpanContext* span = nullptr);
[[nodiscard]] SystemDb system_db(const Databases& databases, async::SteadyTime deadline,
                                 const observe::SpanContext* span = nullptr);

// The StatementViews of queries and pages, and of what has several of them (`statements()`), for app::Module::statements.
namespace detail {
template <class Q>
void append_views(std::vector<StatementView>& views, const Q& query) {
    if constexpr (requires { query.first; }) {
        views.push_back(query.first.view());
        views.push_back(query.after.view());
        views.push_back(query.count_view());
    } else if constexpr (requires { query.statements(); }) {
        for (auto& view : query.statements()) views.push_back(view);
    } else {
        views.push_back(query.view());
        if constexpr (requires { query.to_remove; }) views.push_back(query.to_remove.view());
    }
}
}  // namespace detail
template <class... Queries>
[[nodiscard]] std::vector<StatementView> statements(const Queries&... queries) {
    std::vector<StatementView> views;
    (detail::append_views(views, queries), ...);
    return views;
}

}  // namespace db
