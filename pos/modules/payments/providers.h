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

}  // namespace pos
