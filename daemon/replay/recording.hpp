// What can be replayed: the journal of a daemon, or a file of alerts with times. Read while its owner goes on writing.
#pragma once

#include "correlator/correlator.hpp"
#include "correlator/input.hpp"
#include "correlator/result.hpp"
#include "daemon/log.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace incidentd {

class Recording {
public:
    virtual ~Recording() = default;
    // Calls `visit` for each input in order, times never going backwards, until it returns false. What it is given
    // lives until it returns. Errors: io, corrupt, invalid, with the place.
    using Visit = std::function<bool(const Input& input, Instant at)>;
    virtual Result<void> read(const Visit& visit) = 0;
    // The engine as it was before the first input.
    virtual Result<Correlator> engine() = 0;
    virtual std::string described() const = 0;  // for people: what is replayed, from when
};

// `directory`: the journal's, or the state directory above it. A journal that has lost its beginning starts from its
// oldest snapshot. The rules in it are compiled again.
Result<std::unique_ptr<Recording>> open_journal_recording(const std::string& directory);

// Lines of JSON as docs/rules-testing.md describes them; "-" is standard input, which can be read once.
Result<std::unique_ptr<Recording>> open_lines_recording(const std::string& file);

}  // namespace incidentd
