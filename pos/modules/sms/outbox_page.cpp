#include "pos/modules/sms/outbox_page.h"

#include <fmt/format.h>

#include "auth/caller.h"
#include "pos/modules/notifications/messaging.h"
#include "pos/plumbing/filled_reply.h"
#include "pos/plumbing/html_page.h"

namespace pos {

namespace {

using Html = Filled<"text/html">;

std::string_view name_of(sms::Encoding encoding) { return encoding == sms::Encoding::gsm7 ? "GSM-7" : "UCS-2"; }

async::Task<Html> show_outbox(http::Context& context, http::Service<Messaging> messaging) {
    std::string items;
    for (const auto& entry : messaging->outbox().newest()) {
        items +=
            fmt::format("<li><p>{}</p><small>to {}, {}, {} × {}</small></li>\n", linked(entry.text), escaped(entry.to),
                        base::format_timestamp(entry.sent_at), entry.measure.parts, name_of(entry.measure.encoding));
    }
    if (items.empty()) items = "<li>No message yet.</li>\n";
    send_page(
        context.response(), 200, "SMS",
        "<h1>SMS</h1><p><small>Nothing leaves while SMS_PROVIDER is not set.</small></p>\n<ul>\n" + items + "</ul>\n");
    co_return Html{};
}

}  // namespace

void outbox_pages(http::Routes routes) {
    routes.get("", show_outbox, {.id = "listDevelopmentMessages", .summary = "Messages of this process, newest first"});
}

}  // namespace pos
