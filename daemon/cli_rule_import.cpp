// `incidentd rules import`: an Alertmanager's configuration as rules, and what could not become one.
#include "daemon/cli.hpp"
#include "daemon/cli_rules.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/config_parts.hpp"
#include "rules/import/alertmanager.hpp"

namespace incidentd {
namespace {

std::string import_json(const ImportedRules& imported) {
    std::string out;
    JsonObject root(out);
    root.text("rules", imported.yaml);
    std::string sinks = "[";
    for (const std::string& sink : imported.sinks) {
        if (sinks.size() > 1) sinks += ',';
        append_json_string(sinks, sink);
    }
    root.raw("sinks", sinks + "]");
    root.raw("notes", json_list(imported.notes, [](JsonObject& note, const ImportNote& one) {
                 note.text("file", one.where.file);
                 note.number("line", one.where.line);
                 note.number("column", one.where.column);
                 note.text("message", one.message);
             }));
    root.end();
    return out + "\n";
}

}  // namespace

int import_rules(const RulesImportOptions& options) {
    const Result<std::string> text = read_regular_file(options.file, settings_bytes_max);
    if (!text) return fail(text.error().message);
    Problems problems;
    const ImportedRules imported = import_alertmanager(*text, options.file, problems);
    if (!problems.empty()) {
        std::fputs(render_problems(problems, false).c_str(), stderr);
        return exit_failed;
    }
    for (const ImportNote& note : options.json ? std::vector<ImportNote>{} : imported.notes)
        fmt::print(stderr, "{}:{}:{}: {}\n", note.where.file, note.where.line, note.where.column, clean(note.message));
    // What was written must be readable: an import that cannot be used is a failure of its own.
    const RuleBundle bundle{{{"imported.yaml", imported.yaml}}, imported.sinks};
    if (compile(bundle, problems) == nullptr) {
        std::fputs(imported.yaml.c_str(), stdout);
        std::fputs(render_problems(problems, false).c_str(), stderr);
        return fail("the imported rules need a hand before they can be used");
    }
    if (options.json) {
        std::fputs(import_json(imported).c_str(), stdout);
        return exit_ok;
    }
    std::fputs(imported.yaml.c_str(), stdout);
    return exit_ok;
}

}  // namespace incidentd
