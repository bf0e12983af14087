#include <gtest/gtest.h>

#include <random>

#include "view/request_builder.h"
#include "view/trace_layout.h"

namespace spandrel::view {
namespace {

using Lines = std::vector<std::string>;

std::vector<TestSpan> family() {
  std::vector<TestSpan> spans(6);
  const uint32_t parents[] = {0, 1, 2, 1, 4, 0};
  for (uint32_t i = 0; i < 6; ++i) {
    spans[i].id = i + 1;
    spans[i].parent = parents[i];
    spans[i].start = i * 10;
    spans[i].end = 100 - i;
    spans[i].name = std::string(1, static_cast<char>('a' + i));
  }
  return spans;
}

class TraceLayoutTest : public testing::Test {
 protected:
  void SetUp() override {
    receive(store_, family());
    ASSERT_TRUE(layout_.open(traceIdOf(1)));
  }
  Lines rows() const { return rowsOf(store_, layout_); }

  TraceStore store_;
  TraceLayout layout_{store_};
};

TEST_F(TraceLayoutTest, ShowsAllRowsAtFirst) {
  EXPECT_EQ(rows(), (Lines{"a 0", "b 1", "c 2", "d 1", "e 2", "f 0"}));
}

TEST_F(TraceLayoutTest, CollapsingHidesWhatIsBelowAndExpandingBringsItBack) {
  const Lines before = rows();

  EXPECT_TRUE(layout_.setCollapsed(spanIdWord(1), true));
  EXPECT_EQ(rows(), (Lines{"a 0", "f 0"}));
  EXPECT_FALSE(layout_.setCollapsed(spanIdWord(1), true));

  EXPECT_TRUE(layout_.setCollapsed(spanIdWord(1), false));
  EXPECT_EQ(rows(), before);
}

TEST_F(TraceLayoutTest, ACollapsedRowBelowACollapsedRowStaysCollapsed) {
  layout_.setCollapsed(spanIdWord(2), true);
  layout_.setCollapsed(spanIdWord(1), true);
  layout_.setCollapsed(spanIdWord(1), false);

  EXPECT_EQ(rows(), (Lines{"a 0", "b 1", "d 1", "e 2", "f 0"}));
}

TEST_F(TraceLayoutTest, ALeafCannotBeCollapsed) {
  EXPECT_FALSE(layout_.setCollapsed(spanIdWord(3), true));
  EXPECT_FALSE(layout_.setCollapsed(spanIdWord(77), true));
}

TEST_F(TraceLayoutTest, CollapseAllLeavesTheRootsAndExpandAllIsItsInverse) {
  const Lines before = rows();

  layout_.collapseAll();
  EXPECT_EQ(rows(), (Lines{"a 0", "f 0"}));

  layout_.expandAll();
  EXPECT_EQ(rows(), before);
}

TEST_F(TraceLayoutTest, RevealExpandsTheAncestorsAndNothingElse) {
  layout_.collapseAll();

  EXPECT_EQ(layout_.reveal(spanIdWord(3)), 2);
  EXPECT_EQ(rows(), (Lines{"a 0", "b 1", "c 2", "d 1", "f 0"}));
  EXPECT_EQ(layout_.reveal(spanIdWord(77)), -1);
}

TEST_F(TraceLayoutTest, AHiddenSpanIsRepresentedByWhatHidesIt) {
  layout_.setCollapsed(spanIdWord(4), true);

  EXPECT_EQ(layout_.visibleIndexOf(spanIdWord(5)), 3);
  EXPECT_EQ(layout_.visibleIndexOf(spanIdWord(6)), 4);
}

TEST_F(TraceLayoutTest, RowsKnowTheirParentsRow) {
  layout_.setCollapsed(spanIdWord(2), true);
  std::vector<LayoutRow> window;

  layout_.window(2, 2, window);  // d and e

  ASSERT_EQ(window.size(), 2u);
  EXPECT_EQ(window[0].parentRow, 0u);
  EXPECT_EQ(window[1].parentRow, 2u);
}

TEST_F(TraceLayoutTest, AWindowIsClampedToWhatIsThere) {
  std::vector<LayoutRow> window;

  layout_.window(4, 100, window);
  EXPECT_EQ(window.size(), 2u);
  layout_.window(6, 1, window);
  EXPECT_TRUE(window.empty());
  layout_.window(SIZE_MAX, SIZE_MAX, window);
  EXPECT_TRUE(window.empty());
}

TEST_F(TraceLayoutTest, TheCollapseStateSurvivesSpansThatArriveLater) {
  layout_.setCollapsed(spanIdWord(2), true);
  TestSpan late = family()[0];
  late.id = 7;
  late.parent = 2;
  late.name = "late";
  receive(store_, {late});
  layout_.refresh();

  EXPECT_EQ(rows(), (Lines{"a 0", "b 1", "d 1", "e 2", "f 0"}));
  std::vector<LayoutRow> window;
  layout_.window(1, 1, window);
  EXPECT_EQ(window[0].descendants, 2u);
}

TEST_F(TraceLayoutTest, FindsErrorsForwardsAndBackwards) {
  std::vector<TestSpan> spans = family();
  spans[2].status = 2;
  spans[4].status = 2;
  receive(store_, spans);
  layout_.refresh();

  EXPECT_EQ(layout_.nextError(-1, true), 2);
  EXPECT_EQ(layout_.nextError(2, true), 4);
  EXPECT_EQ(layout_.nextError(4, true), -1);
  EXPECT_EQ(layout_.nextError(4, false), 2);
}

TEST(TraceLayout, RandomTogglesKeepRowsAndTreeInAgreement) {
  std::mt19937 random(5);
  TraceStore store;
  std::vector<TestSpan> spans;
  for (uint32_t id = 1; id <= 80; ++id) {
    TestSpan span;
    span.id = id;
    span.parent = id == 1 ? 0 : 1 + random() % (id - 1);
    span.start = id;
    spans.push_back(span);
  }
  receive(store, spans);
  TraceLayout layout(store);
  layout.open(traceIdOf(1));

  for (int round = 0; round < 500; ++round) {
    layout.setCollapsed(spanIdWord(1 + random() % 80), random() % 2 == 0);
    std::vector<LayoutRow> rows;
    layout.window(0, SIZE_MAX, rows);
    size_t covered = 0;
    for (const LayoutRow& row : rows) {
      ASSERT_EQ(row.position, covered);
      covered += row.notes & LayoutRow::kIsCollapsed ? row.descendants + 1 : 1;
    }
    ASSERT_EQ(covered, 80u);
  }
  layout.expandAll();
  EXPECT_EQ(layout.visibleCount(), 80u);
}

TEST(TraceLayout, ClosesWhenItsTraceIsEvicted) {
  TraceStore store;
  receive(store, family());
  TraceLayout layout(store);
  layout.open(traceIdOf(1));
  TestSpan other;
  other.trace = 2;
  receive(store, {other});

  store.setMaxBytes(1);
  layout.refresh();

  EXPECT_FALSE(layout.isOpen());
  EXPECT_EQ(layout.visibleCount(), 0u);
}

}  // namespace
}  // namespace spandrel::view
