#include "http/services.h"

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

namespace http {

void Services::insert(const void* key, void* service) {
    const auto at = std::ranges::lower_bound(entries_, key, std::less<const void*>{}, &Entry::key);
    if (at != entries_.end() && at->key == key) {
        at->service = service;
    } else {
        entries_.insert(at, {key, service});
    }
}

void* Services::lookup(const void* key) const {
    const auto at = std::ranges::lower_bound(entries_, key, std::less<const void*>{}, &Entry::key);
    return at != entries_.end() && at->key == key ? at->service : nullptr;
}

void Services::throw_missing(const char* type_name) {
    throw std::logic_error("no service of type " + boost::core::demangle(type_name) +
                           ": a module lists what makes it (docs/add-a-service.md), or Services::add() it");
}

}  // namespace http
