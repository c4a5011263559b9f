#include "adapters/sources/nrdp/parameters.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace incidentd::sources::nrdp {
namespace {

struct Name {
    std::string_view text;
    std::string Parameters::*field;  // null: known as a border only
};

// In the order in which NRDP looks: of several payloads the last one that is not empty wins.
constexpr std::array<Name, 13> names{{{"token", &Parameters::token},
                                      {"cmd", &Parameters::cmd},
                                      {"output_type", &Parameters::output_type},
                                      {"XMLDATA", &Parameters::xml},
                                      {"xmldata", &Parameters::xml},
                                      {"xml", &Parameters::xml},
                                      {"JSONDATA", &Parameters::json},
                                      {"jsondata", &Parameters::json},
                                      {"json", &Parameters::json},
                                      {"pretty", nullptr},
                                      {"debug", nullptr},
                                      {"command", nullptr},
                                      {"btnSubmit", nullptr}}};

bool begins_with_parameter(std::string_view text) {
    for (const Name& name : names) {
        if (text.size() > name.text.size() && text.starts_with(name.text) && text[name.text.size()] == '=') return true;
    }
    return false;
}

// Length of the value at the front of `text`. A value that was not encoded may hold '&' itself.
std::size_t value_length(std::string_view text, bool raw) {
    std::size_t end = text.find('&');
    while (raw && end != std::string_view::npos && !begins_with_parameter(text.substr(end + 1)))
        end = text.find('&', end + 1);
    return end == std::string_view::npos ? text.size() : end;
}

void read_form(std::string_view form, std::array<std::string, names.size()>& values) {
    while (!form.empty()) {
        const std::size_t border = form.find_first_of("=&");
        const std::string_view key = form.substr(0, border);
        form.remove_prefix(border == std::string_view::npos ? form.size() : border);
        if (!form.starts_with('=')) {
            if (!form.empty()) form.remove_prefix(1);
            continue;
        }
        form.remove_prefix(1);
        const bool raw = form.starts_with('<') || form.starts_with('{') || form.starts_with('[');
        const std::string_view value = form.substr(0, value_length(form, raw));
        form.remove_prefix(value.size() < form.size() ? value.size() + 1 : value.size());
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i].text == key) values[i] = percent_decode(value, !raw);
        }
    }
}

}  // namespace

bool Parameters::wants_json() const {
    if (!output_type.empty()) return output_type == "TYPE_JSON";
    return xml.empty() && !json.empty();
}

Parameters parameters_of(const HttpRequestView& request) {
    std::array<std::string, names.size()> values;
    read_form(request.query, values);
    read_form(request.body, values);
    Parameters out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].field != nullptr && !values[i].empty()) out.*names[i].field = std::move(values[i]);
    }
    for (char& c : out.cmd) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace incidentd::sources::nrdp
