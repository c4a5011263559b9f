#include "daemon/read_model/history.hpp"

#include "correlator/codec.hpp"

namespace incidentd {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr auto last_verdict = static_cast<Verdict>(verdict_count - 1);

class Unpack {
public:
    explicit Unpack(std::string_view bytes) : reader_(bytes) {}

    void texts() {
        for (std::size_t left = reader_.count(1); left > 0 && !reader_.failed(); --left)
            texts_.push_back(reader_.text());
    }
    void verdicts(const std::function<void(const VerdictView&)>& visit) {
        for (std::size_t left = reader_.count(18); left > 0; --left) {
            VerdictView out;
            out.alert.high = reader_.fixed64();
            out.alert.low = reader_.fixed64();
            out.verdict = reader_.member(last_verdict);
            out.at = reader_.time();
            out.incident.value = reader_.number();
            out.rule = text();
            out.because = text();
            if (reader_.failed()) return;
            if (visit) visit(out);
        }
    }
    void timeline(const std::function<void(const TimelineView&)>& visit) {
        for (std::size_t left = reader_.count(4); left > 0; --left) {
            TimelineView out;
            out.incident.value = reader_.number();
            out.at = reader_.time();
            out.kind = text();
            out.text = reader_.text();
            if (reader_.failed()) return;
            if (visit) visit(out);
        }
    }
    codec::Reader& reader() { return reader_; }

private:
    std::string_view text() {
        const std::uint64_t place = reader_.number();
        if (place < texts_.size()) return texts_[place];
        reader_.reject();
        return {};
    }
    codec::Reader reader_;
    std::vector<std::string_view> texts_;
};

}  // namespace

std::uint64_t HistoryWriter::place_of(std::string_view text) {
    if (const auto found = places_.find(text); found != places_.end()) return found->second;
    codec::Writer(texts_).text(text);
    places_.emplace(std::string(text), text_count_);
    return text_count_++;
}

void HistoryWriter::note(IncidentId incident) {
    if (incident.is_set() && (incidents_.empty() || incidents_.back() != incident)) incidents_.push_back(incident);
}

void HistoryWriter::add(Instant at, const AlertDecided& decided) {
    codec::Writer out(verdict_bytes_);
    out.fixed64(decided.alert.high);
    out.fixed64(decided.alert.low);
    out.byte(static_cast<std::uint8_t>(decided.verdict));
    out.time(at);
    out.number(decided.incident.value);
    out.number(place_of(decided.rule));
    out.number(place_of(decided.because));
    ++verdicts_;
    prefixes_.push_back(static_cast<std::uint32_t>(decided.alert.high >> 32));
    note(decided.incident);
}

void HistoryWriter::add(Instant at, const TimelineAdded& added) {
    codec::Writer out(timeline_bytes_);
    out.number(added.incident.value);
    out.time(at);
    out.number(place_of(added.kind));
    out.text(added.text);
    ++timeline_;
    note(added.incident);
}

std::string HistoryWriter::encode() const {
    std::string bytes;
    bytes.reserve(this->bytes() + 32);
    codec::Writer out(bytes);
    out.byte(format_version);
    out.number(text_count_);
    bytes += texts_;
    out.number(verdicts_);
    bytes += verdict_bytes_;
    out.number(timeline_);
    bytes += timeline_bytes_;
    return bytes;
}

Result<void> read_history(std::string_view bytes, const std::function<void(const VerdictView&)>& verdict,
                          const std::function<void(const TimelineView&)>& timeline) {
    Unpack unpack(bytes);
    if (unpack.reader().byte() != format_version) unpack.reader().reject();
    unpack.texts();
    unpack.verdicts(verdict);
    unpack.timeline(timeline);
    if (!unpack.reader().done()) return Error(ErrorCode::corrupt, "packed history does not read back");
    return {};
}

}  // namespace incidentd
