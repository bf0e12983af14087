// Attachments: contents that leave a span's inputs and outputs on the way to an MLflow server that
// keeps them as files beside the trace. A reference stays in their place:
//
//   mlflow-attachment://<uuid>?content_type=image%2Fpng&trace_id=tr-…&size=4711
//
// Records are never changed; these functions make others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "trace/previews.h"
#include "trace/span_data.h"

namespace spandrel::mlflow {

struct Attachment {
  std::string id;  // a UUID in small hex
  std::string contentType;
  std::vector<uint8_t> content;
};

struct AttachmentRules {
  // false: only what came as an Attachment object.
  bool takesBase64 = true;
  // A larger content is thrown away, a text says so; 0: no limit.
  uint64_t maxBytes = 0;
  // Code points of previews, as they were made.
  size_t previewLength = trace::kPreviewMaxLength;
};

struct DetachedContents {
  bool isChanged = false;
  std::vector<Attachment> attachments;
  // Bytes of those thrown away. Each has left an exception event and the status ERROR.
  std::vector<uint64_t> tooLarge;
};

// More contents of one span stay where they are.
inline constexpr size_t kMaxAttachments = 1000;

// Ids of contents that have none are made of the ids of trace and span and their place, so that the
// same span gives the same ids however often it is sent.
DetachedContents detachContents(trace::SpanData& span, const AttachmentRules& rules);

std::string attachmentReference(const Attachment& attachment, std::string_view traceId);

// Portable records, back to back. The answer: four bytes with the length of a JSON text
// (little-endian), the text, zeros up to the next multiple of four, then what the text speaks of in
// order. The text lists the spans that have changed:
//   [{"index": 0, "recordBytes": 1, "tooLarge": 0, "root": [{…}, {…}],
//     "attachments": [{"id", "contentType", "size"}, …]}, …]
// and for each, first its record, then the contents of its attachments, each padded to a multiple
// of four. `tooLarge` counts contents thrown away. `root` stands with spans that have no parent:
// the short copies that a trace's info makes of inputs and outputs (requestPreview, traceInputs,
// responsePreview, traceOutputs), before and after, with "error" where the span has failed.
Result<std::vector<uint8_t>> detachContentsOfRecords(Bytes records, const AttachmentRules& rules);

}  // namespace spandrel::mlflow
