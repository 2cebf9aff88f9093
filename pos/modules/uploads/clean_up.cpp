#include "pos/modules/uploads/clean_up.h"

#include <fmt/format.h>

#include "pos/modules/files/keys.h"
#include "pos/modules/files/owner.h"
#include "pos/modules/files/part_uploads.h"
#include "pos/modules/files/stored_files.h"
#include "pos/modules/images/maker.h"
#include "pos/modules/uploads/statements.h"
#include "uploads/pieces.h"

namespace pos {

namespace {

using db::Kind;

// Of one statement, and of one run of each step.
constexpr std::int64_t portion = 100;
constexpr std::int64_t most_rows = 5'000;
constexpr int most_portions = 10;
constexpr int most_pages = 20;  // of storage::most_listed files
constexpr std::chrono::seconds of_a_file{30};
// More files than these missing in a row of looks, and more than half of them, is a fault of the storage and not of the rows.
constexpr std::int64_t few = 5;

async::SteadyTime soon() { return async::Loop::now() + of_a_file; }

struct TenantRow {
    base::Uuid tenant_id;
    base::Uuid id;
    std::optional<std::string> sha256;

    friend constexpr auto describe(TenantRow*) {
        return schema::object<TenantRow>("TenantRow", schema::field<&TenantRow::tenant_id>("tenantId"),
                                         schema::field<&TenantRow::id>("id"),
                                         schema::field<&TenantRow::sha256>("sha256", {.text = schema::Text::raw}));
    }
};

struct LookedAtRow {
    base::Uuid tenant_id;
    base::Uuid id;
    std::optional<std::string> sha256;
    bool is_lost = false;

    friend constexpr auto describe(LookedAtRow*) {
        return schema::object<LookedAtRow>("LookedAtRow", schema::field<&LookedAtRow::tenant_id>("tenantId"),
                                           schema::field<&LookedAtRow::id>("id"),
                                           schema::field<&LookedAtRow::sha256>("sha256", {.text = schema::Text::raw}),
                                           schema::field<&LookedAtRow::is_lost>("isLost"));
    }
};

struct ExpiredRow {
    base::Uuid tenant_id;
    base::Uuid id;
    base::Timestamp expires_at;

    friend constexpr auto describe(ExpiredRow*) {
        return schema::object<ExpiredRow>("ExpiredRow", schema::field<&ExpiredRow::tenant_id>("tenantId"),
                                          schema::field<&ExpiredRow::id>("id"),
                                          schema::field<&ExpiredRow::expires_at>("expiresAt"));
    }
};

// ---- What has expired, or was left ---------------------------------------------------------------------------------

// Behind those that were looked at in this run: what cannot be removed stands in nobody's way.
constexpr db::SystemQuery<ExpiredRow(base::Timestamp, base::Uuid, std::int64_t)> expired{
    {"files.expired",
     "select tenant_id, id, expires_at from uploads where state = 'open' and expires_at < now() "
     "and (expires_at, id) > ($1, $2) order by expires_at, id limit $3",
     Kind::read}};
constexpr db::SystemQuery<std::int64_t(base::Uuid, base::Uuid)> expire{
    {"files.expire",
     "with ended as ("
     "  update uploads set state = 'expired', updated_at = now() "
     "  where tenant_id = $1 and id = $2 and state = 'open' and expires_at < now() returning id, image_id, "
     "document_id), "
     "pieces as ("
     "  delete from upload_pieces where tenant_id = $1 and upload_id in (select id from ended)), "
     "dropped_images as ("
     "  update images set deleted_at = now(), updated_at = now() where tenant_id = $1 and status = 'pending' "
     "  and deleted_at is null and id in (select image_id from ended)), "
     "dropped_documents as ("
     "  update documents set deleted_at = now(), updated_at = now() where tenant_id = $1 and status = 'pending' "
     "  and deleted_at is null and id in (select document_id from ended)) "
     "select count(*) from ended",
     Kind::write}};
// A request that makes one takes half an hour at most. Its key is free again.
constexpr db::SystemQuery<std::int64_t(std::int64_t)> abandon_images{
    {"files.abandon_images",
     "with gone as ("
     "  update images set deleted_at = now(), updated_at = now(), request_key = null where (tenant_id, id) in ("
     "    select i.tenant_id, i.id from images i where i.status = 'pending' and i.deleted_at is null "
     "    and i.created_at < now() - interval '2 hours' and not exists (select from uploads u "
     "      where u.tenant_id = i.tenant_id and u.image_id = i.id and u.state = 'open') limit $1) "
     "  and status = 'pending' returning id) select count(*) from gone",
     Kind::write}};
constexpr db::SystemQuery<std::int64_t(std::int64_t)> abandon_documents{
    {"files.abandon_documents",
     "with gone as ("
     "  update documents set deleted_at = now(), updated_at = now(), request_key = null where (tenant_id, id) in ("
     "    select d.tenant_id, d.id from documents d where d.status = 'pending' and d.deleted_at is null "
     "    and d.created_at < now() - interval '2 hours' and not exists (select from uploads u "
     "      where u.tenant_id = d.tenant_id and u.document_id = d.id and u.state = 'open') limit $1) "
     "  and status = 'pending' returning id) select count(*) from gone",
     Kind::write}};

// ---- Files of deleted rows -------------------------------------------------------------------------------------------

constexpr db::SystemQuery<TenantRow(std::int64_t)> images_to_remove{
    {"files.images_to_remove",
     "select tenant_id, id, sha256 from images where deleted_at is not null and bytes > 0 order by deleted_at limit $1",
     Kind::read}};
constexpr db::SystemQuery<TenantRow(std::int64_t)> documents_to_remove{
    {"files.documents_to_remove",
     "select tenant_id, id, sha256 from documents where deleted_at is not null and bytes > 0 order by deleted_at limit "
     "$1",
     Kind::read}};
constexpr db::SystemQuery<void(base::Uuid, base::Uuid)> image_removed{
    {"files.image_removed", "update images set bytes = 0 where tenant_id = $1 and id = $2 and deleted_at is not null",
     Kind::write}};
constexpr db::SystemQuery<void(base::Uuid, base::Uuid)> document_removed{
    {"files.document_removed",
     "update documents set bytes = 0 where tenant_id = $1 and id = $2 and deleted_at is not null", Kind::write}};
constexpr db::SystemQuery<std::int64_t(std::int64_t)> forget_uploads{
    {"files.forget_uploads",
     "with old as (select tenant_id, id from uploads where state <> 'open' and updated_at < now() - interval '30 days' "
     "  order by updated_at limit $1), "
     "gone as (delete from uploads where (tenant_id, id) in (select tenant_id, id from old) returning id) "
     "select count(*) from gone",
     Kind::write}};

// ---- Files without rows, rows without files ----------------------------------------------------------------------------

constexpr db::SystemQuery<std::string(std::string)> where_to_go_on{
    {"files.where_to_go_on", "select after from file_sweeps where name = $1", Kind::point}};
constexpr db::SystemQuery<void(std::string, std::string)> go_on_behind{
    {"files.go_on_behind",
     "insert into file_sweeps (name, after, updated_at) values ($1, $2, now()) "
     "on conflict (name) do update set after = excluded.after, updated_at = excluded.updated_at",
     Kind::write}};
// Numbers, from 1 on, of those that a row owns, or that are of a tenant which this database does not know: not ours to remove. An upload
// that is under way owns its pending file, as does a document.
#define POS_OF_ANOTHER_SERVICE "or not exists (select from tenants t where t.id = k.tenant_id)"

constexpr db::SystemQuery<std::int64_t(std::vector<base::Uuid>, std::vector<base::Uuid>)> owned_pending{
    {"files.owned_pending",
     "select k.n from unnest($1::uuid[], $2::uuid[]) with ordinality as k(tenant_id, id, n) "
     "where exists (select from uploads u where u.tenant_id = k.tenant_id and u.id = k.id and u.state = "
     "'open') " POS_OF_ANOTHER_SERVICE,
     Kind::read}};
constexpr db::SystemQuery<std::int64_t(std::vector<base::Uuid>, std::vector<base::Uuid>, std::vector<std::string>)>
    owned_images{{"files.owned_images",
                  "select k.n from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality "
                  "as k(tenant_id, id, sha256, n) where exists (select from images i where i.tenant_id = k.tenant_id "
                  "and i.id = k.id and i.sha256 = k.sha256 and i.deleted_at is null) " POS_OF_ANOTHER_SERVICE,
                  Kind::read}};
constexpr db::SystemQuery<std::int64_t(std::vector<base::Uuid>, std::vector<base::Uuid>, std::vector<std::string>)>
    owned_documents{{"files.owned_documents",
                     "select k.n from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality "
                     "as k(tenant_id, id, sha256, n) where exists (select from documents d "
                     "where d.tenant_id = k.tenant_id and d.id = k.id and d.sha256 = k.sha256 and d.deleted_at is "
                     "null) " POS_OF_ANOTHER_SERVICE,
                     Kind::read}};
// Of an upload that has ended: put there behind its back, and nobody's, however young it is.
constexpr db::SystemQuery<std::int64_t(std::vector<base::Uuid>, std::vector<base::Uuid>)> still_pending{
    {"files.still_pending",
     "select k.n from unnest($1::uuid[], $2::uuid[]) with ordinality as k(tenant_id, id, n) "
     "where not exists (select from uploads u where u.tenant_id = k.tenant_id and u.id = k.id and u.state <> 'open')",
     Kind::read}};
constexpr db::SystemQuery<base::Uuid(std::vector<base::Uuid>)> owners_of_pieces{
    {"files.owners_of_pieces", "select id from uploads where id = any($1) and kind = 'tus' and state = 'open'",
     Kind::read}};

constexpr db::SystemQuery<LookedAtRow(base::Uuid, base::Uuid, std::int64_t)> images_to_look_at{
    {"files.images_to_look_at",
     "select tenant_id, id, sha256, status = 'lost' as is_lost from images where (tenant_id, id) > ($1, $2) "
     "and status in ('ready', 'lost') and deleted_at is null order by tenant_id, id limit $3",
     Kind::read}};
constexpr db::SystemQuery<LookedAtRow(base::Uuid, base::Uuid, std::int64_t)> documents_to_look_at{
    {"files.documents_to_look_at",
     "select tenant_id, id, sha256, status = 'lost' as is_lost from documents where (tenant_id, id) > ($1, $2) "
     "and status in ('ready', 'lost') and deleted_at is null order by tenant_id, id limit $3",
     Kind::read}};
// $3: whether its file is there.
constexpr db::SystemQuery<void(base::Uuid, base::Uuid, bool)> image_was_found{
    {"files.image_was_found",
     "update images set status = case when $3 then 'ready' else 'lost' end, updated_at = now(), version "
     "= " POS_NEXT_VERSION("version") " where tenant_id = $1 and id = $2 and deleted_at is null "
                                      "and status = case when $3 then 'lost' else 'ready' end",
     Kind::write}};
constexpr db::SystemQuery<void(base::Uuid, base::Uuid, bool)> document_was_found{
    {"files.document_was_found",
     "update documents set status = case when $3 then 'ready' else 'lost' end, updated_at = now(), version "
     "= " POS_NEXT_VERSION("version") " where tenant_id = $1 and id = $2 and deleted_at is null "
                                      "and status = case when $3 then 'lost' else 'ready' end",
     Kind::write}};

// ---- The steps -----------------------------------------------------------------------------------------------------

async::Task<std::optional<std::string>> mark_of_pieces(uploads::Pieces* pieces, async::Loop* loop) {
    return pieces->mark(loop);
}
async::Task<void> set_mark_of_pieces(uploads::Pieces* pieces, async::Loop* loop, std::string mark) {
    return pieces->set_mark(loop, std::move(mark));
}

MarkedPlace pieces_place(uploads::Pieces* pieces, async::Loop* loop) {
    return {.name = "pieces",
            .read = [pieces, loop] { return mark_of_pieces(pieces, loop); },
            .write = [pieces, loop](std::string mark) { return set_mark_of_pieces(pieces, loop, std::move(mark)); }};
}

base::Uuid new_mark(const app::JobScope& scope) { return scope.use<Runtime>().new_id<UploadId>().uuid(); }

// Whether files may be removed from the storage, and what is not there counts as lost. One that keeps no mark: neither.
async::Task<bool> take_storage(app::JobScope scope) {
    auto& stored = scope.use<StoredFiles>();
    const auto place = storage_place(&stored.store(), soon());
    if (!place) co_return false;
    stored.owner().storage = co_await take_place(scope.system_db(), &*place, new_mark(scope));
    co_return stored.owner().storage == Whose::ours;
}

// A directory that has nothing has lost its mark with the rest: containers begin with such a one.
async::Task<bool> take_pieces(app::JobScope scope) {
    auto& pieces = scope.use<uploads::Pieces>();
    const auto db = scope.system_db();
    const auto place = pieces_place(&pieces, &db.loop());
    auto whose = co_await take_place(db, &place, new_mark(scope));
    if (whose == Whose::missing && (co_await pieces.list(&db.loop(), {})).empty()) {
        co_await claim_place(db, &place, new_mark(scope));
        whose = Whose::ours;
    }
    scope.use<StoredFiles>().owner().pieces = whose;
    co_return whose == Whose::ours;
}

// The files first: who dies here finds the row again. False: they are still there.
async::Task<bool> expire_one(app::JobScope scope, const ExpiredRow* row) {
    const auto& stored = scope.use<StoredFiles>();
    const auto db = scope.system_db(std::chrono::minutes(1));
    if (!co_await stored.remove(files::pending_key(row->tenant_id, row->id), soon())) co_return false;
    try {
        co_await scope.use<uploads::Pieces>().remove(&db.loop(), row->id);
    } catch (const std::exception&) {
        co_return false;
    }
    co_return co_await db.only(expire, row->tenant_id, row->id) > 0;
}

async::Task<std::int64_t> expire_uploads(app::JobScope scope) {
    std::int64_t count = 0;
    base::Timestamp after{};
    base::Uuid after_id{};
    for (int i = 0; i < most_portions; ++i) {
        const auto found = co_await scope.system_db().all(expired, after, after_id, portion);
        for (const auto& row : found) {
            if (co_await expire_one(scope, &row)) ++count;
        }
        if (std::ssize(found) < portion) break;
        after = found.back().expires_at;
        after_id = found.back().id;
    }
    co_return count;
}

async::Task<std::int64_t> remove_deleted(app::JobScope scope) {
    const auto& stored = scope.use<StoredFiles>();
    const auto db = scope.system_db(std::chrono::minutes(5));
    std::int64_t count = 0;
    const auto found_images = co_await db.all(images_to_remove, portion);
    for (const auto& row : found_images) {
        if (!co_await remove_image_files(&stored, row.tenant_id, ImageId(row.id), row.sha256.value_or(""), soon()))
            continue;
        co_await db.run(image_removed, row.tenant_id, row.id);
        ++count;
    }
    const auto found_documents = co_await db.all(documents_to_remove, portion);
    for (const auto& row : found_documents) {
        const auto key = row.sha256 ? files::document_key(row.tenant_id, row.id, *row.sha256)
                                    : files::pending_key(row.tenant_id, row.id);
        if (!co_await stored.remove(key, soon())) continue;
        co_await db.run(document_removed, row.tenant_id, row.id);
        ++count;
    }
    co_return count;
}

// Files of one page by where they lie, as arrays for a statement.
struct Candidates {
    std::vector<base::Uuid> tenants;
    std::vector<base::Uuid> ids;
    std::vector<std::string> digests;
    std::vector<std::string> keys;

    void add(const files::FileKey& key, std::string text) {
        tenants.push_back(key.tenant);
        ids.push_back(key.id);
        digests.push_back(key.sha256);
        keys.push_back(std::move(text));
    }
    // Those without a row; `owned` has numbers from 1 on.
    [[nodiscard]] std::vector<std::string> without(const std::vector<std::int64_t>& owned) const {
        std::vector<bool> has_row(keys.size());
        for (const auto number : owned) has_row.at(static_cast<std::size_t>(number) - 1) = true;
        std::vector<std::string> orphans;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (!has_row[i]) orphans.push_back(keys[i]);
        }
        return orphans;
    }
};

struct ByPlace {
    Candidates young;  // and pending
    Candidates pending;
    Candidates images;
    Candidates documents;
};

// What is no key of ours was put there by somebody else, and is theirs.
ByPlace by_place(const storage::ListPage& page, base::Timestamp before) {
    ByPlace found;
    for (const auto& object : page.objects) {
        const auto key = files::parse_key(object.key);
        if (!key) continue;
        if (object.modified >= before) {
            if (key->place == files::Place::pending) found.young.add(*key, object.key);
            continue;
        }
        auto& place = key->place == files::Place::pending ? found.pending
                      : key->place == files::Place::image ? found.images
                                                          : found.documents;
        place.add(*key, object.key);
    }
    return found;
}

async::Task<std::int64_t> remove_all(const StoredFiles* stored, std::vector<std::string> keys) {
    std::int64_t count = 0;
    for (const auto& key : keys) {
        if (co_await stored->remove(key, soon())) ++count;
    }
    co_return count;
}

async::Task<std::int64_t> sweep_page(app::JobScope scope, ByPlace found) {
    const auto& stored = scope.use<StoredFiles>();
    const auto db = scope.system_db(std::chrono::minutes(2));
    std::int64_t count = 0;
    if (!found.young.keys.empty()) {
        const auto owned = co_await db.all(still_pending, found.young.tenants, found.young.ids);
        count += co_await remove_all(&stored, found.young.without(owned));
    }
    if (!found.pending.keys.empty()) {
        const auto owned = co_await db.all(owned_pending, found.pending.tenants, found.pending.ids);
        count += co_await remove_all(&stored, found.pending.without(owned));
    }
    if (!found.images.keys.empty()) {
        const auto owned = co_await db.all(owned_images, found.images.tenants, found.images.ids, found.images.digests);
        count += co_await remove_all(&stored, found.images.without(owned));
    }
    if (!found.documents.keys.empty()) {
        const auto owned =
            co_await db.all(owned_documents, found.documents.tenants, found.documents.ids, found.documents.digests);
        count += co_await remove_all(&stored, found.documents.without(owned));
    }
    co_return count;
}

async::Task<std::string> cursor_of(app::JobScope scope, std::string name) {
    const auto after = co_await scope.system_db().one(where_to_go_on, name);
    co_return after.value_or("");
}

async::Task<std::int64_t> sweep_orphans(app::JobScope scope, std::chrono::hours spared) {
    auto& store = scope.use<StoredFiles>().store();
    if (!store.can(storage::Ability::list)) co_return 0;
    const auto before = scope.use<Runtime>().now() - spared;
    const std::string name = "objects";
    auto after = co_await cursor_of(scope, name);
    std::int64_t count = 0;
    for (int i = 0; i < most_pages; ++i) {
        const auto page = co_await store.list(
            {.prefix = std::string(files::every_file), .limit = storage::most_listed, .after = after}, soon());
        if (!page) throw storage::failure(page.error());
        count += co_await sweep_page(scope, by_place(*page, before));
        after = page->next;
        co_await scope.system_db().run(go_on_behind, name, after);
        if (after.empty()) break;
    }
    co_return count;
}

using OwnerDb = db::SystemDb;

async::Task<std::vector<base::Uuid>> owners(OwnerDb db, std::vector<base::Uuid> ids) {
    co_return co_await db.all(owners_of_pieces, ids);
}

async::Task<std::int64_t> sweep_pieces(app::JobScope scope, std::chrono::hours spared) {
    auto& pieces = scope.use<uploads::Pieces>();
    const auto db = scope.system_db(std::chrono::minutes(5));
    const auto removed = co_await uploads::sweep(
        &db.loop(), &pieces, [db](std::vector<base::Uuid> ids) { return owners(db, std::move(ids)); }, spared);
    co_return static_cast<std::int64_t>(removed);
}

struct RowsToLookAt {
    const db::SystemQuery<LookedAtRow(base::Uuid, base::Uuid, std::int64_t)>* rows;
    const db::SystemQuery<void(base::Uuid, base::Uuid, bool)>* was_found;
    std::string (*key)(const LookedAtRow& row);
    std::string_view name;
};

std::string image_file(const LookedAtRow& row) {
    return files::image_key(row.tenant_id, row.id, row.sha256.value_or(""), usual_image_file);
}
std::string document_file(const LookedAtRow& row) {
    return files::document_key(row.tenant_id, row.id, row.sha256.value_or(""));
}

constexpr RowsToLookAt looked_at[] = {{&images_to_look_at, &image_was_found, &image_file, "images"},
                                      {&documents_to_look_at, &document_was_found, &document_file, "documents"}};

// "<tenant> <id>", behind which the next run goes on; the nil UUIDs: from the beginning.
struct RowCursor {
    base::Uuid tenant{};
    base::Uuid id{};

    static RowCursor read(std::string_view text) {
        const auto space = text.find(' ');
        if (space == std::string_view::npos) return {};
        return {base::Uuid::from_string(text.substr(0, space)).value_or(base::Uuid{}),
                base::Uuid::from_string(text.substr(space + 1)).value_or(base::Uuid{})};
    }
};

struct Looks {
    std::vector<LookedAtRow> missing;  // and were ready
    std::vector<LookedAtRow> found;    // and were lost
    std::int64_t there = 0;

    [[nodiscard]] bool is_fault_of_storage() const {
        return std::ssize(missing) > few && std::ssize(missing) > there + std::ssize(found);
    }
};

async::Task<Looks> look_at(const StoredFiles* stored, const RowsToLookAt* what, std::vector<LookedAtRow> rows) {
    Looks looks;
    for (const auto& row : rows) {
        const auto there = co_await stored->head(what->key(row), soon());
        if (there && row.is_lost) looks.found.push_back(row);
        if (there && !row.is_lost) ++looks.there;
        if (!there && !row.is_lost) looks.missing.push_back(row);
    }
    co_return looks;
}

async::Task<void> look_at_rows(app::JobScope scope, const RowsToLookAt* what, FilesSwept* done) {
    const auto db = scope.system_db(std::chrono::minutes(5));
    const std::string name(what->name);
    const auto cursor = RowCursor::read(co_await cursor_of(scope, name));
    const auto rows = co_await db.all(*what->rows, cursor.tenant, cursor.id, portion);
    const auto looks = co_await look_at(&scope.use<StoredFiles>(), what, rows);
    for (const auto& row : looks.found) co_await db.run(*what->was_found, row.tenant_id, row.id, true);
    done->found += std::ssize(looks.found);
    if (looks.is_fault_of_storage()) {
        done->doubtful += std::ssize(looks.missing);  // the same rows are looked at again
        co_return;
    }
    for (const auto& row : looks.missing) co_await db.run(*what->was_found, row.tenant_id, row.id, false);
    done->lost += std::ssize(looks.missing);
    const bool is_end = std::ssize(rows) < portion;
    const auto next = is_end ? std::string() : rows.back().tenant_id.to_string() + ' ' + rows.back().id.to_string();
    co_await db.run(go_on_behind, name, next);
}

// ---- Said by an operator -------------------------------------------------------------------------------------------

async::Task<void> claim_places(app::LoopHost* host, app::CommandInput input) {
    auto& services = host->services();
    auto& pieces = services.use<uploads::Pieces>();
    auto& runtime = services.use<Runtime>();
    const auto db = db::system_db(host->databases(), async::Loop::now() + std::chrono::minutes(1));
    if (const auto place = storage_place(&services.use<StoredFiles>().store(), soon()))
        co_await claim_place(db, &*place, runtime.new_id<UploadId>().uuid());
    const auto place = pieces_place(&pieces, &db.loop());
    co_await claim_place(db, &place, runtime.new_id<UploadId>().uuid());
    *input.out << "the storage and the directory of uploads belong to this database\n" << std::flush;
}

// ---- The jobs ------------------------------------------------------------------------------------------------------

struct CleanUpFiles {
    friend constexpr auto describe(CleanUpFiles*) { return schema::object<CleanUpFiles>("CleanUpFiles"); }
};
constexpr jobs::JobType<CleanUpFiles> clean_up{"maintenance", "files.clean_up", app::scheduled_job_defaults};
constexpr jobs::JobType<CleanUpFiles> sweep{"maintenance", "files.sweep", app::scheduled_job_defaults};

async::Task<void> run_clean_up(jobs::Job<CleanUpFiles>& job, app::JobScope scope) {
    const auto done = co_await clean_up_files(scope);
    if (done.expired + done.abandoned + done.removed + done.forgotten > 0)
        job.logger().info("files were cleaned up", {{"expired", done.expired},
                                                    {"abandoned", done.abandoned},
                                                    {"removed", done.removed},
                                                    {"forgotten", done.forgotten}});
}

async::Task<void> run_sweep(jobs::Job<CleanUpFiles>& job, app::JobScope scope) {
    const auto done = co_await sweep_files(scope);
    const auto& owner = scope.use<StoredFiles>().owner();
    if (const auto says = says_of(owner.storage); !says.empty())
        job.logger().error("the file storage is not swept", {{"reason", says}});
    if (const auto says = says_of(owner.pieces); !says.empty())
        job.logger().error("UPLOADS_DIRECTORY is not swept", {{"reason", says}});
    if (done.orphans + done.pieces > 0)
        job.logger().info("files without a row were removed", {{"orphans", done.orphans}, {"pieces", done.pieces}});
    const auto parts = co_await abort_left_parts(scope);
    if (parts.aborted > 0) job.logger().info("uploads in parts were aborted", {{"count", parts.aborted}});
    if (parts.failed > 0)
        job.logger().warn("uploads in parts could not be aborted; tried again", {{"count", parts.failed}});
    if (done.found > 0) job.logger().info("lost files are there again", {{"count", done.found}});
    if (done.doubtful > 0)
        job.logger().error("most files that were looked at are not in the storage: is it the right one, and whole?",
                           {{"count", done.doubtful}});
    if (done.lost > 0)
        job.logger().error("files of images or documents are not in the storage", {{"count", done.lost}});
}

}  // namespace

async::Task<FilesCleanedUp> clean_up_files(app::JobScope scope) {
    FilesCleanedUp done;
    auto& stored = scope.use<StoredFiles>();
    if (const auto place = storage_place(&stored.store(), soon()))
        stored.owner().storage = co_await whose_place(scope.system_db(), &*place);
    done.expired = co_await expire_uploads(scope);
    const auto db = scope.system_db();
    done.abandoned = co_await db.only(abandon_images, most_rows) + co_await db.only(abandon_documents, most_rows);
    done.removed = co_await remove_deleted(scope);
    done.forgotten = co_await scope.system_db().only(forget_uploads, most_rows);
    co_return done;
}

async::Task<FilesSwept> sweep_files(app::JobScope scope, std::chrono::hours spared) {
    FilesSwept done;
    if (co_await take_pieces(scope)) done.pieces = co_await sweep_pieces(scope, spared);
    if (!co_await take_storage(scope)) co_return done;
    done.orphans = co_await sweep_orphans(scope, spared);
    for (const auto& what : looked_at) co_await look_at_rows(scope, &what, &done);
    co_return done;
}

app::OwnCommand claim_files_command() {
    return {.group = "files",
            .name = "claim",
            .doc = "Say that the storage and UPLOADS_DIRECTORY belong to this database alone, whoever has marked them",
            .options = {},
            .run = claim_places};
}

void clean_up_jobs(app::JobHandlers handlers) {
    handlers.on_system(clean_up, run_clean_up);
    handlers.on_system(sweep, run_sweep);
}

std::vector<app::Schedule> clean_up_schedules() {
    return {app::schedule(clean_up, CleanUpFiles{}, {.pattern = "*/10 * * * *", .time_zone = "UTC"},
                          "Ends uploads that have expired, and removes files of what was deleted."),
            app::schedule(sweep, CleanUpFiles{}, {.pattern = "23 * * * *", .time_zone = "UTC"},
                          "Looks for files without a row, and for rows without a file.")};
}

std::vector<db::StatementView> clean_up_statements() {
    return db::statements(expired, expire, abandon_images, abandon_documents, images_to_remove, documents_to_remove,
                          image_removed, document_removed, forget_uploads, where_to_go_on, go_on_behind, owned_pending,
                          owned_images, owned_documents, still_pending, owners_of_pieces, images_to_look_at,
                          documents_to_look_at, image_was_found, document_was_found);
}

}  // namespace pos
