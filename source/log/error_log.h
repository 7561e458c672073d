#pragma once

#include <chrono>
#include <optional>
#include <string_view>

/// What went wrong, for the operator: leveled lines on stderr.
namespace tollgate::log {

class LogWriter;

enum class Level { kDebug, kInfo, kNotice, kWarn, kError, kCrit, kAlert, kEmerg };

std::string_view nameOf(Level level);
std::optional<Level> parseLevel(std::string_view name);

/// The level of the process. Any thread.
Level level();
/// `duration` 0: until further notice; else the former level returns by itself.
void setLevel(Level level, std::chrono::seconds duration);

/// Lines go through `writer`, so that logging never waits; nullptr: straight to stderr as far as
/// that takes them, as at first.
void setErrorWriter(LogWriter* writer);

/// One line, if the level is high enough: "2026/01/02 03:04:05 [warn] 12#34: text". Bytes that are
/// no text are escaped. Any thread.
void error(Level level, std::string_view text);

}  // namespace tollgate::log
