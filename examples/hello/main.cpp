// The smallest server: one struct, one table, two routes. See README.md.
#include "app/app.h"
#include "auth/caller.h"
#include "embedded/hello_migrations.h"
#include "http/errors.h"

struct Note {
    base::Uuid id;
    std::string text;
    base::Timestamp written_at;

    friend constexpr auto describe(Note*) {
        return schema::object<Note>(
            "Note", schema::field<&Note::id>("id", {.read_only = true}),
            schema::field<&Note::text>("text", {.min_length = 1, .max_length = 280, .text = schema::Text::free}),
            schema::field<&Note::written_at>("writtenAt", {.read_only = true}));
    }
};

inline constexpr auto notes = db::system_table<Note>("notes", db::primary_key<&Note::id>());

constexpr auto by_id = db::find<notes>("notes.by_id");
constexpr db::SystemQuery<Note(std::string)> add{
    "notes.add",
    "insert into notes (id, text, written_at) values (gen_random_uuid(), $1, now()) returning id, text, written_at",
    db::Kind::write};

async::Task<http::Created<Note>> write_note(http::Body<Note> input, db::SystemDb db) {
    const Note note = co_await db.only(add, input->text);
    co_return http::Created<Note>{note, "/v1/notes/" + note.id.to_string()};
}

async::Task<Note> show_note(http::Path<"id", base::Uuid> id, db::SystemDb db) {
    const auto note = co_await db.one(by_id, *id);
    if (!note) throw base::Failure(http::errors::row_not_found);
    co_return *note;
}

void routes(http::Routes routes) {
    routes.post("/notes", write_note, {.id = "writeNote", .summary = "Write a note"});
    routes.get("/notes/{id}", show_note, {.id = "showNote", .summary = "Read a note"});
}

app::Definition hello() {
    app::Module module{
        .name = "notes", .tables = {notes.view()}, .statements = db::statements(by_id, add), .routes = routes};
    return {.name = "hello",
            .version = "1.0.0",
            .title = "Hello",
            .modules = {module},
            .migrations = embedded::hello_migrations(),
            .migrations_directory = "examples/hello/migrations"};
}

int main(int argc, char** argv) { return app::run(hello(), argc, argv); }
