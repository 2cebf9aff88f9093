#pragma once
// The payment providers of a loop, by their names. A new one is a folder of src/payments and a line in providers.cpp.
//
//     const payments::Provider& provider = providers->get("mpesa");        // payment.provider_unknown for another name

#include <memory>
#include <vector>

#include "app/app.h"
#include "client/client.h"
#include "payments/provider.h"
#include "pos/modules/payments/settings.h"
#include "redis/client.h"

namespace pos {

namespace errors {
inline constexpr auto provider_unknown = base::invalid("payment.provider_unknown", "There is no such payment provider");
}  // namespace errors

class Providers {
public:
    // Takes the place of the one that has its name: tests bring their own.
    void put(std::unique_ptr<::payments::Provider> provider);

    [[nodiscard]] ::payments::Provider& get(std::string_view name) const;
    [[nodiscard]] ::payments::Provider* find(std::string_view name) const;
    [[nodiscard]] const std::vector<std::unique_ptr<::payments::Provider>>& all() const noexcept { return providers_; }

private:
    std::vector<std::unique_ptr<::payments::Provider>> providers_;
};

// The part of a callback's URL that says whose it is: /v1/callbacks/{folder}/{token}/{kind}. M-Pesa takes no URL with its name in it.
[[nodiscard]] constexpr std::string_view callback_folder(std::string_view provider) {
    if (provider == "mpesa") return "m";
    return provider == "stripe" ? "s" : provider;
}

[[nodiscard]] std::unique_ptr<Providers> make_providers(const PaymentSettings& settings, const app::LoopParts& parts,
                                                        client::Client& http, redis::Client* redis,
                                                        const base::Clock& clock);

}  // namespace pos
