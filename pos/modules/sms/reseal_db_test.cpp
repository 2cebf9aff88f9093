#include <gmock/gmock.h>

#include <sstream>

#include "auth/credential_keys.h"
#include "pos/modules/sms/reseal_command.h"
#include "pos/modules/sms/statements.h"
#include "pos/testing/phones.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

constexpr std::string_view old_key = "old:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
constexpr std::string_view new_key = "new:MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

class ResealTest : public PhonesTest {
protected:
    static void SetUpTestSuite() { set_up({{"CREDENTIALS_KEYS", std::string(new_key) + "," + std::string(old_key)}}); }

    AccountKeys keys_of(std::string_view ring) { return AccountKeys(*auth::CredentialKeys::parse(ring, random_)); }
    static MessageAccount row() { return *app->run(tenant_db().one(texting::account_of_tenant, Channel::sms)); }
    static std::string reseal() {
        std::ostringstream said;
        app->run(reseal_message_accounts_command().run(&app->host(), {.options = {}, .out = &said}));
        return said.str();
    }

private:
    base::SecureRandom random_;
};

TEST_F(ResealTest, AccountsAreSealedWithTheFirstKey) {
    const auto account = *sms::read_account(
        "africastalking", R"({"username":"amani","apiKey":"atsk_1","callbackToken":"callback-token-of-the-test"})");
    MessageAccount made{.channel = Channel::sms,
                        .id = MessageAccountId(*base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01")),
                        .provider = "africastalking",
                        .shown = "amani",
                        .credentials = keys_of(old_key).seal(tenant(), Channel::sms, account),
                        .created_at = {},
                        .updated_at = {}};
    auto batch = tenant_db().batch();
    batch.add(texting::put_account, made);
    app->run(batch.commit());
    EXPECT_FALSE(keys_of(new_key).open(tenant(), row()));
    EXPECT_THAT(reseal(), HasSubstr("1 sealed anew, 0 were sealed by the first key, 0 can be opened by no key"));
    EXPECT_TRUE(keys_of(new_key).open(tenant(), row()));
    EXPECT_FALSE(keys_of(old_key).open(tenant(), row()));
    EXPECT_THAT(reseal(), HasSubstr("0 sealed anew, 1 were sealed by the first key"));

    app->database().execute("update message_accounts set credentials = 'of a key that is gone'");
    const auto said = reseal();
    EXPECT_THAT(said, HasSubstr("1 can be opened by no key\n  sms of shop " + tenant().to_string()));
    EXPECT_EQ(row().credentials.value, "of a key that is gone") << "the key may come back";
}

}  // namespace
