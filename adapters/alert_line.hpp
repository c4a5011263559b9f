// One alert as a JSON object, as `rules replay --alerts` and `rules explain --alert` read it (docs/rules-testing.md).
#pragma once

#include "correlator/alert.hpp"
#include "correlator/result.hpp"

#include <memory>
#include <string_view>

namespace incidentd {

class AlertLineReader {
public:
    AlertLineReader();
    ~AlertLineReader();
    AlertLineReader(const AlertLineReader&) = delete;
    AlertLineReader& operator=(const AlertLineReader&) = delete;

    // What was read borrows from the reader until its next call. Errors: invalid, without a place.
    struct Line {
        Instant at;  // absent when the line has none
        std::string_view source;
    };
    Result<Line> read(std::string_view text);
    const AlertDraft& draft() const { return draft_; }

private:
    struct Parser;  // simdjson's, which only this layer is built with
    std::unique_ptr<Parser> parser_;
    AlertDraft draft_;
};

}  // namespace incidentd
