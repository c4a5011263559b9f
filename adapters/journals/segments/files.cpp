#include "adapters/journals/segments/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace incidentd::segments {

const FileCalls& system_calls() {
    static const FileCalls calls{&::pwrite, &::fdatasync, &::posix_fallocate};
    return calls;
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = other.release();
    }
    return *this;
}

void Descriptor::close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

int Descriptor::release() { return std::exchange(number_, -1); }

Error io_error(std::string_view what, const std::string& file, int error_number) {
    return {ErrorCode::io, std::string(what) + " " + file + ": " + std::generic_category().message(error_number)};
}

Result<Descriptor> open_file(const std::string& file, int flags) {
    Descriptor descriptor(::open(file.c_str(), flags | O_CLOEXEC, 0600));
    if (!descriptor.is_open()) return io_error("cannot open", file, errno);
    return descriptor;
}

Result<std::uint64_t> file_size(int descriptor, const std::string& file) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return io_error("cannot read the size of", file, errno);
    return static_cast<std::uint64_t>(status.st_size);
}

Result<void> read_at(int descriptor, const std::string& file, std::uint64_t offset, std::size_t most,
                     std::string& out) {
    const std::size_t begin = out.size();
    out.resize(begin + most);
    std::size_t done = 0;
    while (done < most) {
        const ssize_t got =
            ::pread(descriptor, out.data() + begin + done, most - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("cannot read", file, errno);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    out.resize(begin + done);
    return {};
}

Result<void> write_at(const FileCalls& calls, int descriptor, const std::string& file, std::uint64_t offset,
                      std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = calls.write_at(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return io_error("cannot write to", file, written == 0 ? ENOSPC : errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

Result<void> write_gently(const FileCalls& calls, int descriptor, const std::string& file, std::string_view bytes) {
    constexpr std::size_t slice = 1024 * 1024;
    for (std::size_t at = 0; at < bytes.size(); at += slice) {
        const std::string_view piece = bytes.substr(at, slice);
        if (auto written = write_at(calls, descriptor, file, at, piece); !written) return written;
        // Errors show when the file is synced.
        if (bytes.size() > slice)
            (void)::sync_file_range(descriptor, static_cast<off_t>(at), static_cast<off_t>(piece.size()),
                                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }
    return {};
}

Result<void> sync_directory(const std::string& directory) {
    auto opened = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (!opened) return opened.error();
    if (::fsync(opened->get()) != 0) return io_error("cannot sync", directory, errno);
    return {};
}

Result<std::vector<std::string>> list_directory(const std::string& directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(directory.c_str()), &::closedir);
    if (!opened) return io_error("cannot list", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(opened.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return io_error("cannot list", directory, errno);
    std::sort(names.begin(), names.end());
    return names;
}

Result<void> make_directory(const std::string& directory) {
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return io_error("cannot create", directory, errno);
    return {};
}

Result<Descriptor> lock_directory(const std::string& directory) {
    const std::string file = directory + "/lock";
    auto opened = open_file(file, O_RDWR | O_CREAT);
    if (!opened) return opened.error();
    if (::flock(opened->get(), LOCK_EX | LOCK_NB) != 0) {
        const int why = errno;
        if (why != EWOULDBLOCK) return io_error("cannot lock", file, why);
        std::string owner;
        if (!read_at(opened->get(), file, 0, 32, owner) || owner.empty()) owner = "unknown";
        while (!owner.empty() && owner.back() == '\n') owner.pop_back();
        return Error{ErrorCode::unavailable,
                     "the journal in " + directory + " is in use by process " + owner + "; stop it first"};
    }
    const std::string own = std::to_string(::getpid()) + "\n";
    if (::ftruncate(opened->get(), 0) != 0) return io_error("cannot write to", file, errno);
    if (auto written = write_at(system_calls(), opened->get(), file, 0, own); !written) return written.error();
    return opened;
}

Result<Descriptor> create_whole(const FileCalls& calls, const std::string& directory, const std::string& name,
                                std::string_view bytes, std::uint64_t size) {
    const std::string file = directory + "/" + name;
    const std::string temporary = file + std::string(temporary_suffix);
    auto opened = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
    if (!opened) return opened.error();
    const auto fail = [&](Error error) {
        ::unlink(temporary.c_str());
        return error;
    };
    if (const int why = calls.allocate(opened->get(), 0, static_cast<off_t>(size)); why != 0)
        return fail(io_error("cannot reserve " + std::to_string(size) + " bytes for", file, why));
    if (auto written = write_gently(calls, opened->get(), temporary, bytes); !written) return fail(written.error());
    if (calls.sync_data(opened->get()) != 0) return fail(io_error("cannot sync", temporary, errno));
    if (::rename(temporary.c_str(), file.c_str()) != 0) return fail(io_error("cannot create", file, errno));
    if (auto synced = sync_directory(directory); !synced) return synced.error();
    return opened;
}

}  // namespace incidentd::segments
