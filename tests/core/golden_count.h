// Counts the cases of a recorded file and holds deviations to a list.
//
// A case passes when nothing differs. A case that differs must be listed with its reason, and a
// listed case must differ: the list is what the project promises, no more and no less.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

namespace spandrel::golden {

class GoldenCount {
 public:
  using Deviations = std::map<std::string, std::string>;  // case name → reason

  GoldenCount(std::string file, Deviations deviations)
      : file_(std::move(file)), deviations_(std::move(deviations)) {}

  ~GoldenCount() {
    std::printf("golden %s: passed %zu of %zu, deviations %zu\n", file_.c_str(), passed_, total_,
                deviated_);
    for (const auto& [name, reason] : deviations_) {
      std::printf("  deviation: %s (%s)\n", name.c_str(), reason.c_str());
    }
    EXPECT_EQ(deviated_, deviations_.size()) << "a listed case is not in the file";
  }
  GoldenCount(const GoldenCount&) = delete;
  GoldenCount& operator=(const GoldenCount&) = delete;

  void begin(std::string name) {
    name_ = std::move(name);
    difference_.clear();
  }
  void compare(const char* what, const std::string& actual, const std::string& expected) {
    if (actual == expected) return;
    difference_ +=
        std::string("\n  ") + what + "\n    is       " + actual + "\n    expected " + expected;
  }
  void expect(const char* what, bool holds) {
    if (!holds) difference_ += std::string("\n  does not hold: ") + what;
  }
  void end() {
    ++total_;
    const bool isListed = deviations_.count(name_) > 0;
    if (difference_.empty()) {
      EXPECT_FALSE(isListed) << file_ << ", " << name_ << ": listed as a deviation, but it passes";
      ++passed_;
    } else {
      EXPECT_TRUE(isListed) << file_ << ", " << name_ << difference_;
      deviated_ += isListed ? 1 : 0;
    }
  }

 private:
  std::string file_;
  Deviations deviations_;
  std::string name_;
  std::string difference_;
  size_t total_ = 0;
  size_t passed_ = 0;
  size_t deviated_ = 0;
};

}  // namespace spandrel::golden
