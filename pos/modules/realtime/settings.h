#pragma once
// Bounds of sockets, the app of the Pusher protocol, and hosted services that are told as well.
//
//     .settings = app::settings<RealtimeSettings, check_realtime_settings>()

#include <optional>
#include <string>

#include "app/settings.h"
#include "schema/schema.h"

namespace pos {

struct RealtimeSettings {
    std::optional<std::string> app_id;
    std::optional<std::string> app_key;
    std::optional<std::string> app_secret;
    std::optional<std::string> webhook_url;
    bool client_events = false;
    std::optional<std::string> pusher_app_id;
    std::optional<std::string> pusher_app_key;
    std::optional<std::string> pusher_app_secret;
    std::string pusher_cluster = "mt1";
    std::optional<std::string> pusher_base_url;
    std::optional<std::string> ably_key;
    std::optional<std::string> ably_base_url;
    std::int32_t max_sockets = 50'000;
    std::int32_t max_sockets_of_tenant = 2'000;
    std::int32_t max_sockets_of_address = 1'000;
    std::int32_t max_message_bytes = 65'536;
    std::int32_t max_queued_bytes = 262'144;
    std::int32_t messages_per_second = 20;
    std::int32_t drain_seconds = 5;
    bool deflate = false;

    friend constexpr auto describe(RealtimeSettings*) {
        using schema::field;
        using S = RealtimeSettings;
        return schema::object<S>(
            "RealtimeSettings",
            field<&S::app_id>("REALTIME_APP_ID", {.min_length = 1,
                                                  .max_length = 100,
                                                  .doc = "Of the Pusher protocol: the app's id in `/apps/{id}`. The "
                                                         "three are given together; without them nobody speaks it."}),
            field<&S::app_key>("REALTIME_APP_KEY",
                               {.min_length = 8, .max_length = 100, .doc = "Public: clients name it."}),
            field<&S::app_secret>("REALTIME_APP_SECRET",
                                  {.min_length = 16,
                                   .max_length = 200,
                                   .write_only = true,
                                   .doc = "What signs. Whoever has it may publish and follow everything."}),
            field<&S::webhook_url>("REALTIME_WEBHOOK_URL",
                                   {.max_length = 500,
                                    .format = schema::Format::url,
                                    .doc = "Where the app's own server is told, as Pusher tells it, what happens in "
                                           "channels: `channel_occupied`, `member_added`, `client_event` and so on."}),
            field<&S::client_events>(
                "REALTIME_CLIENT_EVENTS",
                {.defaulted = true,
                 .doc = "Whether clients of the Pusher protocol may send `client-` events to each other."}),
            field<&S::pusher_app_id>("PUSHER_APP_ID",
                                     {.min_length = 1,
                                      .max_length = 100,
                                      .doc = "An app at Pusher Channels, which is told what our own sockets are. The "
                                             "three are given together."}),
            field<&S::pusher_app_key>("PUSHER_APP_KEY", {.min_length = 1, .max_length = 100}),
            field<&S::pusher_app_secret>("PUSHER_APP_SECRET", {.min_length = 1, .max_length = 200, .write_only = true}),
            field<&S::pusher_cluster>("PUSHER_APP_CLUSTER", {.min_length = 1,
                                                             .max_length = 40,
                                                             .pattern = "^[a-z0-9-]+$",
                                                             .defaulted = true,
                                                             .doc = "Where the app is: `eu`, `ap1`, …"}),
            field<&S::pusher_base_url>("PUSHER_BASE_URL",
                                       {.max_length = 500,
                                        .format = schema::Format::url,
                                        .doc = "Instead of the cluster's: another service with Pusher's HTTP API "
                                               "(Ably's adapter, Reverb, soketi)."}),
            field<&S::ably_key>("ABLY_KEY",
                                {.min_length = 5,
                                 .max_length = 200,
                                 .pattern = "^[^:.]+\\.[^:]+:.+$",
                                 .write_only = true,
                                 .doc = "`appId.keyId:secret` of an app at Ably, which is told what our own sockets "
                                        "are. The key may publish and subscribe."}),
            field<&S::ably_base_url>(
                "ABLY_BASE_URL",
                {.max_length = 500,
                 .format = schema::Format::url,
                 .doc = "Instead of `https://main.realtime.ably.net`: another region, or a simulator."}),
            field<&S::max_sockets>(
                "REALTIME_MAX_SOCKETS",
                {.min = 1, .max = 1'000'000, .defaulted = true, .doc = "WebSockets of the process."}),
            field<&S::max_sockets_of_tenant>("REALTIME_MAX_SOCKETS_PER_TENANT",
                                             {.min = 1, .max = 1'000'000, .defaulted = true}),
            field<&S::max_sockets_of_address>("REALTIME_MAX_SOCKETS_PER_ADDRESS",
                                              {.min = 1, .max = 1'000'000, .defaulted = true}),
            field<&S::max_message_bytes>("REALTIME_MAX_MESSAGE_BYTES",
                                         {.min = 1'024,
                                          .max = 33'554'432,
                                          .defaulted = true,
                                          .doc = "Of what a client sends; larger: closed with 1009."}),
            field<&S::max_queued_bytes>(
                "REALTIME_MAX_QUEUED_BYTES",
                {.min = 16'384,
                 .max = 67'108'864,
                 .defaulted = true,
                 .doc = "What may wait for one client; beyond it the socket is closed as a slow consumer."}),
            field<&S::messages_per_second>("REALTIME_MESSAGES_PER_SECOND",
                                           {.min = 1,
                                            .max = 100'000,
                                            .defaulted = true,
                                            .doc = "Of a client; five times as many, and 100 besides, at once."}),
            field<&S::drain_seconds>("REALTIME_DRAIN_SECONDS",
                                     {.min = 0,
                                      .max = 60,
                                      .defaulted = true,
                                      .doc = "Over how long sockets are closed when the server stops."}),
            field<&S::deflate>(
                "REALTIME_DEFLATE",
                {.defaulted = true,
                 .doc = "permessage-deflate, for clients that offer it and messages of 1 kB and more."}));
    }
};

void check_realtime_settings(const RealtimeSettings& settings, const app::Settings& common, schema::Issues& issues);

}  // namespace pos
