#include "bench/quality/dataset.hpp"

#include <simdjson.h>

#include <charconv>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <unordered_map>

namespace incidentd::quality {
namespace {

using Fields = std::vector<std::string_view>;

Fields split_tabs(std::string_view line) {
    Fields fields;
    while (true) {
        const std::size_t tab = line.find('\t');
        fields.push_back(line.substr(0, tab));
        if (tab == std::string_view::npos) return fields;
        line.remove_prefix(tab + 1);
    }
}

// Calls `row` for each line after the head; false: there is no such file.
bool each_row(const std::string& path, std::size_t least_fields, const std::function<void(const Fields&)>& row) {
    std::ifstream in(path);
    if (!in) return false;
    std::string line;
    std::getline(in, line);
    for (std::size_t number = 2; std::getline(in, line); ++number) {
        const Fields fields = split_tabs(line);
        if (fields.size() < least_fields)
            throw std::runtime_error(path + ":" + std::to_string(number) + ": expected " +
                                     std::to_string(least_fields) + " fields, found " + std::to_string(fields.size()));
        row(fields);
    }
    return true;
}

// 0 to 1, as if drawn.
double share_of(std::uint64_t number) {
    std::uint64_t z = (number + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

void load_truth(const std::string& directory, Truth& truth) {
    std::unordered_map<std::string, std::uint32_t> numbers;
    const auto number = [&](std::string_view name) {
        const auto [at, is_new] =
            numbers.try_emplace(std::string(name), static_cast<std::uint32_t>(truth.names.size()));
        if (is_new) truth.names.emplace_back(name);
        return at->second;
    };
    const bool there = each_row(directory + "/truth.tsv", 3, [&](const Fields& fields) {
        truth.incident.push_back(number(fields[1]));
        truth.is_root.push_back(fields[2] == "1");
    });
    if (!there) throw std::runtime_error(directory + "/truth.tsv: cannot be read");
    truth.root_entity.resize(truth.names.size());
    truth.type.resize(truth.names.size());
    each_row(directory + "/incidents.tsv", 3, [&](const Fields& fields) {
        const auto found = numbers.find(std::string(fields[0]));
        if (found == numbers.end()) return;
        truth.type[found->second] = fields[1];
        if (fields[2] != "-") truth.root_entity[found->second] = fields[2];
    });
}

}  // namespace

Dataset load_dataset(const std::string& directory, const Distortion& distortion) {
    Dataset set;
    set.directory = directory;
    set.distortion = distortion;
    set.name = directory.substr(directory.find_last_of('/') + 1);
    load_truth(directory, set.truth);
    each_row(directory + "/topology.tsv", 3, [&](const Fields& fields) {
        set.links.push_back({std::string(fields[0]), std::string(fields[1]), std::string(fields[2])});
    });
    each_row(directory + "/aliases.tsv", 2,
             [&](const Fields& fields) { set.aliases.emplace_back(fields[0], fields[1]); });
    each_row(directory + "/causal.tsv", 2,
             [&](const Fields& fields) { set.causal.emplace_back(fields[0], fields[1]); });
    std::unordered_map<std::string, std::string> names(set.aliases.begin(), set.aliases.end());
    AlertStream stream(set);
    StreamAlert alert;
    const Truth whole = set.truth;
    std::size_t last = 0;  // the line after the last alert
    set.truth.incident.clear();
    set.truth.is_root.clear();
    for (; stream.next(alert); ++last) {
        last = stream.line();
        if (last >= whole.incident.size()) break;
        set.truth.incident.push_back(whole.incident[last]);
        set.truth.is_root.push_back(whole.is_root[last]);
        const auto known = names.find(alert.host);
        set.truth.received_ms.push_back(alert.received_ms);
        set.truth.entity.push_back(known == names.end() ? alert.host : known->second);
    }
    if (distortion.loss <= 0 ? last != whole.incident.size() : last > whole.incident.size())
        throw std::runtime_error(directory + ": alerts.ndjson and truth.tsv differ in length");
    return set;
}

struct AlertStream::Impl {
    Distortion distortion;
    std::string path;
    std::ifstream in;
    std::string line;
    std::size_t number = 0;
    simdjson::dom::parser parser;
};

AlertStream::AlertStream(const std::string& directory, const Distortion& distortion) : impl_(new Impl) {
    impl_->distortion = distortion;
    impl_->path = directory + "/alerts.ndjson";
    impl_->in.open(impl_->path);
    if (!impl_->in) throw std::runtime_error(impl_->path + ": cannot be read");
}

AlertStream::~AlertStream() { delete impl_; }

std::size_t AlertStream::line() const { return impl_->number - 1; }

bool AlertStream::next(StreamAlert& alert) {
    const Distortion& wrong = impl_->distortion;
    while (read(alert)) {
        if (wrong.loss > 0 && share_of(impl_->number) < wrong.loss) continue;
        if (wrong.skew_max_s > 0) {
            const double share = 2 * share_of(std::hash<std::string>{}(alert.host)) - 1;
            alert.claimed_ms += static_cast<std::int64_t>(share * wrong.skew_max_s * 1000);
        }
        return true;
    }
    return false;
}

bool AlertStream::read(StreamAlert& alert) {
    if (!std::getline(impl_->in, impl_->line)) return false;
    ++impl_->number;
    try {
        const simdjson::dom::element line = impl_->parser.parse(impl_->line);
        const auto text = [&line](std::string_view key) { return std::string(std::string_view(line[key])); };
        alert.claimed_ms = std::int64_t(line["ts"]);
        alert.received_ms = std::int64_t(line["rx"]);
        alert.source = text("source");
        alert.host = text("host");
        alert.check = text("service");
        alert.severity = text("severity");
        alert.title = text("title");
        alert.firing = text("status") == "firing";
        alert.labels.clear();
        for (const auto& [key, value] : simdjson::dom::object(line["labels"]))
            alert.labels.emplace_back(key, std::string_view(value));
    } catch (const simdjson::simdjson_error& error) {
        throw std::runtime_error(impl_->path + ":" + std::to_string(impl_->number) + ": " + error.what());
    }
    return true;
}

}  // namespace incidentd::quality
