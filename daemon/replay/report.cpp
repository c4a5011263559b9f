#include "daemon/replay/report.hpp"

#include "daemon/replay/report_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t listed_max = 20;  // incidents of one kind of difference

std::string title_of(const ReplayRun& run, IncidentId id) {
    const auto found = run.incidents().find(id);
    if (found == run.incidents().end()) return to_string(id);
    const IncidentView& view = found->second;
    return fmt::format("{} \"{}\" (rule {}, {}, {} alert{})", to_string(id), view.title, view.rule,
                       to_string(view.priority), view.alerts_total, view.alerts_total == 1 ? "" : "s");
}

std::string summary(const ReplayReport& report) {
    const ReplaySpan& span = report.span;
    const double rate = span.seconds > 0 ? static_cast<double>(span.messages) / span.seconds : 0;
    return fmt::format("{}, {} to {}: {} messages in {:.2f} s ({:.0f}/s)", report.recording, to_rfc3339(span.from),
                       to_rfc3339(span.to), span.messages, span.seconds, rate);
}

// Lines of the difference, each with the level of a list it stands on.
class DifferenceLines {
public:
    explicit DifferenceLines(const ReplayReport& report) : report_(report), difference_(*report.difference) {}

    std::vector<std::pair<int, std::string>> lines() {
        const Difference& d = difference_;
        add(0,
            fmt::format("{} incidents are the same, {} have the same alerts and look different, {} of {} alerts moved",
                        d.same, d.changed.size(), d.moved, d.alerts));
        one_sided("only before", d.only_before, *report_.before);
        one_sided("only after", d.only_after, *report_.after);
        regrouped("merged", d.merged, *report_.after, *report_.before, "from");
        regrouped("split", d.split, *report_.before, *report_.after, "into");
        changed();
        moved();
        return std::move(lines_);
    }

private:
    void add(int level, std::string text) { lines_.emplace_back(level, std::move(text)); }

    void cut(std::size_t size, int level) {
        if (size > listed_max) add(level, fmt::format("and {} more", size - listed_max));
    }

    void one_sided(const char* words, const std::vector<IncidentId>& ids, const ReplayRun& run) {
        if (ids.empty()) return;
        add(0, fmt::format("{}: {}", words, ids.size()));
        for (std::size_t i = 0; i < std::min(ids.size(), listed_max); ++i) add(1, title_of(run, ids[i]));
        cut(ids.size(), 1);
    }

    void regrouped(const char* words, const std::vector<Regrouped>& all, const ReplayRun& run, const ReplayRun& other,
                   const char* direction) {
        if (all.empty()) return;
        add(0, fmt::format("{}: {}", words, all.size()));
        for (std::size_t i = 0; i < std::min(all.size(), listed_max); ++i) {
            add(1, title_of(run, all[i].incident));
            for (std::size_t k = 0; k < std::min(all[i].parts.size(), listed_max); ++k)
                add(2, fmt::format("{} {}: {} alert{}", direction, title_of(other, all[i].parts[k].first),
                                   all[i].parts[k].second, all[i].parts[k].second == 1 ? "" : "s"));
            cut(all[i].parts.size(), 2);
        }
        cut(all.size(), 1);
    }

    void changed() {
        const auto& all = difference_.changed;
        if (all.empty()) return;
        add(0, fmt::format("same alerts, look different: {}", all.size()));
        for (std::size_t i = 0; i < std::min(all.size(), listed_max); ++i)
            add(1, title_of(*report_.before, all[i].first) + " is now " + title_of(*report_.after, all[i].second));
        cut(all.size(), 1);
    }

    void moved() {
        if (difference_.moved == 0) return;
        add(0, fmt::format("alerts that moved: {}", difference_.moved));
        for (const MovedAlert& alert : difference_.moved_examples) {
            const auto where = [](IncidentId id) { return id.is_set() ? to_string(id) : std::string("no incident"); };
            const std::string name = alert.number < report_.span.names.size() ? report_.span.names[alert.number]
                                                                              : std::string("(not named)");
            add(1, fmt::format("{}: {{{}}}: {} -> {}", to_rfc3339(report_.span.at[alert.number]), name,
                               where(alert.before), where(alert.after)));
        }
        if (difference_.moved > difference_.moved_examples.size())
            add(1, fmt::format("and {} more", difference_.moved - difference_.moved_examples.size()));
    }

    const ReplayReport& report_;
    const Difference& difference_;
    std::vector<std::pair<int, std::string>> lines_;
};

std::string clean_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    return text;
}

// Titles come from alerts: nothing in them may become markup.
std::string markdown_escaped(const std::string& text) {
    std::string out;
    for (const char c : clean_line(text)) {
        if (std::string_view("\\`*_{}[]<>|#").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

std::string replay_text(const ReplayReport& report) {
    std::string out = summary(report) + "\n";
    const std::vector<ReportRow> rows = report_rows(report);
    std::size_t width = 0, column = 10;
    for (const ReportRow& row : rows) {
        width = std::max(width, row.name.size());
        column = std::max({column, row.before.size(), row.after.size()});
    }
    if (report.before != nullptr)
        out +=
            fmt::format("  {:<{}}  {:>{}}  {:>{}}  {:>10}\n", "", width, "before", column, "after", column, "change");
    for (const ReportRow& row : rows) {
        if (report.before == nullptr)
            out += fmt::format("  {:<{}}  {:>{}}\n", clean_line(row.name), width, row.after, column);
        else
            out += fmt::format("  {:<{}}  {:>{}}  {:>{}}  {:>10}\n", clean_line(row.name), width, row.before, column,
                               row.after, column, row.change);
    }
    if (report.difference)
        for (const auto& [level, line] : DifferenceLines(report).lines())
            out += std::string(static_cast<std::size_t>(level) * 2, ' ') + clean_line(line) + "\n";
    return out;
}

std::string replay_markdown(const ReplayReport& report) {
    std::string out = "### Replay of rules\n\n" + markdown_escaped(summary(report)) + "\n\n";
    out += report.before == nullptr ? "| | |\n|---|---:|\n" : "| | before | after | change |\n|---|---:|---:|---:|\n";
    for (const ReportRow& row : report_rows(report)) {
        if (report.before == nullptr)
            out += fmt::format("| {} | {} |\n", markdown_escaped(row.name), row.after);
        else
            out +=
                fmt::format("| {} | {} | {} | {} |\n", markdown_escaped(row.name), row.before, row.after, row.change);
    }
    if (!report.difference) return out;
    out += "\n#### What changes\n\n";
    for (const auto& [level, line] : DifferenceLines(report).lines())
        out += std::string(static_cast<std::size_t>(level) * 2, ' ') + "- " + markdown_escaped(line) + "\n";
    return out;
}

}  // namespace incidentd
