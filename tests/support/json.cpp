#include "tests/support/json.hpp"

#include <simdjson.h>
#include <stdexcept>

namespace incidentd::test {

struct Json::Document {
    simdjson::dom::parser parser;
    simdjson::dom::element root;

    simdjson::dom::element at(std::string_view path) const {
        simdjson::dom::element found;
        if (root.at_pointer(path).get(found) != simdjson::SUCCESS) {
            throw std::runtime_error("no \"" + std::string(path) + "\" in " + simdjson::minify(root));
        }
        return found;
    }

    template <typename T>
    T as(std::string_view path) const {
        T value;
        if (at(path).get(value) != simdjson::SUCCESS) {
            throw std::runtime_error("\"" + std::string(path) + "\" has another type in " + simdjson::minify(root));
        }
        return value;
    }
};

Json::Json(std::string_view text) : document_(std::make_unique<Document>()) {
    const auto error = document_->parser.parse(text.data(), text.size()).get(document_->root);
    if (error != simdjson::SUCCESS) {
        throw std::runtime_error("not JSON (" + std::string(simdjson::error_message(error)) +
                                 "): " + std::string(text));
    }
}
Json::~Json() = default;
Json::Json(Json&&) noexcept = default;

bool Json::has(std::string_view path) const { return document_->root.at_pointer(path).error() == simdjson::SUCCESS; }
std::string Json::text(std::string_view path) const { return std::string(document_->as<std::string_view>(path)); }
std::int64_t Json::number(std::string_view path) const { return document_->as<std::int64_t>(path); }
bool Json::boolean(std::string_view path) const { return document_->as<bool>(path); }

std::size_t Json::size(std::string_view path) const {
    const simdjson::dom::element found = document_->at(path);
    if (found.is_array()) return simdjson::dom::array(found).size();
    return document_->as<simdjson::dom::object>(path).size();
}

std::string json_quote(std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (byte < 0x20) {
            result += "\\u00";
            result += hex[byte >> 4U];
            result += hex[byte & 15U];
        } else {
            result += c;
        }
    }
    return result + '"';
}

}  // namespace incidentd::test
