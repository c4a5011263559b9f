#include "adapters/journals/segments/compress.hpp"

#include "adapters/journals/segments/format.hpp"
#include "adapters/journals/segments/offline.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace incidentd::segments {
namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr int compression_level = 3;  // zstd's own default: a core packs several hundred MB a second

Error damaged(const std::string& file, const char* why) {
    return {ErrorCode::corrupt, file + ": damaged: " + why + ". Restore the file from a backup"};
}

// Packs `from` into `to`, both at their beginning; the frame carries a checksum of the content.
Result<std::uint64_t> pack(const FileCalls& calls, int from, const std::string& from_name, int to,
                           const std::string& to_name) {
    const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    if (context == nullptr) return Error{ErrorCode::io, "no memory to compress " + from_name};
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string in, out(chunk_bytes, '\0');
    std::uint64_t read = 0, written = 0;
    for (bool is_done = false; !is_done;) {
        in.clear();
        if (auto got = read_at(from, from_name, read, chunk_bytes, in); !got) return got.error();
        read += in.size();
        const bool is_last = in.size() < chunk_bytes;
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        for (bool more = true; more;) {
            ZSTD_outBuffer output{out.data(), out.size(), 0};
            const std::size_t left =
                ZSTD_compressStream2(context.get(), &output, &input, is_last ? ZSTD_e_end : ZSTD_e_continue);
            if (ZSTD_isError(left) != 0)
                return Error{ErrorCode::io, "cannot compress " + from_name + ": " + ZSTD_getErrorName(left)};
            const std::string_view piece(out.data(), output.pos);
            if (auto done = write_at(calls, to, to_name, written, piece); !done) return done.error();
            written += piece.size();
            more = is_last ? left != 0 : input.pos < input.size;
        }
        is_done = is_last;
    }
    return written;
}

// At most `most` bytes of the content, in memory.
Result<Descriptor> unpack(int from, const std::string& name, std::uint64_t most) {
    Descriptor to(::memfd_create("incidentd-segment", MFD_CLOEXEC));
    if (!to.is_open()) return io_error("cannot get memory for", name, errno);
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    if (context == nullptr) return Error{ErrorCode::io, "no memory to read " + name};
    std::string in, out(chunk_bytes, '\0');
    std::uint64_t read = 0, written = 0;
    std::size_t wanted = 1;  // 0: the frame is complete and its checksum held
    while (wanted != 0 && written < most) {
        in.clear();
        if (auto got = read_at(from, name, read, chunk_bytes, in); !got) return got.error();
        if (in.empty()) return damaged(name, "the file ends too early");
        read += in.size();
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        while (wanted != 0 && written < most) {
            ZSTD_outBuffer output{out.data(), out.size(), 0};
            wanted = ZSTD_decompressStream(context.get(), &output, &input);
            if (ZSTD_isError(wanted) != 0) return damaged(name, ZSTD_getErrorName(wanted));
            if (auto done = write_at(system_calls(), to.get(), name, written, {out.data(), output.pos}); !done)
                return done.error();
            written += output.pos;
            // Without room left in `output` there may be more to come of the same input.
            if (input.pos == input.size && output.pos < output.size) break;
        }
    }
    return to;
}

// Keeps the age of the original, by which the segment will be forgotten.
Result<void> take_times(int from, int to, const std::string& name) {
    struct stat status {};
    if (::fstat(from, &status) != 0) return io_error("cannot read the times of", name, errno);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (::futimens(to, times) != 0) return io_error("cannot set the times of", name, errno);
    return {};
}

Result<std::uint64_t> compress_one(const FileCalls& calls, const std::string& directory, Sequence first) {
    const std::string plain = directory + "/" + segment_name(first);
    const std::string packed = directory + "/" + compressed_segment_name(first);
    const std::string temporary = packed + std::string(temporary_suffix);
    auto from = open_file(plain, O_RDONLY);
    if (!from) return from.error();
    auto to = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!to) return to.error();
    const auto fail = [&](Error error) {
        ::unlink(temporary.c_str());
        return error;
    };
    const auto bytes = pack(calls, from->get(), plain, to->get(), temporary);
    if (!bytes) return fail(bytes.error());
    if (auto done = take_times(from->get(), to->get(), temporary); !done) return fail(done.error());
    if (calls.sync_data(to->get()) != 0) return fail(io_error("cannot sync", temporary, errno));
    if (::rename(temporary.c_str(), packed.c_str()) != 0) return fail(io_error("cannot create", packed, errno));
    if (auto synced = sync_directory(directory); !synced) return synced.error();
    // Gone already: the owner forgot the segment meanwhile, so this form of it has to go as well.
    if (::unlink(plain.c_str()) != 0) {
        const int why = errno;
        ::unlink(packed.c_str());
        if (why != ENOENT) return io_error("cannot remove", plain, why);
    }
    if (auto synced = sync_directory(directory); !synced) return synced.error();
    return *bytes;
}

}  // namespace

Result<Compressed> compress_segments(const FileCalls& calls, const std::string& directory, Sequence covered) {
    const auto all = list_segments(directory);
    if (!all) return all.error();
    Compressed done;
    for (std::size_t i = 0; i + 1 < all->size(); ++i) {
        const SegmentFile& segment = (*all)[i];
        if (segment.last > covered) break;
        if (segment.is_compressed) continue;
        const auto bytes = compress_one(calls, directory, segment.first);
        if (!bytes) return bytes.error();
        ++done.files;
        done.bytes_before += segment.bytes;
        done.bytes_after += *bytes;
    }
    return done;
}

// A segment is never without one of its two files: it is compressed before the plain one goes.
Result<OpenedSegment> open_segment_file(const std::string& directory, Sequence first, Extent extent) {
    OpenedSegment opened;
    opened.name = directory + "/" + segment_name(first);
    if (auto plain = open_file(opened.name, O_RDONLY)) {
        opened.file = std::move(*plain);
        return opened;
    } else if (::access((directory + "/" + compressed_segment_name(first)).c_str(), F_OK) != 0) {
        return plain.error();
    }
    opened.name = directory + "/" + compressed_segment_name(first);
    opened.is_compressed = true;
    auto packed = open_file(opened.name, O_RDONLY);
    if (!packed) return packed.error();
    auto unpacked = unpack(packed->get(), opened.name, extent == Extent::header ? segment_header_bytes : UINT64_MAX);
    if (!unpacked) return unpacked.error();
    opened.file = std::move(*unpacked);
    return opened;
}

}  // namespace incidentd::segments
