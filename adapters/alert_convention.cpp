#include "adapters/alert_convention.hpp"

#include <array>
#include <cstddef>

namespace incidentd {
namespace {

struct NamedState {
    std::string_view number;
    NagiosState state;
};

constexpr std::array<NamedState, 4> service_states{{{"0", {false, Severity::info, "OK"}},
                                                    {"1", {true, Severity::warning, "WARNING"}},
                                                    {"2", {true, Severity::critical, "CRITICAL"}},
                                                    {"3", {true, Severity::unknown, "UNKNOWN"}}}};
constexpr std::array<NamedState, 3> host_states{{{"0", {false, Severity::info, "UP"}},
                                                 {"1", {true, Severity::critical, "DOWN"}},
                                                 {"2", {true, Severity::error, "UNREACHABLE"}}}};

bool same_word(std::string_view text, std::string_view upper) {
    if (text.size() != upper.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 'a' + 'A') : text[i];
        if (c != upper[i]) return false;
    }
    return true;
}

template <std::size_t N>
std::optional<NagiosState> find_state(const std::array<NamedState, N>& states, std::string_view text) {
    for (const NamedState& s : states) {
        if (text == s.number || same_word(text, s.state.name)) return s.state;
    }
    return std::nullopt;
}

void append_lines(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n') {
            out += '\n';
            ++i;
        } else {
            out += text[i];
        }
    }
}

}  // namespace

std::string_view draft_label(const std::vector<LabelView>& labels, std::string_view name) {
    std::string_view found;
    for (const LabelView& label : labels) {
        if (label.name == name) found = label.value;
    }
    return found;
}

void apply_prometheus_convention(AlertDraft& draft, std::string& scratch) {
    const std::string_view severity = draft_label(draft.labels, "severity");
    if (!severity.empty()) draft.severity = severity_from_convention(severity).value_or(Severity::unknown);
    draft.title = draft_label(draft.annotations, "summary");
    if (draft.title.empty()) {
        const std::string_view instance = draft_label(draft.labels, "instance");
        scratch.assign(draft_label(draft.labels, "alertname"));
        if (!instance.empty()) scratch.append(" (").append(instance).append(")");
        draft.title = scratch;
    }
    draft.text = draft_label(draft.annotations, "description");
    if (draft.text.empty()) draft.text = draft_label(draft.annotations, "message");
}

std::optional<NagiosState> nagios_state(std::string_view text, bool is_service) {
    return is_service ? find_state(service_states, text) : find_state(host_states, text);
}

void describe_nagios_check(AlertDraft& draft, NagiosText& scratch, std::string_view host, std::string_view service,
                           std::string_view state) {
    scratch.key.assign(host);
    scratch.title.clear();
    if (!service.empty()) {
        scratch.key.append("!").append(service);
        scratch.title.append(service).append(" on ");
    }
    scratch.title.append(host);
    if (!state.empty()) scratch.title.append(" is ").append(state);
    draft.key = scratch.key;
    draft.title = scratch.title;
    draft.labels.push_back({"alertname", service.empty() ? std::string_view("Host") : service});
    draft.labels.push_back({"host", host});
    draft.labels.push_back({"service", service});
}

std::string nagios_output(std::string_view output, std::string_view long_output) {
    std::string out;
    append_lines(out, output.substr(0, output.find('|')));
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (!long_output.empty()) {
        if (!out.empty()) out += '\n';
        append_lines(out, long_output);
    }
    return out;
}

}  // namespace incidentd
