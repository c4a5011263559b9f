// Taking a new configuration while everything runs: all of it is good, or the running one stays.
#include "daemon/app.hpp"
#include "daemon/cli_text.hpp"

#include <unistd.h>
#include <csignal>

namespace incidentd {
namespace {

constexpr std::size_t names_shown_max = 50;

std::string names(const std::vector<std::string>& all) {
    std::string out;
    for (std::size_t i = 0; i < std::min(all.size(), names_shown_max); ++i) out += (i == 0 ? "" : ", ") + all[i];
    if (all.size() > names_shown_max) out += " and " + std::to_string(all.size() - names_shown_max) + " more";
    return out;
}

std::string json_names(const std::vector<std::string>& all) {
    std::string out = "[";
    for (const std::string& name : all) {
        if (out.size() > 1) out += ',';
        append_json_string(out, name);
    }
    return out + "]";
}

HttpReply taken_reply(const RuleChanges& changes, const std::string& hash) {
    std::string body;
    JsonObject object(body);
    object.flag("reloaded", true);
    object.text("rules_hash", hash);
    object.raw("added", json_names(changes.added));
    object.raw("removed", json_names(changes.removed));
    object.raw("changed", json_names(changes.changed));
    object.raw("reordered", json_names(changes.reordered));
    object.end();
    return {200, "application/json", body + "\n", {}};
}

HttpReply refused_reply(const Problems& problems) {
    std::string body;
    JsonObject object(body);
    object.flag("reloaded", false);
    object.raw("problems", render_problems(problems, true));
    object.end();
    return {422, "application/json", body + "\n", {}};
}

}  // namespace

void wake_for_reload() { ::kill(::getpid(), SIGHUP); }

void ReloadRequests::add(ReplyPtr reply) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || waiting_.size() >= waiting_max)
            return reply->send({503, "text/plain; charset=utf-8", "no reload now: ask again later\n", {}});
        waiting_.push_back(std::move(reply));
    }
    wake_for_reload();
}

std::vector<ReplyPtr> ReloadRequests::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
}

void ReloadRequests::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();  // each is answered with a 503
}

void App::reload() {
    const std::vector<ReplyPtr> waiting = reload_requests_.take();
    Problems problems;
    const Result<RuleChanges> changes = take_configuration(problems);
    metrics_.config_reload(changes.has_value());
    for (const Problem& problem : problems.items())
        log_.error("reload refused, the running configuration stays", {{"problem", to_string(problem)}});
    for (const Problem& warning : problems.warnings())
        log_.warning("the rules can be used, yet something in them is probably not meant",
                     {{"warning", to_string(warning)}});
    if (changes) reloaded(*changes);
    for (const ReplyPtr& reply : waiting)
        reply->send(changes ? taken_reply(*changes, rules_hash_) : refused_reply(problems));
}

void App::reloaded(const RuleChanges& changes) {
    log_.info("configuration reloaded: rules, certificates and log level; anything else needs a restart",
              {{"rules_hash", rules_hash_},
               {"file", config_.file},
               {"rules_added", names(changes.added)},
               {"rules_removed", names(changes.removed)},
               {"rules_changed", names(changes.changed)},
               {"sections_reordered", names(changes.reordered)}});
    watch_rules();
}

Result<RuleChanges> App::take_configuration(Problems& problems) {
    const Error refused(ErrorCode::invalid, "refused");
    std::optional<Config> fresh = load_config(config_.file, problems);
    if (!fresh) return refused;
    if (fresh->rules.sinks != config_.rules.sinks) {
        problems.add({config_.file, 0, 0}, "sinks", "were added or removed: that needs a restart");
        return refused;
    }
    if (const Result<void> tls = server_->reload_tls(); !tls) {
        problems.add({config_.file, 0, 0}, "listen", tls.error().message);
        return refused;
    }
    log_.set_level(fresh->log_level);
    const RuleChanges changes = rule_changes(config_.rules, fresh->rules);
    const std::string hash = fresh->rules.hash();
    if (hash != rules_hash_) {
        push(RulesActivated{hash, fresh->rules.serialise(), fresh->compiled_rules});
        rules_hash_ = hash;
        config_.rules = fresh->rules;
        config_.compiled_rules = fresh->compiled_rules;
    }
    config_.rule_patterns = fresh->rule_patterns;
    config_.watch_rules = fresh->watch_rules;
    return changes;
}

void App::watch_rules() {
    std::vector<std::string> wanted;
    if (config_.watch_rules) wanted = config_.rule_patterns;
    if (wanted == watched_) return;
    watched_ = wanted;
    rule_watch_.reset();
    if (wanted.empty()) return;
    RuleWatchSettings settings;
    settings.patterns = wanted;
    rule_watch_ = std::make_unique<RuleWatch>(std::move(settings), [this] {
        log_.info("rule files changed: reloading", {});
        wake_for_reload();
    });
}

}  // namespace incidentd
