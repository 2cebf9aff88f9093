#include "base/strings.h"
#include "http/router.h"
#include "pos/modules/realtime/channel_auth.h"
#include "pos/modules/realtime/errors.h"
#include "pos/modules/realtime/hosted.h"
#include "pos/modules/realtime/live.h"
#include "pos/plumbing/suspension.h"
#include "realtime/channel.h"

namespace pos {

namespace {

// Without a topic nothing is asked for, and what is asked for is all that the token is good for.
struct AblyRequest {
    std::string topics = "changes";
    std::optional<std::string> client_id;
    friend constexpr auto describe(AblyRequest*) {
        using schema::field;
        return schema::object<AblyRequest>(
            "AblyTokenRequest",
            field<&AblyRequest::topics>("topics", {.min_length = 1,
                                                   .max_length = 2'000,
                                                   .text = schema::Text::raw,
                                                   .defaulted = true,
                                                   .doc = "What the client will follow, comma-separated.",
                                                   .example = R"("changes,notifications")"}),
            field<&AblyRequest::client_id>(
                "clientId",
                {.max_length = 128, .text = schema::Text::raw, .doc = "Passed over: it is the caller's user."}));
    }
};

// What Ably's clients call TokenDetails.
struct AblyToken {
    std::string token;
    std::int64_t issued = 0;
    std::int64_t expires = 0;
    std::string client_id;
    friend constexpr auto describe(AblyToken*) {
        using schema::field;
        return schema::object<AblyToken>("AblyTokenDetails",
                                         field<&AblyToken::token>("token", {.doc = "A JWT that Ably takes."}),
                                         field<&AblyToken::issued>("issued", {.doc = "Milliseconds since 1970."}),
                                         field<&AblyToken::expires>("expires", {.doc = "Milliseconds since 1970."}),
                                         field<&AblyToken::client_id>("clientId"));
    }
};

constexpr std::chrono::seconds token_life{900};
constexpr std::size_t most_topics = 50;

async::Task<ChannelSignature> authorise_at_pusher(http::Context& context, auth::Caller caller,
                                                  http::Body<ChannelRequest> body, http::Service<Live> live,
                                                  http::Service<HostedLive> hosted) {
    if (!hosted->pusher_app()) throw base::Failure(errors::hosted_off);
    const auto followed = co_await live->may_begin(caller, own_topic(*body, caller), context.deadline());
    if (!followed) throw base::Failure(errors::not_for_caller);
    co_return sign_for(*hosted->pusher_app(), *body, caller, nullptr);
}

async::Task<AblyToken> authorise_at_ably(http::Context& context, auth::Caller caller, http::Body<AblyRequest> body,
                                         http::Service<Live> live, http::Service<HostedLive> hosted) {
    if (!hosted->ably_key()) throw base::Failure(errors::hosted_off);
    const auto now = std::chrono::floor<std::chrono::seconds>(hosted->clock().now());
    realtime::hosted::AblyGrant grant{
        .client_id = caller.user_id.to_string(), .channels = {}, .now = now, .life = token_life};
    for (const auto topic : base::split(body->topics, ',')) {
        std::optional<realtime::Followed> followed;
        if (grant.channels.size() < most_topics && realtime::is_topic(topic))
            followed = co_await live->may_begin(caller, std::string(topic), context.deadline());
        if (!followed) throw base::Failure(errors::not_for_caller);
        grant.channels.push_back(realtime::channel_of(caller.tenant_id, topic));
    }
    context.response().header("Cache-Control", "no-store");
    const auto milliseconds = [](auto time) {
        return std::int64_t{std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count()};
    };
    co_return AblyToken{realtime::hosted::ably_token(*hosted->ably_key(), grant), milliseconds(now),
                        milliseconds(now + token_life), grant.client_id};
}

}  // namespace

void hosted_routes(http::Routes routes) {
    routes.post(
        "/realtime/pusher/auth", authorise_at_pusher,
        {.id = "authoriseAtPusher",
         .summary = "Let a client of Pusher Channels follow a channel",
         .description = "The `authEndpoint` where an installation publishes through Pusher (PUSHER_APP_KEY): "
                        "channels `private-t.{tenantId}.{topic}` of the caller's tenant.",
         .errors = {errors::hosted_off, errors::bad_channel, errors::not_for_caller, errors::subscription_suspended}});
    routes.post("/realtime/ably/auth", authorise_at_ably,
                {.id = "authoriseAtAbly",
                 .summary = "A token for a client of Ably",
                 .description = "The `authUrl`, with `authMethod: 'POST'`, where an installation publishes through "
                                "Ably (ABLY_KEY). Good for 15 minutes; the client asks for the next one.",
                 .errors = {errors::hosted_off, errors::not_for_caller, errors::subscription_suspended}});
}

}  // namespace pos
