#include "payments/paystack/charges.h"

#include <algorithm>
#include <array>

#include "schema/schema.h"

namespace payments::paystack {

namespace {

// Mobile money, by the currency and what the number begins with. Kenyan numbers are ported: whose they are cannot be told.
struct Rail {
    std::string_view currency;
    std::string_view dials;
    std::string_view provider;
};
constexpr std::array<Rail, 12> rails{{{"KES", "2547", "mpesa"},
                                      {"KES", "2541", "mpesa"},
                                      {"GHS", "23320", "vod"},
                                      {"GHS", "23350", "vod"},
                                      {"GHS", "23326", "atl"},
                                      {"GHS", "23327", "atl"},
                                      {"GHS", "23356", "atl"},
                                      {"GHS", "23357", "atl"},
                                      {"GHS", "233", "mtn"},
                                      {"XOF", "22507", "orange"},
                                      {"XOF", "22505", "mtn"},
                                      {"XOF", "225", "wave"}}};

struct Metadata {
    std::string reference;

    friend constexpr auto describe(Metadata*) {
        return schema::object<Metadata>("PaystackMetadata", schema::field<&Metadata::reference>("reference"));
    }
};
struct MobileMoney {
    std::string phone;
    std::string provider;

    friend constexpr auto describe(MobileMoney*) {
        return schema::object<MobileMoney>("PaystackMobileMoney", schema::field<&MobileMoney::phone>("phone"),
                                           schema::field<&MobileMoney::provider>("provider"));
    }
};

struct Charge {
    std::string email;
    std::string amount;  // a text here, a number on pages
    std::string currency;
    std::string reference;
    MobileMoney mobile_money;
    Metadata metadata;

    friend constexpr auto describe(Charge*) {
        using schema::field;
        return schema::object<Charge>(
            "PaystackCharge", field<&Charge::email>("email"), field<&Charge::amount>("amount"),
            field<&Charge::currency>("currency"), field<&Charge::reference>("reference"),
            field<&Charge::mobile_money>("mobile_money"), field<&Charge::metadata>("metadata"));
    }
};

struct Page {
    std::string email;
    std::int64_t amount = 0;
    std::string currency;
    std::string reference;
    std::string callback_url;
    Metadata metadata;

    friend constexpr auto describe(Page*) {
        using schema::field;
        return schema::object<Page>("PaystackPage", field<&Page::email>("email"), field<&Page::amount>("amount"),
                                    field<&Page::currency>("currency"), field<&Page::reference>("reference"),
                                    field<&Page::callback_url>("callback_url"), field<&Page::metadata>("metadata"));
    }
};

}  // namespace

bool has_mobile_money(std::string_view currency) noexcept {
    return std::ranges::any_of(rails, [&](const Rail& rail) { return rail.currency == currency; });
}

std::optional<std::string> charge_of(const StartRequest& request, std::int64_t subunits, const std::string& email) {
    const auto phone = request.phone.starts_with('+') ? request.phone.substr(1) : request.phone;
    const auto rail = std::ranges::find_if(
        rails, [&](const Rail& one) { return one.currency == request.currency && phone.starts_with(one.dials); });
    if (rail == rails.end()) return std::nullopt;
    return schema::to_json(Charge{.email = email,
                                  .amount = std::to_string(subunits),
                                  .currency = request.currency,
                                  .reference = request.id.to_string(),
                                  .mobile_money = {"+" + phone, std::string(rail->provider)},
                                  .metadata = {request.reference}});
}

std::string page_of(const StartRequest& request, std::int64_t subunits, const std::string& email) {
    return schema::to_json(Page{.email = email,
                                .amount = subunits,
                                .currency = request.currency,
                                .reference = request.id.to_string(),
                                .callback_url = request.return_url,
                                .metadata = {request.reference}});
}

}  // namespace payments::paystack
