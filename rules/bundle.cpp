// The journaled form of a rule bundle: lengths before texts, so any text can stand in it.
#include "rules/rules.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <optional>

namespace incidentd {
namespace {

constexpr std::string_view head = "incidentd-rules 1\n";

void append_text(std::string& out, std::string_view text) {
    out += std::to_string(text.size());
    out += ' ';
    out += text;
    out += '\n';
}

class BundleReader {
public:
    explicit BundleReader(std::string_view text) : rest_(text) {}

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    // A length, a space, that many bytes, a line end.
    std::optional<std::string> text() {
        std::size_t size = 0;
        const auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
        if (error != std::errc()) return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
        if (!take(" ") || rest_.size() <= size || rest_[size] != '\n') return std::nullopt;
        std::string read(rest_.substr(0, size));
        rest_.remove_prefix(size + 1);
        return read;
    }

    bool done() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace

std::string RuleBundle::serialise() const {
    std::string out(head);
    for (const std::string& sink : sinks) {
        out += "sink ";
        append_text(out, sink);
    }
    const auto append = [&out](std::string_view word, const NamedTexts& texts) {
        for (const auto& [name, text] : texts) {
            out += word;
            append_text(out, name);
            append_text(out, text);
        }
    };
    append("file ", files);
    append("table ", tables);
    append("zone ", zones);
    return out;
}

Result<RuleBundle> RuleBundle::parse(std::string_view text) {
    const Error broken(ErrorCode::corrupt, "is not a rule bundle as serialise() writes it");
    BundleReader reader(text);
    if (!reader.take(head)) return broken;
    RuleBundle bundle;
    while (reader.take("sink ")) {
        std::optional<std::string> name = reader.text();
        if (!name.has_value()) return broken;
        bundle.sinks.push_back(std::move(*name));
    }
    const auto read = [&reader](std::string_view word, NamedTexts& texts) {
        while (reader.take(word)) {
            std::optional<std::string> name = reader.text();
            std::optional<std::string> content = name.has_value() ? reader.text() : std::nullopt;
            if (!content.has_value()) return false;
            texts.emplace_back(std::move(*name), std::move(*content));
        }
        return true;
    };
    if (!read("file ", bundle.files) || !read("table ", bundle.tables) || !read("zone ", bundle.zones)) return broken;
    if (!reader.done()) return broken;
    return bundle;
}

std::string RuleBundle::hash() const {
    static constexpr char hex[] = "0123456789abcdef";
    const std::string text = serialise();
    const XXH64_hash_t hash = XXH3_64bits(text.data(), text.size());
    std::string out(16, '0');
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = hex[(hash >> (60 - 4 * i)) & 15];
    return out;
}

}  // namespace incidentd
