#include "pos/modules/second_factor/reset_command.h"

#include <ostream>
#include <stdexcept>

#include <fmt/format.h>

#include "app/app.h"
#include "base/strings.h"
#include "pos/modules/auth/statements.h"
#include "pos/modules/second_factor/errors.h"
#include "pos/modules/second_factor/second_factors.h"

namespace pos {

namespace {

constexpr std::string_view email = "--email";
constexpr std::chrono::seconds patience{30};

async::Task<void> reset_second_factor(app::LoopHost* host, app::CommandInput input) {
    const auto db = db::system_db(host->databases(), async::Loop::now() + patience);
    const auto user = co_await db.one(sign_in::user_by_login, base::ascii_lower(input.value(email)));
    // lint: allow(thrown-type) on the command line, where it is the sentence that is shown
    if (!user) throw std::runtime_error("nobody has this address");
    // lint: allow(thrown-type) as above
    if (!user->has_second_factor) throw std::runtime_error(std::string(errors::totp_off.title));
    co_await host->services().use<SecondFactors>().reset_by_operator(db, user->person.id);
    *input.out << fmt::format("user {} {}\nsigns in by the password alone; all sessions have ended\n",
                              user->person.id.to_string(), user->person.email);
}

}  // namespace

app::OwnCommand reset_second_factor_command() {
    return {.group = "users",
            .name = "reset-second-factor",
            .doc = "Take a person's second factor away and end their sessions",
            .options = {{.name = std::string(email), .doc = "Of the account", .is_required = true}},
            .run = reset_second_factor};
}

}  // namespace pos
