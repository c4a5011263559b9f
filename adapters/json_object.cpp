#include "adapters/json_object.hpp"

#include "adapters/json_reader.hpp"

namespace incidentd {

Result<std::vector<std::pair<std::string, std::string>>> parse_text_object(std::string_view json) {
    JsonReader reader;
    if (const std::optional<ItemError> fault = reader.parse(json)) return Error(ErrorCode::invalid, fault->message);
    simdjson::dom::object object;
    if (reader.root().get_object().get(object) != simdjson::SUCCESS)
        return Error(ErrorCode::invalid, "expected a JSON object");
    std::vector<std::pair<std::string, std::string>> members;
    for (const auto field : object) {
        std::string_view value;
        if (field.value.get_string().get(value) != simdjson::SUCCESS)
            return Error(ErrorCode::invalid, "'" + std::string(field.key) + "' must be a text");
        members.emplace_back(field.key, value);
    }
    return members;
}

}  // namespace incidentd
