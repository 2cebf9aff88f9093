#include "app/dev/notices.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/supervisor_sockets.h"

namespace app::dev {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

void tell(const Notices& notices, std::string_view state) {
    tell_supervisor({{"NOTIFY_SOCKET", notices.name()}}, state);
}

TEST(Notices, AreTheLinesOfTheProcess) {
    Notices notices;
    EXPECT_THAT(notices.take(getpid()), IsEmpty());
    tell(notices, "READY=1\nX_API_URL=http://localhost:3000/?a=b\n");
    tell(notices, "STATUS=\nno line of ours\nREADY=2");
    EXPECT_THAT(notices.take(getpid()), UnorderedElementsAre(Pair("READY", "2"), Pair("STATUS", ""),
                                                             Pair("X_API_URL", "http://localhost:3000/?a=b")));
    EXPECT_THAT(notices.take(getpid()), IsEmpty());
}

TEST(Notices, OfAnotherProcessAreNotHeard) {
    Notices notices;
    const pid_t other = fork();
    if (other == 0) {
        tell(notices, "READY=1");
        _exit(0);
    }
    ASSERT_EQ(waitpid(other, nullptr, 0), other);
    EXPECT_THAT(notices.take(getpid()), IsEmpty());
    tell(notices, "READY=1");
    EXPECT_THAT(notices.take(other), IsEmpty());
}

TEST(Notices, ThatAreTooLongAreDropped) {
    Notices notices;
    tell(notices, "READY=1\nX=" + std::string(most_notice_bytes, 'x'));
    tell(notices, "STOPPING=1");
    EXPECT_THAT(notices.take(getpid()), UnorderedElementsAre(Pair("STOPPING", "1")));
}

}  // namespace
}  // namespace app::dev
