// A journal record that reads back to something else, or brings the reader down, loses the whole journal behind it.
#include "correlator/input.hpp"

#include "correlator/fingerprint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace incidentd;

namespace {

AlertBatch sample_batch() {
    AlertBatch batch("nagios");
    AlertDraft draft;
    draft.kind = EventKind::suppressed;
    draft.severity = Severity::error;
    draft.starts_at = Instant{1'767'225'600'000};
    draft.ends_at = Instant{1'767'225'600'001};
    draft.expires_at = Instant{127};
    draft.key = "key";
    draft.episode = "41";
    draft.title = "title";
    draft.text = "text \xE2\x82\xAC";
    draft.url = "http://x/";
    draft.actor = "ann";
    draft.labels = {{"host", "db1"}, {"service", "disk"}};
    const std::string long_text(300, 's');
    draft.annotations = {{"summary", long_text}};
    CHECK(batch.add(draft, EventLimits{}).has_value());
    draft.clear();
    draft.labels = {{"a", "b"}};
    CHECK(batch.add(draft, EventLimits{}).has_value());
    return batch;
}

std::string record_of(const Input& input) {
    std::string out;
    encode(input, out);
    return out;
}

// One of every kind. The alerts borrow from `batch`.
std::vector<Input> every_kind(const AlertBatch& batch) {
    return {Genesis{"0123456789ab", "0.1.0"},
            AlertsReceived{batch.events()},
            AlertsReceived{},
            DeliveryReported{{7}, "rt", 1ULL << 63, ActionKind::resolve_ticket, true, "12", "http://rt/12", "why"},
            RulesActivated{"hash", std::string("te\0xt", 5), nullptr},
            OperatorCommand{OperatorCommand::Verb::drop_delivery, {300}, "rt", "bob", "no more"},
            Tick{},
            Started{minutes(2)}};
}

}  // namespace

TEST_CASE("every kind of record reads back to the same record") {
    const AlertBatch batch = sample_batch();
    DecodeScratch scratch;
    for (const Input& input : every_kind(batch)) {
        const std::string record = record_of(input);
        const Result<Input> again = decode(record, scratch);
        CAPTURE(input.index());
        REQUIRE(again.has_value());
        CHECK(again->index() == input.index());
        CHECK(record_of(*again) == record);
    }
}

TEST_CASE("every field of an alert survives its record") {
    const AlertBatch batch = sample_batch();
    const std::string record = record_of(AlertsReceived{batch.events()});
    DecodeScratch scratch;
    const Result<Input> input = decode(record, scratch);
    REQUIRE(input.has_value());
    const auto& events = std::get<AlertsReceived>(*input).events;
    REQUIRE(events.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const AlertEvent& was = batch.events()[i];
        const AlertEvent& is = events[i];
        CHECK(is.fingerprint == was.fingerprint);
        CHECK(is.kind == was.kind);
        CHECK(is.severity == was.severity);
        CHECK(is.starts_at == was.starts_at);
        CHECK(is.ends_at == was.ends_at);
        CHECK(is.expires_at == was.expires_at);
        CHECK(is.source == was.source);
        CHECK(is.key == was.key);
        CHECK(is.episode == was.episode);
        CHECK(is.title == was.title);
        CHECK(is.text == was.text);
        CHECK(is.url == was.url);
        CHECK(is.actor == was.actor);
        CHECK(std::equal(is.labels.begin(), is.labels.end(), was.labels.begin(), was.labels.end()));
        CHECK(std::equal(is.annotations.begin(), is.annotations.end(), was.annotations.begin(), was.annotations.end()));
    }
}

TEST_CASE("every field of the other kinds survives its record") {
    DecodeScratch scratch;
    const AlertBatch batch = sample_batch();
    const std::vector<Input> inputs = every_kind(batch);
    const auto again = [&](std::size_t i) { return *decode(record_of(inputs[i]), scratch); };
    const Input genesis_input = again(0), delivery_input = again(3), rules_input = again(4), command_input = again(5),
                started_input = again(7);
    const auto& genesis = std::get<Genesis>(genesis_input);
    CHECK(genesis.instance == "0123456789ab");
    CHECK(genesis.engine_version == "0.1.0");
    const auto& delivery = std::get<DeliveryReported>(delivery_input);
    CHECK(delivery.incident.value == 7);
    CHECK(delivery.sink == "rt");
    CHECK(delivery.revision == 1ULL << 63);
    CHECK(delivery.kind == ActionKind::resolve_ticket);
    CHECK(delivery.delivered);
    CHECK(delivery.ticket == "12");
    CHECK(delivery.ticket_url == "http://rt/12");
    CHECK(delivery.detail == "why");
    const auto& rules = std::get<RulesActivated>(rules_input);
    CHECK(rules.hash == "hash");
    CHECK(rules.text == std::string("te\0xt", 5));
    CHECK(rules.compiled == nullptr);
    const auto& command = std::get<OperatorCommand>(command_input);
    CHECK(command.verb == OperatorCommand::Verb::drop_delivery);
    CHECK(command.incident.value == 300);
    CHECK(command.sink == "rt");
    CHECK(command.actor == "bob");
    CHECK(command.comment == "no more");
    CHECK(std::get<Started>(started_input).grace == minutes(2));
}

TEST_CASE("a record that was cut or grew is corrupt, wherever it was") {
    const AlertBatch batch = sample_batch();
    DecodeScratch scratch;
    for (const Input& input : every_kind(batch)) {
        const std::string record = record_of(input);
        CAPTURE(input.index());
        for (std::size_t size = 0; size < record.size(); ++size) {
            // A copy of its own, so that a sanitizer sees any read beyond it.
            const std::string cut = record.substr(0, size);
            const Result<Input> read = decode(cut, scratch);
            REQUIRE(read.has_error());
            CHECK(read.error().code == ErrorCode::corrupt);
        }
        CHECK(decode(record + std::string(1, '\0'), scratch).has_error());
    }
}

TEST_CASE("a record with one bit turned is corrupt or another valid record") {
    const AlertBatch batch = sample_batch();
    DecodeScratch scratch, second;
    for (const Input& input : every_kind(batch)) {
        const std::string record = record_of(input);
        for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
            std::string turned = record;
            turned[bit / 8] ^= static_cast<char>(1U << (bit % 8));
            const Result<Input> read = decode(turned, scratch);
            if (read.has_error()) continue;
            std::string again = record_of(*read);
            const Result<Input> twice = decode(again, second);
            REQUIRE(twice.has_value());
            CHECK(record_of(*twice) == again);
            if (const auto* alerts = std::get_if<AlertsReceived>(&*read))
                for (const AlertEvent& event : alerts->events)
                    CHECK(event.fingerprint == fingerprint_of(event.source, event.key, event.labels));
        }
    }
}

TEST_CASE("numbers that promise more than the record holds take no memory") {
    DecodeScratch scratch;
    for (const char kind : {'\x01', '\x02', '\x03', '\x04', '\x05', '\x07'}) {
        for (const std::string number : {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "\xFF\xFF\xFF\xFF\x0F", "\x7F"}) {
            const std::string record = std::string("\x01") + kind + number + number + number;
            const Result<Input> read = decode(record, scratch);
            if (kind != '\x07') CHECK(read.has_error());
        }
    }
    CHECK(scratch.events.capacity() < 1000);
    CHECK(decode(std::string("\x02\x06", 2), scratch).error().message ==
          "record format 2 is not known to this version");
    CHECK(decode(std::string("\x01\x63", 2), scratch).error().message == "record of kind 99 does not read back");
}

TEST_CASE("alerts are checked again when they are read") {
    AlertBatch batch("s");
    AlertDraft draft;
    draft.labels = {{"a", "1"}, {"b", "2"}};
    REQUIRE(batch.add(draft, EventLimits{}).has_value());
    const auto reads = [&batch](LabelsView labels, bool right_fingerprint) {
        AlertEvent event = batch.events()[0];
        event.labels = labels;
        if (right_fingerprint) event.fingerprint = fingerprint_of(event.source, event.key, labels);
        const std::vector<AlertEvent> events{event};
        DecodeScratch scratch;
        return decode(record_of(AlertsReceived{events}), scratch).has_value();
    };
    const std::vector<LabelView> unsorted{{"b", "1"}, {"a", "2"}}, twice{{"a", "1"}, {"a", "2"}}, empty{{"a", ""}},
        nameless{{"", "a"}}, other{{"a", "1"}, {"b", "3"}};
    CHECK(reads(batch.events()[0].labels, true));
    CHECK(reads(other, true));
    CHECK_FALSE(reads(other, false));
    CHECK_FALSE(reads(unsorted, true));
    CHECK_FALSE(reads(twice, true));
    CHECK_FALSE(reads(empty, true));
    CHECK_FALSE(reads(nameless, true));
}

TEST_CASE("whatever a batch takes, its record gives back") {
    EventLimits limits;
    for (const std::string_view odd : {"", " ", "\x01", "\xFF", "a=b", "\xE2\x80\xA6"}) {
        AlertBatch batch("s");
        AlertDraft draft;
        draft.labels = {{"a", "b"}, {odd, odd}};
        draft.annotations = {{odd, odd}, {odd, "x"}, {"y", odd}};
        draft.key = draft.episode = draft.title = draft.text = draft.url = draft.actor = odd;
        if (!batch.add(draft, limits)) {
            draft.annotations = {{"y", odd}};
            draft.labels = {{"a", "b"}};
            draft.key = draft.episode = {};
            REQUIRE(batch.add(draft, limits).has_value());
        }
        DecodeScratch scratch;
        CHECK(decode(record_of(AlertsReceived{batch.events()}), scratch).has_value());
    }
}
