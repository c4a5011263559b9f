// What could break: a database that cannot be written or is too slow stops the engine, or leaves a hole in what it
// shows.
#include "daemon/read_model/projector.hpp"

#include "daemon/read_model/queries.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace incidentd {
namespace {

constexpr std::size_t queue_bytes = 1 << 20;

ReleasedEffects note(std::uint64_t sequence, std::size_t bytes) {
    ReleasedEffects released;
    released.sequence = {sequence};
    released.effects.push_back({Instant{1}, TimelineAdded{{1}, "note", std::string(bytes, 'x')}});
    return released;
}

void submit(Projector& projector, ReleasedEffects released) {
    std::vector<ReleasedEffects> one;
    one.push_back(std::move(released));
    projector.submit(std::move(one));
}

bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 600 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return condition();
}

struct Stage {
    Stage() {
        char name[] = "/tmp/incidentd-projector-XXXXXX";
        directory = mkdtemp(name);
    }
    ~Stage() { std::filesystem::remove_all(directory); }
    std::string file() const { return read_model_file(directory); }
    ReadModelWriter writer() const { return std::move(ReadModelWriter::open(file()).value()); }

    std::string directory;
    Log log{{.write = [](std::string_view) {}, .now = {}}};
};

}  // namespace

TEST_CASE("projector: too much at once holds up nobody, and what was left out is read from the journal") {
    Stage stage;
    Result<Database> other = Database::open(stage.file(), Database::Mode::read_write_create);
    std::atomic<std::uint64_t> asked{0};
    std::atomic<int> tries{0};
    {
        // Stands for the process that replays the journal: fails once, then writes as far as it was asked to.
        Projector projector(stage.writer(), ProjectorLimits{queue_bytes, {}}, stage.log,
                            {.run = [&](Sequence through) -> Result<void> {
                                asked = through.value;
                                if (++tries == 1) return Error(ErrorCode::io, "not this time");
                                ReadModelWriter writer = stage.writer();
                                return writer.write(ReadModelBatch(), through);
                            }});
        REQUIRE(other->execute("BEGIN IMMEDIATE").has_value());
        projector.start();
        submit(projector, note(1, 10));  // cannot be written
        submit(projector, note(2, queue_bytes));
        submit(projector, note(3, 10));  // does not fit
        submit(projector, note(4, 10));  // nor may anything behind it
        CHECK_FALSE(projector.has_room());
        CHECK_FALSE(projector.idle());
        REQUIRE(other->execute("ROLLBACK").has_value());
        CHECK(eventually([&] { return projector.reflects() == Sequence{4}; }));
        submit(projector, note(5, 10));
        CHECK(eventually([&] { return projector.idle() && projector.reflects() == Sequence{5}; }));
        CHECK(projector.has_room());
    }
    CHECK(asked == 4);
    CHECK(tries == 2);
    CHECK(stage.writer().reflects() == Sequence{5});
}

TEST_CASE(
    "projector: what the file lacks at the start is read from the journal first, and readers are told meanwhile") {
    Stage stage;
    const auto missing = [&] { return ReadModelQueries::open(stage.directory).value().missing().value(); };
    std::atomic<bool> may_end{false}, ended{false};
    {
        Projector projector(stage.writer(), ProjectorLimits{queue_bytes, {}}, stage.log,
                            {.run = [&](Sequence through) -> Result<void> {
                                 while (!may_end && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                 if (ended) return Error(ErrorCode::io, "ended");
                                 ReadModelWriter writer = stage.writer();
                                 return writer.write(ReadModelBatch(), through);
                             },
                             .end = [&] { ended = true; }});
        CHECK(projector.note_gap({7}));
        CHECK(missing() == 7);
        projector.start();
        submit(projector, note(8, 10));
        CHECK_FALSE(projector.idle());
        CHECK_FALSE(projector.has_room());
        CHECK(projector.is_catching_up());
        CHECK(projector.reflects() == Sequence{0});
        may_end = true;
        projector.wait_until_idle(std::chrono::seconds(30));
        CHECK(projector.reflects() == Sequence{8});
        CHECK_FALSE(projector.is_catching_up());
        CHECK(missing() == 0);
    }
    CHECK(stage.writer().reflects() == Sequence{8});
    may_end = ended = false;
    {
        Projector projector(stage.writer(), ProjectorLimits{queue_bytes, {}}, stage.log,
                            {.run = [&](Sequence) -> Result<void> {
                                 while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                 return Error(ErrorCode::io, "ended");
                             },
                             .end = [&] { ended = true; }});
        CHECK_FALSE(projector.note_gap({8}));
        CHECK(projector.note_gap({9}));
        projector.start();
    }
    CHECK(stage.writer().reflects() == Sequence{8});  // a stop does not wait for it
    CHECK(missing() == 1);
}

TEST_CASE("projector: where nobody can read the journal again, nothing follows what was left out") {
    Stage stage;
    {
        Projector projector(stage.writer(), ProjectorLimits{queue_bytes, {}}, stage.log);
        submit(projector, note(1, queue_bytes));
        submit(projector, note(2, 10));
        submit(projector, note(3, 10));
        projector.start();
        CHECK(eventually([&] { return projector.reflects() == Sequence{1}; }));
        submit(projector, note(4, 10));
    }
    CHECK(stage.writer().reflects() == Sequence{1});  // where the next start goes on
}

TEST_CASE("projector: what was told of the state is bounded by what is written of it") {
    Stage stage;
    Projector projector(stage.writer(), ProjectorLimits{queue_bytes, {}}, stage.log);
    std::vector<ReleasedEffects> released(1);
    released[0].sequence = {1};
    auto state = std::make_unique<StateUpdate>();
    state->counts.resize(Projector::told_most);
    released[0].state = std::move(state);
    CHECK(projector.has_room());
    projector.submit(std::move(released));
    CHECK_FALSE(projector.has_room());
    projector.start();
    CHECK(eventually([&] { return projector.has_room(); }));
}

}  // namespace incidentd
