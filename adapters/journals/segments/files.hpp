// The few file operations the journal needs, with errors that name the file. Blocking.
#pragma once

#include "correlator/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::segments {

// The system calls that a full or failing disk refuses; tests put others in their place.
struct FileCalls {
    ssize_t (*write_at)(int, const void*, std::size_t, off_t);  // pwrite
    int (*sync_data)(int);                                      // fdatasync
    int (*allocate)(int, off_t, off_t);                         // posix_fallocate: returns the error number
};
const FileCalls& system_calls();

// A file descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    void close();

private:
    int release();
    int number_ = -1;
};

// ErrorCode::io: "<what> <file>: <errno's text>".
Error io_error(std::string_view what, const std::string& file, int error_number);

Result<Descriptor> open_file(const std::string& file, int flags);
Result<std::uint64_t> file_size(int descriptor, const std::string& file);
// Reads until `most` bytes or the end of the file; appends to `out`.
Result<void> read_at(int descriptor, const std::string& file, std::uint64_t offset, std::size_t most, std::string& out);
// Writes all of it. On error a part may have been written.
Result<void> write_at(const FileCalls& calls, int descriptor, const std::string& file, std::uint64_t offset,
                      std::string_view bytes);
// The same from the file's beginning, a large one piece by piece to the disk: what waits in memory to be written holds
// up the next sync of any other file.
Result<void> write_gently(const FileCalls& calls, int descriptor, const std::string& file, std::string_view bytes);
Result<void> sync_directory(const std::string& directory);
Result<std::vector<std::string>> list_directory(const std::string& directory);  // sorted, without "." and ".."
Result<void> make_directory(const std::string& directory);                      // fine when it is there already

// Holds `directory`/lock for this process. Errors: unavailable, naming the process that has it.
Result<Descriptor> lock_directory(const std::string& directory);

// Makes `file` appear whole or not at all: written beside it under a temporary name, synced, renamed, directory synced.
// `size`: bytes to reserve on the disk, at least bytes.size().
Result<Descriptor> create_whole(const FileCalls& calls, const std::string& directory, const std::string& name,
                                std::string_view bytes, std::uint64_t size);
constexpr std::string_view temporary_suffix = ".new";

}  // namespace incidentd::segments
