// Reading JSON in tests by path: Json(text).text("/0/labels/host"). A missing or differently typed value is a test's
// failure, so every getter says what it did not find by throwing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace incidentd::test {

class Json {
public:
    explicit Json(std::string_view text);  // throws std::runtime_error when it does not parse
    ~Json();
    Json(Json&&) noexcept;

    // Paths are JSON pointers (RFC 6901); "" is the document.
    bool has(std::string_view path) const;
    std::string text(std::string_view path) const;
    std::int64_t number(std::string_view path) const;
    bool boolean(std::string_view path) const;
    std::size_t size(std::string_view path = {}) const;  // of an array or object

private:
    struct Document;
    std::unique_ptr<Document> document_;
};

// `text` as a JSON string with its quotes.
std::string json_quote(std::string_view text);

}  // namespace incidentd::test
