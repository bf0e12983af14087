// Objects that the other side of a boundary knows by a number: from 1 on, never used again. A
// number that is not, or no longer, known is a no-op. Safe to use from several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace spandrel::exporting {

template <typename T>
class Numbered {
 public:
  uint32_t add(std::shared_ptr<T> object) {
    std::lock_guard lock(lock_);
    objects_.emplace(++last_, std::move(object));
    return last_;
  }

  // Who works with the object keeps it until then.
  void remove(uint32_t number) {
    std::lock_guard lock(lock_);
    objects_.erase(number);
  }

  // What `call` answers; `otherwise` where there is no such object.
  template <typename Answer, typename Call>
  Answer with(uint32_t number, Answer otherwise, const Call& call) {
    const std::shared_ptr<T> object = find(number);
    return object ? call(*object) : otherwise;
  }

  size_t size() const {
    std::lock_guard lock(lock_);
    return objects_.size();
  }

 private:
  std::shared_ptr<T> find(uint32_t number) const {
    std::lock_guard lock(lock_);
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : found->second;
  }

  mutable std::mutex lock_;
  std::unordered_map<uint32_t, std::shared_ptr<T>> objects_;
  uint32_t last_ = 0;
};

}  // namespace spandrel::exporting
