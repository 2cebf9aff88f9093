#include "app/constraint_errors.h"

#include <gmock/gmock.h>

#include "http/handler.h"
#include "http/router.h"

namespace {

using testing::Contains;
using testing::Not;

constexpr auto id_taken = base::conflict("row.id_taken", "Taken");
constexpr auto name_taken = base::conflict("shelf.name_taken", "Taken");
constexpr auto room_taken = base::conflict("room.taken", "Taken");
constexpr auto unknown_room = base::invalid("room.unknown", "Unknown");
constexpr auto upside_down = base::invalid("shelf.upside_down", "Upside down");

using RoomId = base::Id<struct RoomTag>;
using ShelfId = base::Id<struct ShelfTag>;

struct Room {
    RoomId id;

    friend constexpr auto describe(Room*) { return schema::object<Room>("Room", schema::field<&Room::id>("id")); }
};
struct ShelfFields {
    RoomId room_id;
    std::string name;
    std::int32_t lowest_board = 0;
    std::int32_t board = 1;

    friend constexpr auto describe(ShelfFields*) {
        return schema::object<ShelfFields>("Shelf", schema::field<&ShelfFields::room_id>("roomId"),
                                           schema::field<&ShelfFields::name>("name", {.text = schema::Text::name}),
                                           schema::field<&ShelfFields::lowest_board>("lowestBoard"),
                                           schema::field<&ShelfFields::board>("board"));
    }
};
struct Shelf {
    ShelfId id;
    ShelfFields fields;

    friend constexpr auto describe(Shelf*) {
        return schema::object<Shelf>("ShelfRow", schema::field<&Shelf::id>("id"), schema::flatten<&Shelf::fields>());
    }
};
// As the reply has it: with what stands in it.
struct RoomDetails {
    Room room;
    std::vector<Shelf> shelves;

    friend constexpr auto describe(RoomDetails*) {
        return schema::object<RoomDetails>("RoomDetails", schema::flatten<&RoomDetails::room>(),
                                           schema::field<&RoomDetails::shelves>("shelves"));
    }
};
struct Renaming {
    std::string name;

    friend constexpr auto describe(Renaming*) {
        return schema::object<Renaming>("Renaming", schema::field<&Renaming::name>("name"));
    }
};
struct Lowering {
    std::int32_t lowest_board = 0;

    friend constexpr auto describe(Lowering*) {
        return schema::object<Lowering>("Lowering", schema::field<&Lowering::lowest_board>("lowestBoard"));
    }
};

constexpr auto rooms = db::tenant_table<Room>("rooms", db::primary_key<&Room::id>(room_taken));
constexpr auto shelves = db::tenant_table<Shelf>(
    "shelves", db::primary_key<&Shelf::id>(id_taken), db::unique<&ShelfFields::name>("shelves_name", name_taken),
    db::references<&ShelfFields::room_id>("shelves_room", rooms, unknown_room),
    db::check("shelves_boards", "lowest_board >= 0", upside_down));

async::Task<Shelf> show() { co_return Shelf{}; }
async::Task<http::Created<Shelf>> add(http::Body<ShelfFields>) { co_return http::Created<Shelf>{}; }
async::Task<Shelf> rename(http::Body<schema::Patch<Renaming>>) { co_return Shelf{}; }
async::Task<Shelf> lower(http::Body<Lowering>) { co_return Shelf{}; }
async::Task<Shelf> dust(http::Body<Room>) { co_return Shelf{}; }
async::Task<http::Created<RoomDetails>> furnish(http::Body<Room>) { co_return http::Created<RoomDetails>{}; }
async::Task<RoomDetails> count(http::Body<ShelfFields>) { co_return RoomDetails{}; }
async::Task<http::NoContent> remove() { co_return http::NoContent{}; }

class ConstraintErrorsTest : public testing::Test {
protected:
    ConstraintErrorsTest() {
        const std::vector tables{rooms.view(), shelves.view()};
        http::Routes routes(router.group("").describing([tables](http::Method method, http::Operation& operation) {
            app::describe_constraints(tables, method, operation);
        }),
                            "shelves");
        routes.get("/show", show);
        routes.post("/add", add);
        routes.patch("/rename", rename);
        routes.post("/lower", lower);
        routes.post("/dust", dust);
        routes.post("/furnish", furnish);
        routes.post("/count", count);
        routes.del("/remove", remove);
    }
    std::vector<base::ErrorCode> errors_of(std::string_view pattern) {
        return std::ranges::find(router.routes(), pattern, &http::RouteEntry::pattern)->operation->errors;
    }

    http::Router router;
};

TEST_F(ConstraintErrorsTest, ANewRowCanBreakThemAll) {
    const auto errors = errors_of("/add");
    for (const auto& error : {id_taken, name_taken, unknown_room, upside_down}) EXPECT_THAT(errors, Contains(error));
}

TEST_F(ConstraintErrorsTest, SoCanTheRowsThatStandInIt) {
    const auto errors = errors_of("/furnish");
    for (const auto& error : {room_taken, id_taken, name_taken, unknown_room}) EXPECT_THAT(errors, Contains(error));
    EXPECT_THAT(errors_of("/count"), Not(Contains(name_taken))) << "it makes none";
}

TEST_F(ConstraintErrorsTest, AChangeThoseThatSpeakOfWhatItTakes) {
    EXPECT_THAT(errors_of("/rename"), Contains(name_taken));
    for (const auto& error : {id_taken, unknown_room, upside_down})
        EXPECT_THAT(errors_of("/rename"), Not(Contains(error)));
    EXPECT_THAT(errors_of("/lower"), Contains(upside_down));
    EXPECT_THAT(errors_of("/lower"), Not(Contains(name_taken)));
}

TEST_F(ConstraintErrorsTest, WhatTakesNoColumnOrGivesNoRowCanBreakNone) {
    for (const auto* pattern : {"/show", "/remove"}) {
        for (const auto& error : {id_taken, name_taken, unknown_room, upside_down})
            EXPECT_THAT(errors_of(pattern), Not(Contains(error))) << pattern;
    }
    EXPECT_THAT(errors_of("/dust"), Not(Contains(name_taken)));
}

}  // namespace
