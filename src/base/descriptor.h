#pragma once
// A file descriptor that is closed with its owner. Moves; one thread at a time.
//
//     const base::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
//     if (!file) throw_errno("open");
//     ::read(file.get(), bytes, size);

#include <unistd.h>

#include <utility>

namespace base {

class Descriptor {
public:
    explicit Descriptor(int number = -1) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this == &other) return *this;
        close();
        number_ = other.release();
        return *this;
    }
    ~Descriptor() { close(); }

    [[nodiscard]] int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }
    // Whose it is then closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    void close() noexcept {
        if (number_ >= 0) ::close(release());
    }

private:
    int number_;
};

}  // namespace base
