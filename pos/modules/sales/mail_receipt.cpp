#include "pos/modules/sales/mail_receipt.h"

#include "auth/rate_limit.h"
#include "base/strings.h"
#include "pos/location_permissions.h"
#include "pos/modules/notifications/statements.h"
#include "pos/modules/sales/record.h"
#include "pos/modules/sales/statements.h"
#include "pos/plumbing/money_text.h"

namespace pos {

namespace {

constexpr std::size_t most_lines = 200;

}  // namespace

ReceiptMail receipt_of(const Sale& sale, const Tenant& tenant) {
    const auto& settings = tenant.settings;
    ReceiptMail mail{.shop = settings.name,
                     .number = sale.row.receipt_number,
                     .at = local_text(sale.row.occurred_at, settings.time_zone),
                     .lines = {},
                     .further_lines = 0,
                     .tax = money_text(sale.row.tax_total, settings.currency),
                     .total = money_text(sale.row.total, settings.currency)};
    for (const auto& line : sale.lines) {
        if (mail.lines.size() == most_lines) {
            ++mail.further_lines;
            continue;
        }
        mail.lines.push_back({line.name, line.quantity.to_string(), money_text(line.gross, settings.currency)});
    }
    return mail;
}

async::Task<http::Accepted<Notification>> mail_receipt(http::Context& context,
                                                       auth::PermittedSomewhere<"sales.create"> caller,
                                                       http::Path<"id", SaleId> id, IdempotencyKeyHeader key,
                                                       http::Body<ReceiptRequest> input, db::Db db,
                                                       http::Service<Notifier> notifier) {
    co_await notifier->require_on(db, input->way());
    co_await auth::charge(context, {{"receipts_recipient", base::ascii_lower(input->recipient())}});
    auto row = co_await db.one(sales::by_id, *id);
    if (!row || !caller.may_at("sales.read", row->location_id.uuid())) throw base::Failure(errors::row_not_found);
    caller.require_at("sales.create", row->location_id.uuid());
    const auto tenant = co_await db.only(sales::tenant, TenantId(caller.tenant_id));
    const auto sale = co_await load_sale(db, std::move(*row));
    const auto once = "receipt:" + id->to_string() + ":" + *key.key;
    auto batch = db.batch();
    notifier->add(batch, receipt_of(sale, tenant),
                  {.key = once, .recipient = input->recipient(), .locale = input->locale, .channel = input->way()});
    co_await batch.commit();
    auto written = co_await db.only(mailing::by_key, once);
    if (written.recipient != input->recipient() || written.channel != input->way() || written.locale != input->locale)
        throw reused_key("the key sent this receipt elsewhere or in another language", written.id.uuid());
    co_return http::Accepted<Notification>{std::move(written)};
}

}  // namespace pos
