#pragma once
// Fixture of tests of messages to phones: the whole service with WhatsApp set up, a transport that answers what the test says, and the
// sender that uses it. One thread.
//
//     class MyTest : public PhonesTest {};
//     TEST_F(MyTest, SendsOnce) {
//         const auto id = write(PhoneCodeMessage::sample(), {.key = "k", .recipient = amina, .secret = "123456", .channel = Channel::sms});
//         script.push_back({.outcome = sms::Outcome::unknown});
//         EXPECT_TRUE(send(id));
//         EXPECT_EQ(value("state"), "unknown");
//     }

#include <deque>
#include <functional>

#include "pos/modules/sms/phone_sender.h"
#include "pos/testing/shop.h"

namespace pos::testing {

inline constexpr std::string_view amina = "+254712345678";
inline constexpr std::string_view meta_app_secret = "app-secret-of-the-tests";
inline constexpr std::string_view meta_verify_token = "verify-token-of-the-tests";
inline constexpr std::string_view meta_number_id = "106540352242922";

struct PhoneScript {
    std::deque<sms::SendResult> results;  // accepted, when there is none
    std::vector<sms::OutgoingMessage> sent;
    std::vector<sms::Channel> channels;
    std::function<async::Task<void>(std::string provider_id)> before_reply;
    bool dies = false;
    int numbers = 0;
};

class ScriptedPhones : public sms::Transport {
public:
    ScriptedPhones(PhoneScript* script, sms::Channel channel)
        : Transport(nullptr, nullptr), script_(script), channel_(channel) {}

    [[nodiscard]] std::string_view name() const override { return "scripted"; }
    [[nodiscard]] sms::Channel channel() const override { return channel_; }

private:
    [[nodiscard]] async::Task<std::vector<sms::SendResult>> deliver(const sms::OutgoingMessage* message,
                                                                    std::vector<std::string> /*to*/,
                                                                    async::SteadyTime /*deadline*/) override {
        script_->sent.push_back(*message);
        script_->channels.push_back(channel_);
        sms::SendResult result{.outcome = sms::Outcome::accepted};
        if (!script_->results.empty()) {
            result = std::move(script_->results.front());
            script_->results.pop_front();
        }
        if (result.outcome == sms::Outcome::accepted && result.provider_id.empty())
            result.provider_id = fmt::format("p-{}", ++script_->numbers);
        if (script_->before_reply) co_await script_->before_reply(result.provider_id);
        if (script_->dies) throw std::runtime_error("the worker died");
        co_return std::vector{std::move(result)};
    }

    PhoneScript* script_;
    sms::Channel channel_;
};

class PhonesTest : public ShopTest {
protected:
    static config::Environment settings() {
        return {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
                {"WHATSAPP_PHONE_NUMBER_ID", std::string(meta_number_id)},
                {"WHATSAPP_TOKEN", "token-of-the-tests"},
                {"WHATSAPP_APP_SECRET", std::string(meta_app_secret)},
                {"WHATSAPP_VERIFY_TOKEN", std::string(meta_verify_token)}};
    }
    static void set_up(const config::Environment& more = {}) {
        auto all = settings();
        for (const auto& [name, value] : more) all[name] = value;
        app = new ::testing::TestApp(definition(), {}, all);
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
    }
    static void SetUpTestSuite() { set_up(); }
    void SetUp() override {
        app->database().execute(
            "truncate notifications, outbox_jobs, message_accounts, message_limits, message_spending, message_counts, "
            "phone_wishes, whatsapp_windows, parked_reports");
        script = std::make_unique<PhoneScript>();
        auto& services = app->host().services();
        accounts = std::make_unique<SenderAccounts>(
            services.use<Messaging>(), services.use<AccountKeys>(),
            [this](const sms::Account& account) -> std::unique_ptr<sms::Transport> {
                return std::make_unique<ScriptedPhones>(script.get(), sms::channel_of(account));
            });
        const ReportParts parts{&services.use<MailShared>(), &services.use<Messaging>(), &services.use<Runtime>()};
        sender = std::make_unique<PhoneSender>(parts, app->host().databases(), *accounts);
    }

    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }
    // The first shop's.
    static base::Uuid tenant() {
        return *base::Uuid::from_string(
            rows("select tenant_id::text from memberships m join users u on u.id = m.user_id "
                 "where u.email = 'owner@duka.example'"));
    }
    static db::Db tenant_db(base::Uuid of = tenant()) {
        return db::tenant_db(app->host().databases(), of, async::Loop::now() + std::chrono::seconds(30));
    }
    template <class Message>
    static NotificationId write(const Message& message, To to) {
        auto batch = tenant_db().batch();
        const auto key = to.key;
        app->host().services().use<Notifier>().add(batch, message, std::move(to));
        app->run(batch.commit());
        return id_of(key);
    }
    static NotificationId id_of(std::string_view key) {
        const auto id = rows(fmt::format("select id::text from notifications where idempotency_key = '{}'", key));
        return NotificationId(*base::Uuid::from_string(id));
    }
    static NotificationId write_code(Channel channel, std::string_view code = "271828") {
        return write(PhoneCodeMessage::sample(), {.key = "code",
                                                  .recipient = std::string(amina),
                                                  .secret = std::string(code),
                                                  .channel = channel,
                                                  .source = "192.0.2.7"});
    }
    static NotificationId write_receipt(Channel channel, const std::string& key = "receipt") {
        return write(ReceiptMail::sample(), {.key = key, .recipient = std::string(amina), .channel = channel});
    }
    // Whether it is done with; false: to be tried again.
    bool send(NotificationId id) {
        try {
            app->run(sender->send(tenant_db(), id));
            return true;
        } catch (const base::Failure& failure) {
            EXPECT_EQ(failure.code(), errors::sms_try_later) << failure.what();
            return false;
        }
    }
    // Every message that waits, until none does: what follows a refusal is sent, too.
    void send_all() {
        for (int i = 0; i < 10; ++i) {
            const auto id =
                rows("select id::text from notifications where state = 'queued' order by created_at limit 1");
            if (id.empty()) return;
            EXPECT_TRUE(send(NotificationId(*base::Uuid::from_string(id))));
        }
        ADD_FAILURE() << "messages lead to messages";
    }
    static std::string value(std::string_view column, std::string_view key = "") {
        const auto where = key.empty() ? std::string("true") : fmt::format("idempotency_key = '{}'", key);
        return rows(fmt::format("select ({})::text from notifications where {}", column, where));
    }
    // "whatsapp text failed, whatsapp template sent": each message of the chain, in order.
    static std::string chain() {
        return rows(
            "select string_agg(concat_ws(' ', channel, form, state), ', ' order by created_at, follows nulls first, "
            "case form when 'template' then 1 when 'text' then 0 else 2 end) from notifications");
    }
    // What a provider tells, proven already.
    static void tell(sms::DeliveryReport report, std::string provider, std::optional<NotificationId> message = {}) {
        app->run(told(std::move(report), std::move(provider), message));
    }
    static async::Task<void> told(sms::DeliveryReport report, std::string provider,
                                  std::optional<NotificationId> message = {}) {
        auto& services = app->host().services();
        const ReportParts parts{&services.use<MailShared>(), &services.use<Messaging>(), &services.use<Runtime>()};
        const auto what = std::make_shared<const ToldReport>(
            ToldReport{std::move(report), std::move(provider), base::Uuid::nil(), message});
        const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30));
        co_await system.transaction(
            [what, parts](db::SystemDb transaction) { return take_report(transaction, what, parts); });
    }

    std::unique_ptr<PhoneScript> script;
    std::unique_ptr<SenderAccounts> accounts;
    std::unique_ptr<PhoneSender> sender;
};

}  // namespace pos::testing
