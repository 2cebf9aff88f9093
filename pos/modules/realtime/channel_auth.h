#pragma once
// Whom the Pusher protocol's clients ask whether they may follow a channel: what they send, and what they are given. Shared by our own app
// and by one at Pusher.
//
//     const auto topic = own_topic(*body, caller);                 // of "private-t.{tenantId}.{topic}"; throws 400, 403
//     co_return sign_for(app, *body, caller, &grant);

#include <string>

#include "auth/caller.h"
#include "realtime/pusher/signature.h"
#include "schema/schema.h"

namespace pos {

struct ChannelRequest {
    std::string socket_id;
    std::string channel_name;
    friend constexpr auto describe(ChannelRequest*) {
        using schema::field;
        return schema::object<ChannelRequest>(
            "RealtimeChannelRequest",
            field<&ChannelRequest::socket_id>(
                "socket_id", {.max_length = 50, .text = schema::Text::raw, .doc = "Of the connection: `123.456`."}),
            field<&ChannelRequest::channel_name>(
                "channel_name",
                {.max_length = 200, .text = schema::Text::raw, .doc = "`private-t.{tenantId}.{topic}`."}));
    }
};
struct ChannelSignature {
    std::string auth;
    schema::Maybe<std::string> channel_data;
    friend constexpr auto describe(ChannelSignature*) {
        using schema::field;
        return schema::object<ChannelSignature>("RealtimeChannelSignature", field<&ChannelSignature::auth>("auth"),
                                                field<&ChannelSignature::channel_data>("channel_data"));
    }
};

[[nodiscard]] std::string own_topic(const ChannelRequest& request, const auth::Caller& caller);
// `grant`: nullptr at a service that knows none.
[[nodiscard]] ChannelSignature sign_for(const realtime::pusher::AppKeys& app, const ChannelRequest& request,
                                        const auth::Caller& caller, const realtime::pusher::Grant* grant);

}  // namespace pos
