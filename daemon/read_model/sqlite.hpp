// SQLite with RAII and results instead of codes. A connection is used by one thread at a time.
#pragma once

#include "correlator/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace incidentd {

class Statement {
public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

    // Parameters from 1. Text is copied.
    Statement& bind(int index, std::string_view text);
    Statement& bind_bytes(int index, std::string_view bytes);
    Statement& bind(int index, std::int64_t number);
    Statement& bind(int index, std::uint64_t number) { return bind(index, static_cast<std::int64_t>(number)); }

    // True: a row is there. False: done. Resets itself when done.
    Result<bool> step();
    Result<void> run();  // step to the end, ignoring rows
    void reset();

    std::string text(int column) const;
    std::string_view bytes(int column) const;  // until the next step()
    std::int64_t number(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
public:
    enum class Mode : std::uint8_t { read_write_create, read_only };
    static Result<Database> open(const std::string& file, Mode mode);

    Result<void> execute(const std::string& sql);
    Result<Statement> prepare(std::string_view sql);
    std::int64_t last_rowid() const;  // of the last INSERT
    std::string last_error() const;

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace incidentd
