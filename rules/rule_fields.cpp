#include "rules/rule_fields.hpp"

namespace incidentd {

std::string list_of(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out.empty() ? "none" : out;
}

std::string hint_of(std::string_view word, const std::vector<std::string>& known) {
    const std::string near = nearest(word, known);
    return near.empty() ? "" : "did you mean '" + near + "'?";
}

std::string one_of(std::span<const std::string_view> words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

void read_duration(SettingsReader& reader, std::string_view key, Duration least, Duration most, Duration& out) {
    const std::optional<Duration> read = reader.duration(key);
    if (!read.has_value()) return;
    if (*read < least || *read > most) {
        reader.problem(key,
                       "must be from " + to_string(least) + " to " + to_string(most) + ", found " + to_string(*read));
        return;
    }
    out = *read;
}

}  // namespace incidentd
