// A rule file is compiled, or refused with problems that have a place; nothing it holds ends the daemon that reloads
// it.
#include "rules/rules.hpp"
#include "tests/fuzz/target.hpp"

#include <string>

using namespace incidentd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    RuleBundle bundle;
    bundle.files.emplace_back("fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size));
    bundle.sinks = {"rt", "hook"};

    Problems problems;
    const std::shared_ptr<const RuleSet> set = compile(bundle, problems);
    (void)render_problems(problems, true);
    if (set == nullptr) {
        FUZZ_CHECK(!problems.items().empty());
    } else {
        FUZZ_CHECK(!set->correlate.empty());
        FUZZ_CHECK(set->hash == bundle.hash());
    }
    for (const Problem& problem : problems.items()) {
        FUZZ_CHECK(problem.where.file == "fuzz.yaml");
        FUZZ_CHECK(!problem.message.empty());
    }

    // What is journaled reads back to the same rules.
    const Result<RuleBundle> read = RuleBundle::parse(bundle.serialise());
    FUZZ_CHECK(read.has_value());
    FUZZ_CHECK(read->files == bundle.files);
    return 0;
}
