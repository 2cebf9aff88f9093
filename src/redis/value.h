#pragma once
// What Redis answered. A Reply owns the bytes; a Value is a cheap view into it and dies with it. RESP2 and RESP3 look alike:
// maps and sets read as flat arrays, a null array is null, a double or a boolean reads as its text as well.
//
//     redis::Reply reply = co_await client.run(redis::Command("HMGET").add(key).add("name").add("data"));
//     if (!reply->at(0).is_null()) use(reply->at(0).text());
//
// Any thread; a Reply is moved, not shared.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redis {

class Reply;

// The types of RESP2 and RESP3 (redis.io, "Redis serialization protocol specification").
enum class Kind : std::uint8_t { null, text, error, integer, number, boolean, array, push };

namespace detail {
struct Node {
    Kind kind = Kind::null;
    std::int64_t integer = 0;  // its value, or how many elements
    std::size_t begin = 0;     // of its text in the bytes
    std::size_t length = 0;
    std::size_t end = 0;  // index of the node after this one and all inside it
};
}  // namespace detail

class Value {
public:
    Value(const std::string& bytes, const std::vector<detail::Node>& nodes, std::size_t index) noexcept
        : bytes_(&bytes), nodes_(&nodes), index_(index) {}

    [[nodiscard]] Kind kind() const noexcept { return node().kind; }
    [[nodiscard]] bool is_null() const noexcept { return kind() == Kind::null; }
    [[nodiscard]] bool is_error() const noexcept { return kind() == Kind::error; }
    [[nodiscard]] bool is_array() const noexcept { return kind() == Kind::array || kind() == Kind::push; }

    // The three below throw redis.unexpected_reply when the value is of another kind.
    // Simple and bulk strings, errors, and the decimal text of numbers.
    [[nodiscard]] std::string_view text() const;
    // Integers, booleans (0 or 1), and text that is wholly a decimal integer.
    [[nodiscard]] std::int64_t integer() const;
    [[nodiscard]] double number() const;

    // Elements of an array, set or push; of a map twice its pairs. 0 for everything else.
    [[nodiscard]] std::size_t size() const noexcept;
    // Costs the elements before it; walk with begin() and end() where there are many. Throws redis.unexpected_reply past the end.
    [[nodiscard]] Value at(std::size_t position) const;

    class Iterator {
    public:
        using value_type = Value;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        Iterator(const Value& of, std::size_t index) noexcept : bytes_(of.bytes_), nodes_(of.nodes_), index_(index) {}
        Value operator*() const noexcept { return {*bytes_, *nodes_, index_}; }
        Iterator& operator++() noexcept {
            index_ = (*nodes_)[index_].end;
            return *this;
        }
        Iterator operator++(int) noexcept {
            auto before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator& left, const Iterator& right) noexcept {
            return left.index_ == right.index_;
        }

    private:
        const std::string* bytes_ = nullptr;
        const std::vector<detail::Node>* nodes_ = nullptr;
        std::size_t index_ = 0;
    };
    // The value and all inside it, on their own.
    [[nodiscard]] Reply to_reply() const;

    [[nodiscard]] Iterator begin() const noexcept { return {*this, is_array() ? index_ + 1 : node().end}; }
    [[nodiscard]] Iterator end() const noexcept { return {*this, node().end}; }

private:
    [[nodiscard]] const detail::Node& node() const noexcept { return (*nodes_)[index_]; }

    const std::string* bytes_;
    const std::vector<detail::Node>* nodes_;
    std::size_t index_;
};

class Reply {
public:
    Reply() : nodes_(1, detail::Node{.end = 1}) {}
    Reply(std::string bytes, std::vector<detail::Node> nodes) noexcept
        : bytes_(std::move(bytes)), nodes_(std::move(nodes)) {}

    [[nodiscard]] Value value() const noexcept { return {bytes_, nodes_, 0}; }

    struct Arrow {
        Value value;
        const Value* operator->() const noexcept { return &value; }
    };
    [[nodiscard]] Arrow operator->() const noexcept { return {value()}; }
    [[nodiscard]] Value operator*() const noexcept { return value(); }

private:
    std::string bytes_;
    std::vector<detail::Node> nodes_;
};

}  // namespace redis
