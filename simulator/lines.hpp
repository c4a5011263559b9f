// Simulated messages as text and as drafts. Pure.
#pragma once

#include "correlator/alert.hpp"
#include "simulator/storm.hpp"

#include <string>

namespace incidentd::simulator {

// As the adapter of its source fills it in: labels, identity, severity. Borrows from `message`, its check and the
// writer, until the next call.
class DraftWriter {
public:
    void fill(const Message& message, AlertDraft& draft);

private:
    std::string key_, title_;
};

// One line of a file that `incidentd rules replay --alerts` reads (docs/rules-testing.md).
void append_replay_line(const Message& message, std::string& out);

// One line of a data set's alerts.ndjson (bench/quality/dataset.hpp).
void append_dataset_line(const Message& message, std::string& out);

// "i00001", or "~host|check" of noise, as a data set's truth.tsv names it.
std::string truth_of(const Message& message);

}  // namespace incidentd::simulator
