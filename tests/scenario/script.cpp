#include "tests/scenario/script.hpp"

#include <charconv>

namespace incidentd::scenario {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

class Parser {
public:
    Parser(const std::string& file, std::string_view text) : file_(file), rest_(text) {}

    Result<std::vector<Scenario>> parse() {
        while (next()) {
            const std::string_view line = trim(line_);
            if (line.empty() || line.front() == '#') continue;
            if (auto done = statement(line); !done) return done.error();
        }
        return std::move(scenarios_);
    }

private:
    bool next() {
        if (rest_.empty()) return false;
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        ++number_;
        return true;
    }

    Error fault(const std::string& what) const {
        return {ErrorCode::invalid, file_ + ":" + std::to_string(number_) + ": " + what};
    }

    Result<void> statement(std::string_view line) {
        const bool indented = line_.front() == ' ' || line_.front() == '\t';
        if (line.starts_with("scenario:")) {
            Scenario scenario;
            scenario.name = trim(line.substr(9));
            scenario.file = file_;
            scenario.line = number_;
            scenarios_.push_back(std::move(scenario));
            return {};
        }
        if (scenarios_.empty()) return fault("expected 'scenario: <name>' first");
        if (indented) {
            if (scenarios_.back().steps.empty()) return fault("an expectation needs a step before it");
            scenarios_.back().steps.back().expected.push_back(words_of(number_, line));
            return {};
        }
        return line.front() == '+' ? step(line) : header(line);
    }

    Result<void> step(std::string_view line) {
        const std::size_t space = line.find(' ');
        const Result<Duration> wait = parse_duration(line.substr(1, space - 1));
        if (!wait || space == line.npos) return fault("a step is +<duration> <what> [-> <expected>]");
        Scenario& scenario = scenarios_.back();
        std::string_view what = line.substr(space);
        Step step;
        step.at = (scenario.steps.empty() ? Duration{0} : scenario.steps.back().at) + *wait;
        if (const std::size_t arrow = what.find(" -> "); arrow != what.npos) {
            step.expected.push_back(words_of(number_, trim(what.substr(arrow + 4))));
            what = what.substr(0, arrow);
        }
        step.what = words_of(number_, trim(what));
        scenario.steps.push_back(std::move(step));
        return {};
    }

    Result<void> header(std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == line.npos) return fault("expected '+<duration> <what>' or 'rules:', 'sinks:', 'limits:', 'show:'");
        const Words key = words_of(number_, line.substr(0, colon));
        const Words value = words_of(number_, line.substr(colon + 1));
        Scenario& scenario = scenarios_.back();
        const std::string name = key.positional.empty() ? std::string() : key.positional[0];
        if (name == "rules") {
            const std::string which = key.positional.size() > 1 ? key.positional[1] : std::string();
            scenario.rules[which] = "version: 1\n" + block();
            return {};
        }
        if (name == "sinks") {
            scenario.sinks = value.positional;
            return {};
        }
        if (name == "limits") return limits(value, scenario.limits);
        if (name != "show") return fault("there is no '" + name + "'; rules, sinks, limits and show are known");
        for (const std::string& word : value.positional) {
            if (word != "kpi" && word != "delivery") return fault("show kpi or delivery, not '" + word + "'");
            (word == "kpi" ? scenario.show_kpi : scenario.show_delivery) = true;
        }
        return {};
    }

    // Indented lines up to the first that is not; kept as they are, because their indentation has meaning in YAML.
    std::string block() {
        std::string text;
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) {
            next();
            text += std::string(line_.substr(std::min<std::size_t>(line_.size(), 2))) + "\n";
        }
        return text;
    }

    Result<void> limits(const Words& value, EngineLimits& limits) const {
        const std::pair<std::string_view, std::uint32_t*> known[] = {
            {"alerts_max", &limits.alerts_max},
            {"incidents_max", &limits.incidents_max},
            {"alerts_shown_in_ticket_max", &limits.alerts_shown_in_ticket_max},
            {"facts_per_update_max", &limits.facts_per_update_max},
            {"services_max", &limits.services_max}};
        for (const auto& [name, text] : value.equal) {
            bool found = false;
            for (const auto& [word, place] : known) {
                if (word != name) continue;
                found = std::from_chars(text.data(), text.data() + text.size(), *place).ec == std::errc();
            }
            if (!found) return fault("no such limit: " + name + "=" + text);
        }
        return {};
    }

    const std::string& file_;
    std::string_view rest_, line_;
    int number_ = 0;
    std::vector<Scenario> scenarios_;
};

// Quotes keep blanks within a word and are taken off.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    bool quoted = false, inside = false;
    for (const char c : text) {
        if (c == '"') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (c != '"') words.back() += c;
    }
    return words;
}

}  // namespace

Words words_of(int line, std::string_view text) {
    Words words;
    words.line = line;
    words.text = trim(text);
    for (std::string& word : split(words.text)) {
        const std::size_t at = word.front() == '{' ? word.npos : word.find_first_of("=~");
        if (at == word.npos) {
            words.positional.push_back(std::move(word));
        } else {
            auto& list = word[at] == '=' ? words.equal : words.contains;
            list.emplace_back(word.substr(0, at), word.substr(at + 1));
        }
    }
    return words;
}

Result<std::vector<Scenario>> parse_scenarios(const std::string& file, std::string_view text) {
    return Parser(file, text).parse();
}

}  // namespace incidentd::scenario
