#pragma once
// What handlers may use, by type: filled once at start, read-only afterwards. It owns nothing; what it points at outlives
// the server. One per loop, since databases and caches belong to a loop.
//
//     http::Services services;
//     services.add(database);
//     auto& database = context.services().use<db::Database>();
//     services.has<mail::Mailer>();                        // what a route checks when it is registered
//     services.use<const MailSettings>();                  // what was added as const is found as const alone
//
// use() of a missing type throws std::logic_error naming it; typed routes check theirs at start, so that a server that
// runs has all it needs.

#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace http {

namespace detail {

// The address is the key: unique per type, no RTTI on the way.
template <class T>
inline constexpr char type_key = 0;

}  // namespace detail

class Services {
public:
    // A second one of the same type replaces the first (a test's double).
    template <class T>
    void add(T& service) {
        insert(&detail::type_key<T>, const_cast<std::remove_const_t<T>*>(&service));
    }
    template <class T>
    [[nodiscard]] T* find() const {
        return static_cast<T*>(lookup(&detail::type_key<T>));
    }
    template <class T>
    [[nodiscard]] bool has() const {
        return find<T>() != nullptr;
    }
    template <class T>
    [[nodiscard]] T& use() const {
        auto* found = find<T>();
        if (found == nullptr) throw_missing(typeid(T).name());
        return *found;
    }

private:
    struct Entry {
        const void* key;
        void* service;
    };
    void insert(const void* key, void* service);
    [[nodiscard]] void* lookup(const void* key) const;
    [[noreturn]] static void throw_missing(const char* type_name);

    std::vector<Entry> entries_;  // sorted by key
};

}  // namespace http
