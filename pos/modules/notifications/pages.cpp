#include "pos/modules/notifications/pages.h"

#include <algorithm>

#include "auth/caller.h"
#include "base/strings.h"
#include "http/context.h"
#include "mail/file_transport.h"
#include "mail/mailbox.h"
#include "pos/modules/notifications/sender.h"
#include "pos/modules/notifications/statements.h"
#include "pos/plumbing/filled_reply.h"
#include "pos/plumbing/html_page.h"

namespace pos {

namespace {

// ---- Ending a list -----------------------------------------------------------------------------------------------

struct TokenQuery {
    std::string token;
    bool again = false;  // the way back

    friend constexpr auto describe(TokenQuery*) {
        return schema::object<TokenQuery>(
            "TokenQuery",
            schema::field<&TokenQuery::token>("token",
                                              {.max_length = 2'000, .text = schema::Text::raw, .defaulted = true}),
            schema::field<&TokenQuery::again>("again", {.defaulted = true}));
    }
};

TokenQuery query_of(http::Context& context) {
    http::Findings findings;
    return *http::Query<TokenQuery>::read(context, findings);
}

// The way back, for whoever pressed by mistake.
std::string again_form(std::string_view token) {
    return fmt::format(
        "<p>Was it a mistake?</p>\n<form method=\"post\" action=\"?again=true&amp;token={}\">"
        "<button>Send them again</button></form>\n",
        escaped(base::percent_encode(token)));
}

std::string_view words_of(MailList list) {
    switch (list) {
        case MailList::all: return "all messages";
        case MailList::invites: return "invitations";
        case MailList::receipts: return "receipts";
        case MailList::daily_summary: return "the daily summary";
        case MailList::low_stock: return "alerts of low stock";
        case MailList::failed_jobs: return "alerts of work that was not done";
    }
    return "";
}

std::optional<Unsubscription> unsubscription_of(http::Context& context) {
    auto& services = context.services();
    auto read =
        Unsubscription::read(services.use<MailShared>().values, query_of(context).token, services.use<Runtime>().now());
    if (!read)
        send_page(context.response(), 404, "Unsubscribe",
                  "<h1>This link is not whole</h1><p>Open the link in the message once more.</p>\n");
    return read;
}

// Programs that look at links before people do change nothing.
async::Task<void> show_unsubscribe(http::Context& context) {
    const auto what = unsubscription_of(context);
    if (!what) co_return;
    send_page(context.response(), 200, "Unsubscribe",
              fmt::format("<h1>Unsubscribe</h1><p>{} gets no more {}.</p>\n<form method=\"post\">"
                          "<button>Unsubscribe</button></form>\n{}",
                          escaped(what->address), words_of(what->list), again_form(query_of(context).token)));
}

// A mail program's one click (RFC 8058) or the form's; as often as it comes.
async::Task<void> unsubscribe(http::Context& context) {
    const auto what = unsubscription_of(context);
    if (!what) co_return;
    auto& services = context.services();
    const auto db = db::system_db(services.use<db::Databases>(), context.deadline(), context.span());
    if (query_of(context).again) {
        co_await db.run(mailing::undo_unsubscribe, what->address, what->scope, what->list);
        send_page(context.response(), 200, "Subscribed",
                  fmt::format("<h1>Done</h1><p>{} gets {} again.</p>\n", escaped(what->address), words_of(what->list)));
        co_return;
    }
    co_await db.run(mailing::suppress, MailSuppression{.scope = what->scope,
                                                       .list = what->list,
                                                       .address = what->address,
                                                       .reason = SuppressionReason::unsubscribe,
                                                       .detail = std::nullopt,
                                                       .created_at = services.use<Runtime>().now()});
    send_page(context.response(), 200, "Unsubscribed",
              fmt::format("<h1>Done</h1><p>{} gets no more {}.</p>\n{}", escaped(what->address), words_of(what->list),
                          again_form(query_of(context).token)));
}

using Html = Filled<"text/html">;
using Text = Filled<"text/plain">;

// ---- The mailbox of development ------------------------------------------------------------------------------------

std::string mailboxes(const std::vector<mail::Address>& addresses) {
    std::string list;
    for (const auto& address : addresses) list += (list.empty() ? "" : ", ") + address.mailbox();
    return list;
}

async::Task<Html> list_mails(http::Context& context, http::Service<mail::Mailbox> mailbox) {
    std::string items;
    for (const auto& [mail, received_at] : mailbox->newest()) {
        const auto& message = mail.message;
        items += fmt::format("<li><a href=\"/dev/mail/{}\">{}</a><br><small>to {}, {}</small></li>\n",
                             message.id.to_string(), escaped(message.subject), escaped(mailboxes(message.to)),
                             base::format_timestamp(received_at));
    }
    if (items.empty()) items = "<li>No mail yet.</li>\n";
    send_page(context.response(), 200, "Mailbox",
              "<h1>Mailbox</h1><p><small>Nothing leaves while MAIL_URL is not set. <a href=\"/dev/mail/templates\">All "
              "templates</a></small></p>\n<ul>\n" +
                  items + "</ul>\n");
    co_return Html{};
}

mail::Mailbox::Entry find_mail(const mail::Mailbox& mailbox, NotificationId id) {
    auto entry = mailbox.find(id.uuid());
    if (!entry) throw base::Failure(http::errors::not_found);
    return *std::move(entry);
}

async::Task<Html> show_mail(http::Context& context, http::Path<"id", NotificationId> id,
                            http::Service<mail::Mailbox> mailbox) {
    const auto entry = find_mail(*mailbox, *id);
    const auto& message = entry.mail.message;
    const auto path = "/dev/mail/" + message.id.to_string();
    send_page(
        context.response(), 200, message.subject,
        fmt::format("<p><a href=\"/dev/mail\">Mailbox</a></p><h1>{}</h1>\n<p><small>from {}<br>to {}<br>{}</small>"
                    "</p>\n<p><a href=\"{}/html\">HTML</a> · <a href=\"{}/source\">Source</a></p>\n<pre>{}</pre>\n",
                    escaped(message.subject), escaped(message.from.mailbox()), escaped(mailboxes(message.to)),
                    base::format_timestamp(entry.received_at), path, path, linked(message.text)));
    co_return Html{};
}

// As a mail reader shows it: styles of its own, no script.
void send_mail_html(http::Response& response, std::string html) {
    response.body(std::move(html)).content_type("text/html; charset=utf-8");
    response.header("Content-Security-Policy",
                    "sandbox allow-popups allow-top-navigation-by-user-activation;"
                    "default-src 'none';style-src 'unsafe-inline'");
    response.header("Cache-Control", "no-store");
}

async::Task<Html> show_html(http::Context& context, http::Path<"id", NotificationId> id,
                            http::Service<mail::Mailbox> mailbox) {
    send_mail_html(context.response(), find_mail(*mailbox, *id).mail.message.html);
    co_return Html{};
}

async::Task<Text> show_source(http::Context& context, http::Path<"id", NotificationId> id,
                              http::Service<mail::Mailbox> mailbox) {
    auto entry = find_mail(*mailbox, *id);
    context.response()
        .body(co_await mail::source_of(std::move(entry.mail.message)))
        .content_type("text/plain; charset=utf-8");
    context.response().header("Cache-Control", "no-store");
    co_return Text{};
}

// ---- Templates ---------------------------------------------------------------------------------------------------

async::Task<Html> list_templates(http::Context& context) {
    std::string items;
    for (const auto& type : message_types()) {
        if (type.write == nullptr) continue;
        const auto name = schema::name_of(type.kind);
        items += fmt::format(
            "<li>{0} <a href=\"/dev/mail/templates/{0}/en\">English</a> · "
            "<a href=\"/dev/mail/templates/{0}/sw\">Kiswahili</a></li>\n",
            escaped(name));
    }
    send_page(context.response(), 200, "Templates", "<h1>Templates</h1>\n<ul>\n" + items + "</ul>\n");
    co_return Html{};
}

async::Task<Html> show_template(http::Context& context, http::Path<"kind", NotificationKind> kind,
                                http::Path<"locale", Locale> locale, http::Service<MailShared> shared) {
    const auto& type = message_type(*kind);
    if (type.write == nullptr) throw base::Failure(http::errors::not_found);
    const mail::Say say(language_of(*locale));
    const auto content = type.write(type.sample(), {say, &shared->links, "a-token"});
    send_mail_html(context.response(),
                   to_html(content, {.sender = shared->sender_name(), .language = code_of(say.language())}));
    co_return Html{};
}

}  // namespace

void unsubscribe_pages(http::Router& router) {
    router.add(http::Method::get, "/account/unsubscribe", {.handler = show_unsubscribe});
    router.add(http::Method::post, "/account/unsubscribe",
               {.handler = unsubscribe, .options = {.body_limit = 64 * 1024}});
}

void mailbox_pages(http::Routes routes) {
    routes.get("", list_mails, {.id = "listDevelopmentMails", .summary = "Mails of this process, newest first"});
    routes.get("/templates", list_templates, {.id = "listMailTemplates", .summary = "Every template, with samples"});
    routes.get(
        "/templates/{kind}/{locale}", show_template,
        {.id = "getMailTemplate", .summary = "A template, with its sample", .errors = {http::errors::not_found}});
    routes.get("/{id}", show_mail,
               {.id = "getDevelopmentMail", .summary = "One mail", .errors = {http::errors::not_found}});
    routes.get(
        "/{id}/html", show_html,
        {.id = "getDevelopmentMailHtml", .summary = "As a mail reader shows it", .errors = {http::errors::not_found}});
    routes.get("/{id}/source", show_source,
               {.id = "getDevelopmentMailSource", .summary = "As it travels", .errors = {http::errors::not_found}});
}

}  // namespace pos
