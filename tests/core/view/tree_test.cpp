#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "view/request_builder.h"
#include "view/trace_tree.h"

namespace spandrel::view {
namespace {

using Lines = std::vector<std::string>;

// The tree as "name depth" lines in pre-order.
Lines lines(const TraceStore& store, const TraceTree& tree) {
  Lines out;
  for (size_t i = 0; i < tree.size(); ++i) {
    out.push_back(std::string(store.strings().text(store.columns().name(tree.rows[i]))) + " " +
                  std::to_string(tree.depth[i]));
  }
  return out;
}

TraceTree treeOf(const TraceStore& store, uint8_t trace = 1) {
  return buildTree(store, store.findTrace(traceIdOf(trace)));
}

TestSpan spanOf(uint32_t id, uint32_t parent, uint64_t start, uint64_t end) {
  TestSpan span;
  span.id = id;
  span.parent = parent;
  span.start = start;
  span.end = end;
  span.name = std::to_string(id);
  return span;
}

TEST(TraceTree, OrdersSiblingsByStartThenEndThenArrival) {
  TraceStore store;
  receive(store, {spanOf(1, 0, 0, 100), spanOf(5, 1, 20, 30), spanOf(2, 1, 10, 40),
                  spanOf(3, 1, 10, 20), spanOf(4, 1, 10, 20)});

  EXPECT_EQ(lines(store, treeOf(store)), (Lines{"1 0", "3 1", "4 1", "2 1", "5 1"}));
}

TEST(TraceTree, TakesChildrenThatArriveBeforeTheirParents) {
  TraceStore store;
  receive(store, {spanOf(3, 2, 2, 3)});
  receive(store, {spanOf(2, 1, 1, 4)});
  receive(store, {spanOf(1, 0, 0, 5)});

  EXPECT_EQ(lines(store, treeOf(store)), (Lines{"1 0", "2 1", "3 2"}));
}

TEST(TraceTree, ShowsAnOrphanAsARootWithANote) {
  TraceStore store;
  receive(store, {spanOf(1, 0, 0, 10), spanOf(2, 99, 5, 6), spanOf(3, 2, 5, 6)});

  const TraceTree tree = treeOf(store);

  EXPECT_EQ(lines(store, tree), (Lines{"1 0", "2 0", "3 1"}));
  EXPECT_EQ(tree.missingParents, 1u);
  EXPECT_EQ(tree.notes[1], node_note::kParentMissing);
  EXPECT_EQ(tree.rootCount, 2u);
}

TEST(TraceTree, BreaksACycleOfParentsAtItsEarliestSpan) {
  TraceStore store;
  receive(store,
          {spanOf(1, 3, 30, 31), spanOf(2, 1, 10, 11), spanOf(3, 2, 20, 21), spanOf(4, 3, 40, 41)});

  const TraceTree tree = treeOf(store);

  EXPECT_EQ(lines(store, tree), (Lines{"2 0", "3 1", "1 2", "4 2"}));
  EXPECT_EQ(tree.brokenCycles, 1u);
  EXPECT_EQ(tree.notes[0], node_note::kParentCycle);
}

TEST(TraceTree, ASpanThatIsItsOwnParentIsARoot) {
  TraceStore store;
  receive(store, {spanOf(1, 1, 0, 1), spanOf(2, 1, 0, 1)});

  const TraceTree tree = treeOf(store);

  EXPECT_EQ(lines(store, tree), (Lines{"1 0", "2 1"}));
  EXPECT_EQ(tree.brokenCycles, 1u);
}

TEST(TraceTree, KeepsSeveralRoots) {
  TraceStore store;
  receive(store, {spanOf(2, 0, 10, 20), spanOf(1, 0, 0, 5)});

  EXPECT_EQ(lines(store, treeOf(store)), (Lines{"1 0", "2 0"}));
}

TEST(TraceTree, NotesAnEndBeforeTheStartAndGivesNoLength) {
  TraceStore store;
  receive(store, {spanOf(1, 0, 50, 20)});
  TraceLayout layout(store);
  layout.open(traceIdOf(1));

  EXPECT_EQ(layout.tree().endsBeforeStart, 1u);
  EXPECT_EQ(layout.rowAt(0).durationNs, 0);
  EXPECT_EQ(layout.tree().endTimeNs, 50u);
}

TEST(TraceTree, SpansOfZeroLengthAndOfOneTimeAreAllThere) {
  TraceStore store;
  std::vector<TestSpan> spans{spanOf(1, 0, 7, 7)};
  for (uint32_t id = 2; id <= 100; ++id) spans.push_back(spanOf(id, 1, 7, 7));
  receive(store, spans);

  const TraceTree tree = treeOf(store);

  ASSERT_EQ(tree.size(), 100u);
  EXPECT_EQ(lines(store, tree)[1], "2 1");  // as they arrived
  EXPECT_EQ(lines(store, tree)[99], "100 1");
}

TEST(TraceTree, TenThousandChildrenOfOneSpan) {
  TraceStore store;
  std::vector<TestSpan> spans{spanOf(1, 0, 0, 1)};
  for (uint32_t id = 2; id <= 10001; ++id) spans.push_back(spanOf(id, 1, id, id + 1));
  receive(store, spans);

  const TraceTree tree = treeOf(store);

  EXPECT_EQ(tree.size(), 10001u);
  EXPECT_EQ(tree.childCount[0], 10000u);
  EXPECT_EQ(tree.subtreeSize[0], 10001u);
}

TEST(TraceTree, AChainOfTenThousand) {
  TraceStore store;
  std::vector<TestSpan> spans;
  for (uint32_t id = 10000; id >= 1; --id) spans.push_back(spanOf(id, id - 1, id, 20000 - id));
  receive(store, spans);

  const TraceTree tree = treeOf(store);

  EXPECT_EQ(tree.maxDepth, 9999u);
  EXPECT_EQ(tree.subtreeSize[0], 10000u);
}

// Parents drawn at random, so that there are orphans and cycles too.
std::vector<TestSpan> randomForest(std::mt19937& random, uint32_t count) {
  std::vector<TestSpan> spans;
  for (uint32_t id = 1; id <= count; ++id) {
    const uint32_t parent = random() % (count + count / 8);
    const uint64_t start = random() % 1000 * count + id;  // all different
    spans.push_back(spanOf(id, parent, start, start + random() % 50));
  }
  return spans;
}

TEST(TraceTree, ShowsEverySpanOfARandomForestExactlyOnce) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    TraceStore store;
    const uint32_t count = 1 + random() % 60;
    receive(store, randomForest(random, count));

    const TraceTree tree = treeOf(store);

    std::set<Row> rows(tree.rows.begin(), tree.rows.end());
    ASSERT_EQ(rows.size(), count);
    ASSERT_EQ(tree.size(), count);
    uint32_t roots = 0;
    for (size_t i = 0; i < tree.size(); ++i) {
      if (tree.parent[i] == TraceTree::kNoParent) {
        ++roots;
        ASSERT_EQ(tree.depth[i], 0u);
      } else {
        ASSERT_LT(tree.parent[i], i);
        ASSERT_EQ(tree.depth[i], tree.depth[tree.parent[i]] + 1);
        ASSERT_LT(i, tree.parent[i] + tree.subtreeSize[tree.parent[i]]);
      }
    }
    ASSERT_EQ(roots, tree.rootCount);
  }
}

TEST(TraceTree, DoesNotDependOnTheOrderOfArrivalOrOnTheRequests) {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    std::vector<TestSpan> spans = randomForest(random, 1 + random() % 40);
    TraceStore atOnce;
    receive(atOnce, spans);
    std::shuffle(spans.begin(), spans.end(), random);
    TraceStore inPieces;
    for (size_t at = 0; at < spans.size();) {
      const size_t count = std::min<size_t>(1 + random() % 7, spans.size() - at);
      receive(inPieces, {spans.begin() + at, spans.begin() + at + count});
      at += count;
    }

    ASSERT_EQ(lines(inPieces, treeOf(inPieces)), lines(atOnce, treeOf(atOnce)));
  }
}

}  // namespace
}  // namespace spandrel::view
