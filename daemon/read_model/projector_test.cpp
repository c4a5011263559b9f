// What could break: a database that cannot be written stops the engine, or leaves a hole in what it shows.
#include "daemon/read_model/projector.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace incidentd {
namespace {

ReleasedEffects many(std::uint64_t sequence, std::size_t count) {
    ReleasedEffects released;
    released.sequence = {sequence};
    for (std::size_t i = 0; i < count; ++i) released.effects.push_back({Instant{1}, TimelineAdded{{1}, "note", "x"}});
    return released;
}

void submit(Projector& projector, ReleasedEffects released) {
    std::vector<ReleasedEffects> one;
    one.push_back(std::move(released));
    projector.submit(std::move(one));
}

}  // namespace

TEST_CASE("projector: while it cannot be written it holds up nobody, and nothing follows what it left out") {
    char name[] = "/tmp/incidentd-projector-XXXXXX";
    const std::string directory = mkdtemp(name);
    Log log({.write = [](std::string_view) {}, .now = {}});
    Result<ReadModelWriter> writer = ReadModelWriter::open(read_model_file(directory));
    REQUIRE(writer.has_value());
    Result<Database> other = Database::open(read_model_file(directory), Database::Mode::read_write_create);
    REQUIRE(other.has_value());
    REQUIRE(other->execute("BEGIN IMMEDIATE").has_value());
    {
        Projector projector(std::move(*writer), Duration{0}, log);
        projector.start();
        submit(projector, many(1, 1));                                                        // tried, and fails
        while (!projector.idle()) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // until it is under way
        submit(projector, many(2, Projector::waiting_most));
        submit(projector, many(3, 1));  // does not fit; returns once the first has failed
        submit(projector, many(4, 1));
        REQUIRE(other->execute("ROLLBACK").has_value());
        for (int i = 0; i < 600 && projector.reflects() < Sequence{2}; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        submit(projector, many(5, 1));
        projector.stop();
        CHECK(projector.reflects() == Sequence{2});
    }
    Result<ReadModelWriter> again = ReadModelWriter::open(read_model_file(directory));
    REQUIRE(again.has_value());
    CHECK(again->reflects() == Sequence{2});  // where the next start goes on
    std::filesystem::remove_all(directory);
}

}  // namespace incidentd
