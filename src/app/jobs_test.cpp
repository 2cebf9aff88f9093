// What modules say about background work, before anything runs.

#include "app/jobs.h"

#include <gmock/gmock.h>

#include "app/app.h"
#include "app/background.h"

namespace app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct Receipt {
    std::string number;

    friend constexpr auto describe(Receipt*) {
        return schema::object<Receipt>("Receipt", schema::field<&Receipt::number>("number"));
    }
};
constexpr jobs::JobType<Receipt> send{"mail", "receipt.send", {.timeout = 20s}};
constexpr jobs::JobType<Receipt> send_elsewhere{"sms", "receipt.send"};
constexpr jobs::Event<Receipt> printed{"receipt.printed"};
constexpr jobs::JobType<Receipt> printed_by_hand{"events", "receipt.printed/paper"};

async::Task<void> handle(jobs::Job<Receipt>& /*job*/, TenantScope /*scope*/) { co_return; }
async::Task<void> handle_of_system(jobs::Job<Receipt>& /*job*/, JobScope /*scope*/) { co_return; }

void send_by_mail(JobHandlers handlers) {
    handlers.on(send, handle);
    handlers.on(send_elsewhere, handle);
}
void send_as_system(JobHandlers handlers) { handlers.on_system(send, handle_of_system); }
void hear(JobHandlers handlers) { handlers.on_event(printed, handle); }
void hear_under_another_name(JobHandlers handlers) {
    handlers.on_event(printed, handle, {.name = "ink", .timeout = 20min});
}
void hear_by_hand(JobHandlers handlers) { handlers.on(printed_by_hand, handle); }

Definition with(const std::vector<void (*)(JobHandlers)>& handlers) {
    constexpr const char* names[] = {"paper", "post", "courier"};
    Definition definition;
    for (std::size_t i = 0; i < handlers.size(); ++i)
        definition.modules.push_back({.name = names[i], .jobs = handlers[i]});
    return definition;
}

std::string refusal(const Definition& definition) {
    try {
        static_cast<void>(job_bindings(definition));
    } catch (const std::logic_error& error) {
        return error.what();
    }
    return "";
}

TEST(JobBindings, AJobHasOneHandler) {
    EXPECT_EQ(refusal(with({send_by_mail, hear, hear_under_another_name})), "");
    EXPECT_THAT(refusal(with({send_by_mail, send_as_system})),
                AllOf(HasSubstr("receipt.send"), HasSubstr("mail"), HasSubstr("paper"), HasSubstr("post")));
    EXPECT_THAT(refusal(with({hear, hear_by_hand})), HasSubstr("receipt.printed/paper"));
}

// … also where no worker runs.
TEST(JobBindings, AProgramWithTwoHandlersOfAJobDoesNotStart) {
    const auto definition = with({send_by_mail, send_by_mail});
    Settings settings;
    settings.secret = "a secret of the tests alone, 32 bytes or more";
    EXPECT_THROW(App(definition, Configuration(definition, settings), std::make_shared<logging::MemorySink>()),
                 std::logic_error);
}

TEST(JobBindings, EventsHaveFiveMinutesOrWhatTheSubscriberSays) {
    const auto bindings = job_bindings(with({send_by_mail, hear, hear_under_another_name}));
    EXPECT_EQ(bindings.handlers.at({"mail", "receipt.send"}).timeout, 20s);
    EXPECT_EQ(bindings.handlers.at({"sms", "receipt.send"}).timeout, 0s);
    EXPECT_EQ(bindings.handlers.at({"events", "receipt.printed/post"}).timeout, 0s) << "its worker's";
    EXPECT_EQ(bindings.handlers.at({"events", "receipt.printed/ink"}).timeout, 20min);
    EXPECT_EQ(worker_options({}, "events").timeout, 5min);
    EXPECT_EQ(worker_options({}, "mail").timeout, 0s);
}

TEST(JobBindings, DeathsOfWorkersAreTriesOfTheirJobs) {
    EXPECT_EQ(worker_options({}, "events").max_stalled_count, jobs::event_defaults.attempts);
    EXPECT_EQ(worker_options({}, "mail").max_stalled_count, jobs::event_defaults.attempts);
}

}  // namespace
}  // namespace app
