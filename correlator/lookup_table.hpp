// A table that rules look labels up in, such as an export of a CMDB: one key column, rows found in constant time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// Immutable once filled by rules/. Bounded there: lookup_rows_max, lookup_bytes_max.
class LookupTable {
public:
    LookupTable(std::string name, std::vector<std::string> columns)
        : name_(std::move(name)), columns_(std::move(columns)) {}

    // A cell for each column, in their order. False: the key is there already (the first row holds).
    bool add(std::string key, std::vector<std::string> cells) {
        const auto [at, is_new] = rows_.try_emplace(std::move(key), static_cast<std::uint32_t>(cells_.size()));
        if (is_new) cells_.push_back(std::move(cells));
        return is_new;
    }
    // The key's cells, or nullptr. Valid as long as the table.
    const std::vector<std::string>* find(std::string_view key) const {
        const auto at = rows_.find(key);
        return at == rows_.end() ? nullptr : &cells_[at->second];
    }
    const std::string& name() const { return name_; }  // the file's
    const std::vector<std::string>& columns() const { return columns_; }
    std::size_t size() const { return cells_.size(); }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return boost::hash<std::string_view>()(text); }
    };
    std::string name_;
    std::vector<std::string> columns_;
    boost::unordered_flat_map<std::string, std::uint32_t, Hash, std::equal_to<>> rows_;
    std::vector<std::vector<std::string>> cells_;
};

}  // namespace incidentd
