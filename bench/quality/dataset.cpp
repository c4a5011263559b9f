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

Dataset load_dataset(const std::string& directory) {
    Dataset set;
    set.directory = directory;
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
    AlertStream stream(directory);
    StreamAlert alert;
    while (stream.next(alert)) {
        const auto known = names.find(alert.host);
        set.truth.received_ms.push_back(alert.received_ms);
        set.truth.entity.push_back(known == names.end() ? alert.host : known->second);
    }
    if (set.truth.entity.size() != set.truth.incident.size())
        throw std::runtime_error(directory + ": alerts.ndjson and truth.tsv differ in length");
    return set;
}

struct AlertStream::Impl {
    std::string path;
    std::ifstream in;
    std::string line;
    std::size_t number = 0;
    simdjson::dom::parser parser;
};

AlertStream::AlertStream(const std::string& directory) : impl_(new Impl) {
    impl_->path = directory + "/alerts.ndjson";
    impl_->in.open(impl_->path);
    if (!impl_->in) throw std::runtime_error(impl_->path + ": cannot be read");
}

AlertStream::~AlertStream() { delete impl_; }

bool AlertStream::next(StreamAlert& alert) {
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
