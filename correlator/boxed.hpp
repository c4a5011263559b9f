// A value kept on the heap: copies, moves and compares like the value, and is as small as a pointer where it is not
// there.
#pragma once

#include <memory>
#include <utility>

namespace incidentd {

// Never empty but after it was moved from.
template <class Value>
class Boxed {
public:
    Boxed() : value_(std::make_unique<Value>()) {}
    Boxed(Value value) : value_(std::make_unique<Value>(std::move(value))) {}
    Boxed(const Boxed& other) : value_(std::make_unique<Value>(*other.value_)) {}
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(const Boxed& other) {
        *this = Boxed(other);
        return *this;
    }
    Boxed& operator=(Boxed&&) noexcept = default;
    ~Boxed() = default;

    Value& operator*() { return *value_; }
    const Value& operator*() const { return *value_; }
    Value* operator->() { return value_.get(); }
    const Value* operator->() const { return value_.get(); }

private:
    std::unique_ptr<Value> value_;
};

}  // namespace incidentd
