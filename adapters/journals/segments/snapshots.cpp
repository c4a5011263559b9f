#include "adapters/journals/segments/snapshots.hpp"

#include "adapters/journals/segments/format.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace incidentd::segments {
namespace {

Result<std::pair<SnapshotHeader, std::string>> read_snapshot(const std::string& file) {
    auto opened = open_file(file, O_RDONLY);
    if (!opened) return opened.error();
    auto size = file_size(opened->get(), file);
    if (!size) return size.error();
    std::string header, bytes;
    if (auto done = read_at(opened->get(), file, 0, snapshot_header_bytes, header); !done) return done.error();
    const std::uint64_t rest = *size - std::min<std::uint64_t>(*size, snapshot_header_bytes);
    if (auto done = read_at(opened->get(), file, snapshot_header_bytes, static_cast<std::size_t>(rest), bytes); !done)
        return done.error();
    const Result<SnapshotHeader> checked = check_snapshot(header, bytes);
    if (!checked) return checked.error();
    return std::pair{*checked, std::move(bytes)};
}

}  // namespace

Result<std::vector<Sequence>> list_snapshots(const std::string& directory) {
    auto names = list_directory(directory);
    if (!names) return names.error();
    std::vector<Sequence> found;
    for (const std::string& name : *names)
        if (const auto through = snapshot_from_name(name)) found.push_back(*through);
    return found;
}

Result<void> save_snapshot(const FileCalls& calls, const std::string& directory, Sequence through, Instant at,
                           std::string_view bytes, Sequence reader) {
    std::string file;
    encode_snapshot({through, at}, bytes, file);
    if (auto created = create_whole(calls, directory, snapshot_name(through), file, file.size()); !created)
        return created.error();
    auto all = list_snapshots(directory);
    if (!all) return all.error();
    const Sequence kept = newest_snapshot(*all, reader);
    for (std::size_t i = 0; i + snapshots_kept < all->size(); ++i) {
        if ((*all)[i] == kept) continue;
        const std::string old = directory + "/" + snapshot_name((*all)[i]);
        if (::unlink(old.c_str()) != 0) return io_error("cannot remove", old, errno);
    }
    return {};
}

Sequence newest_snapshot(const std::vector<Sequence>& snapshots, Sequence at_most) {
    Sequence newest;
    for (const Sequence through : snapshots)
        if (through <= at_most) newest = through;
    return newest;
}

Result<Journal::Snapshot> load_snapshot(const std::string& directory, Sequence through) {
    const std::string file = directory + "/" + snapshot_name(through);
    auto read = read_snapshot(file);
    if (!read) return Error{read.error().code, file + " " + read.error().message};
    if (read->first.through != through)
        return Error{ErrorCode::corrupt, file + " was renamed: it stands for another sequence"};
    return Journal::Snapshot{through, read->first.at, std::move(read->second), {}};
}

Result<void> set_snapshot_aside(const std::string& directory, Sequence through) {
    const std::string file = directory + "/" + snapshot_name(through);
    if (::rename(file.c_str(), (file + ".damaged").c_str()) != 0) return io_error("cannot rename", file, errno);
    return sync_directory(directory);
}

Result<Journal::Snapshot> load_snapshot(const std::string& directory) {
    auto all = list_snapshots(directory);
    if (!all) return all.error();
    if (all->empty()) return Error{ErrorCode::not_found, "there is no snapshot in " + directory};
    std::string damaged;
    for (auto through = all->rbegin(); through != all->rend(); ++through) {
        auto read = load_snapshot(directory, *through);
        if (read) {
            read->passed_over = std::move(damaged);
            return read;
        }
        if (!damaged.empty()) damaged += "; ";
        damaged += read.error().message;
    }
    return Error{ErrorCode::corrupt, damaged};
}

}  // namespace incidentd::segments
