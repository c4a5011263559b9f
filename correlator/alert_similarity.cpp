#include "correlator/alert_similarity.hpp"

#include "correlator/arithmetic.hpp"
#include "correlator/entity_name.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string>

namespace incidentd {
namespace {

constexpr float title_share = 2;  // of a title's words together, in words of a name
constexpr std::size_t title_words_most = 6;
constexpr std::size_t candidates_most = 64;
constexpr double rare_least = 1.6;  // weight of a beginning that a fifth of all alerts have

// Of what counters mostly hold; a weight is asked for a hundred times an onset.
constexpr auto small_logs = [] {
    std::array<double, counted_most + 3> table{};
    for (std::uint32_t number = 1; number < table.size(); ++number) table[number] = log_of(number);
    return table;
}();

double quick_log(std::uint32_t number) { return number < small_logs.size() ? small_logs[number] : log_of(number); }

std::uint32_t hash_of(char kind, std::string_view text) {
    return static_cast<std::uint32_t>(XXH3_64bits_withSeed(text.data(), text.size(), static_cast<unsigned char>(kind)));
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '#' || static_cast<unsigned char>(c) >= 0x80;
}

void put(RecentOnset& into, std::uint32_t word, float share) {
    const auto end = into.tokens.begin() + into.token_count;
    if (into.token_count == onset_tokens_max ||
        std::any_of(into.tokens.begin(), end, [word](const Token& one) { return one.word == word; }))
        return;
    into.tokens[into.token_count++] = {word, share};
}

void put_title(std::string_view title, RecentOnset& into) {
    const std::string plain = without_numbers(title);
    std::array<std::uint32_t, title_words_most> words{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < plain.size() && count < words.size();) {
        std::size_t end = i;
        while (end < plain.size() && is_word(plain[end])) ++end;
        if (end - i >= 3) {
            std::string word = plain.substr(i, end - i);
            for (char& c : word)
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            words[count++] = hash_of('t', word);
        }
        i = end + 1;
    }
    for (std::size_t i = 0; i < count; ++i) put(into, words[i], title_share / static_cast<float>(count));
}

// "dc1-r02-h05" is in "dc1-r02": the longer the common beginning of two names, the nearer they are.
void put_name(std::string_view entity, RecentOnset& into) {
    const std::string whole = canonical_name(entity);
    const std::string_view name = short_name(whole);
    put(into, hash_of('n', name), 1);
    std::size_t parts = 0;
    for (std::size_t end = name.size(); parts < 3 && end > 2; ++parts) {
        end = name.find_last_of("-./: ", end - 1);
        if (end == std::string_view::npos || end < 2) break;
        put(into, hash_of('n', name.substr(0, end)), 1);
        into.name_parts = static_cast<std::uint8_t>(into.token_count - 2);
    }
}

}  // namespace

std::string without_numbers(std::string_view title) {
    std::string out;
    for (const char c : title) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit || out.empty() || out.back() != '#') out += digit ? '#' : c;
    }
    return out;
}

void tokens_of(std::string_view title, std::string_view check, std::string_view entity, LabelsView labels,
               RecentOnset& into) {
    into.token_count = 0;
    into.name_parts = 0;
    put(into, hash_of('c', check), 1);
    put_name(entity, into);
    for (const LabelView& label : labels) {
        if (into.token_count + title_words_most >= onset_tokens_max) break;
        if (label.value == check || label.value == entity || label.name == "alertname") continue;
        put(into, hash_of('l', std::string(label.name) + '=' + std::string(label.value)), 1);
    }
    put_title(title, into);
}

double AlertSimilarity::weight(const Token& token) const {
    const std::uint32_t seen = counters_.empty() ? 0U : counters_[token.word % word_counters];
    return static_cast<double>(token.share) * (quick_log(counted_ + 2) - quick_log(seen + 1));
}

double AlertSimilarity::whole(const RecentOnset& onset) const {
    double sum = 0;
    for (std::size_t i = 0; i < onset.token_count; ++i) sum += weight(onset.tokens[i]);
    return sum;
}

double AlertSimilarity::common(const RecentOnset& a, const RecentOnset& b) const {
    double sum = 0;
    for (std::size_t i = 0; i < a.token_count; ++i)
        for (std::size_t j = 0; j < b.token_count; ++j)
            if (a.tokens[i].word == b.tokens[j].word) sum += std::min(weight(a.tokens[i]), weight(b.tokens[j]));
    return sum;
}

std::vector<AlertSimilarity::Similar> AlertSimilarity::find(const RecentOnset& onset, const RecentOnsets& recent,
                                                            Instant since) const {
    if (rows_.empty()) return {};
    std::vector<Similar> found;
    const std::uint64_t first = recent.after(since);
    for (std::size_t i = 0; i < onset.token_count; ++i) {
        const Token& token = onset.tokens[i];
        const Row& row = rows_[token.word % posting_rows];
        if (row.word != token.word) continue;
        const double heavy = weight(token);
        for (std::size_t p = 0; p < row.count; ++p) {
            const std::uint64_t number = row.numbers[p];
            if (number < first || recent[number].environment.is_apart_from(onset.environment)) continue;
            const auto known =
                std::find_if(found.begin(), found.end(), [number](const Similar& one) { return one.number == number; });
            if (known != found.end())
                known->share += heavy;
            else if (found.size() < candidates_most)
                found.push_back({number, heavy});
        }
    }
    const auto best_first = [](const Similar& a, const Similar& b) {
        return a.share != b.share ? a.share > b.share : a.number > b.number;
    };
    std::sort(found.begin(), found.end(), best_first);
    if (found.size() > similar_most) found.resize(similar_most);
    const double own = whole(onset);
    for (Similar& one : found) {
        const double both = common(onset, recent[one.number]), all = own + whole(recent[one.number]) - both;
        one.share = all > 0 ? both / all : 0;
    }
    std::sort(found.begin(), found.end(), best_first);
    return found;
}

std::vector<std::uint64_t> AlertSimilarity::named_alike(const RecentOnset& onset, const RecentOnsets& recent,
                                                        Instant since) const {
    std::vector<std::uint64_t> found;
    if (rows_.empty()) return found;
    const std::uint64_t first = recent.after(since);
    for (std::size_t i = 2; i < std::min<std::size_t>(onset.name_parts + 2U, onset.token_count); ++i) {
        const Token& token = onset.tokens[i];
        const Row& row = rows_[token.word % posting_rows];
        if (row.word != token.word || weight(token) < rare_least) continue;
        for (std::size_t p = 0; p < row.count; ++p)
            if (row.numbers[p] >= first && !recent[row.numbers[p]].environment.is_apart_from(onset.environment))
                found.push_back(row.numbers[p]);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

void AlertSimilarity::add(const RecentOnset& onset, std::uint64_t number) {
    if (rows_.empty()) {
        rows_.resize(posting_rows);
        counters_.resize(word_counters);
    }
    for (std::size_t i = 0; i < onset.token_count; ++i) {
        const std::uint32_t word = onset.tokens[i].word;
        Row& row = rows_[word % posting_rows];
        if (row.word != word || row.count == 0) row = Row{word, 0, 0, {}};
        row.numbers[row.next] = number;
        row.next = static_cast<std::uint8_t>((row.next + 1) % postings_max);
        row.count = static_cast<std::uint8_t>(std::min<std::size_t>(row.count + 1U, postings_max));
        std::uint16_t& seen = counters_[word % word_counters];
        if (seen < UINT16_MAX) ++seen;
    }
    if (++counted_ < counted_most) return;
    counted_ /= 2;
    for (std::uint16_t& seen : counters_) seen /= 2;
}

std::uint64_t AlertSimilarity::digest() const {
    std::uint64_t hash = counted_;
    for (const Row& row : rows_) {
        if (row.count == 0) continue;
        hash = XXH3_64bits_withSeed(row.numbers.data(), sizeof row.numbers, hash ^ row.word);
    }
    return counters_.empty() ? hash : XXH3_64bits_withSeed(counters_.data(), counters_.size() * 2, hash);
}

}  // namespace incidentd
