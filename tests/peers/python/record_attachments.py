# Records what MLflow makes of contents in base64 in a span's inputs: tests/golden/attachments.json.
#   python record_attachments.py > tests/golden/attachments.json
# Ids are drawn by chance; their order in the text replaces them.
import base64
import json
import os
import re
import tempfile

os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///" + os.path.join(tempfile.mkdtemp(), "mlflow.db")
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"

import mlflow  # noqa: E402


def b64(content):
    return base64.b64encode(content).decode()


HELLO = b64(b"hello")
PNG = "data:image/png;base64," + b64(b"\x89PNG\r\n\x1a\n\x00\xff")

CASES = {
    "data URI alone": PNG,
    "data URIs in objects and lists": {"a": [PNG, {"b": PNG}], "c": "text"},
    "the same twice gets two ids": [PNG, PNG],
    "mime with parameters": "data:text/plain;charset=utf-8;base64," + HELLO,
    "mime with spaces and letters beyond ASCII": "data:image/x y\u00e9+z;base64," + HELLO,
    "no mime": "data:;base64," + HELLO,
    "no base64": "data:text/plain,hello",
    "base64 in capitals": "data:image/png;BASE64," + HELLO,
    "scheme in capitals": "DATA:image/png;base64," + HELLO,
    "not at the start": " data:image/png;base64," + HELLO,
    "empty content": "data:image/png;base64,",
    "invalid base64": "data:image/png;base64,!!!!",
    "URL alphabet": "data:image/png;base64,YW-_",
    "white space": "data:image/png;base64,YQ==\n",
    "missing padding": "data:image/png;base64,YQ",
    "padding behind a whole group": "data:image/png;base64,YWJj=",
    "too much padding": "data:image/png;base64,YQ===",
    "padding alone": "data:image/png;base64,====",
    "one digit": "data:image/png;base64,Y",
    "bits beyond the content": "data:image/png;base64,YR==",
    "two commas": "data:image/png;base64,YQ==,YQ==",
    "marker twice": "data:a;base64,b;base64," + HELLO,
    "bare base64": {"image_data": HELLO, "list": [HELLO]},
    "a reference stays": "mlflow-attachment://00000000-0000-4000-8000-000000000000?content_type=a&trace_id=b&size=1",
    "JSON in a string stays": json.dumps({"url": PNG}),
    "OpenAI image_url": {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
    "OpenAI input_audio": {"type": "input_audio", "input_audio": {"data": HELLO, "format": "wav"}},
    "OpenAI input_audio mp3": {"type": "input_audio", "input_audio": {"data": HELLO, "format": "mp3"}},
    "OpenAI input_audio without format": {"type": "input_audio", "input_audio": {"data": HELLO}},
    "input_audio without type": {"input_audio": {"data": HELLO, "format": "wav"}},
    "input_audio of invalid base64": {"type": "input_audio", "input_audio": {"data": "hello?", "format": "wav"}},
    "input_audio of empty data": {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    "input_audio that is no object": {"type": "input_audio", "input_audio": HELLO},
    "OpenAI audio output": {"audio": {"id": "a", "data": HELLO, "transcript": "hi"}},
    "OpenAI image generation": {"type": "image_generation_call", "result": HELLO},
    "OpenAI image generation webp": {"type": "image_generation_call", "result": HELLO, "output_format": "webp"},
    "OpenAI image generation with a number as format": {"type": "image_generation_call", "result": HELLO, "output_format": 5},
    "result without type": {"result": HELLO},
    "DALL-E": {"created": 1, "data": [{"b64_json": HELLO, "revised_prompt": "x"}]},
    "b64_json null": {"b64_json": None},
    "Anthropic image": {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": HELLO}},
    "Anthropic image without media type": {"type": "image", "source": {"type": "base64", "data": HELLO}},
    "Anthropic image by URL": {"type": "image", "source": {"type": "url", "url": "https://a.example/"}},
    "Anthropic document": {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": HELLO}},
    "Bedrock image": {"image": {"format": "jpeg", "source": {"bytes": HELLO}}},
    "Bedrock image without format": {"image": {"source": {"bytes": HELLO}}},
    "Bedrock image with an empty format": {"image": {"format": "", "source": {"bytes": HELLO}}},
    "Bedrock image by S3": {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a"}}}},
    "Gemini": {"inline_data": {"mime_type": "image/webp", "data": HELLO}},
    "Gemini without mime type": {"inline_data": {"data": HELLO}},
    "siblings of a shape": {"type": "image", "source": {"type": "base64", "data": HELLO}, "thumbnail": PNG, "more": {"b64_json": HELLO}},
    "two shapes in one object": {"b64_json": HELLO, "audio": {"data": HELLO}},
    "audio and image in one object": {"audio": {"data": HELLO}, "image": {"source": {"bytes": HELLO}}},
    "three shapes in one object": {"audio": {"data": HELLO}, "image": {"source": {"bytes": HELLO}}, "inline_data": {"data": HELLO}},
    "an invalid shape hides the next": {"b64_json": "no base64!", "audio": {"data": HELLO}},
    "data URI where a shape wants base64": {"b64_json": PNG, "audio": {"data": PNG}},
    "shape inside a shape": {"type": "image", "source": {"type": "base64", "data": HELLO, "image": {"source": {"bytes": HELLO}}}},
    "chat": {"messages": [{"role": "user", "content": [{"type": "text", "text": "what is this?"}, {"type": "image_url", "image_url": {"url": PNG}}]}]},
    "keys with data URIs": {PNG: 1},
    "numbers and null": [1, None, True, 1.5],
}
LIMITED = ["data URI alone", "data URIs in objects and lists", "DALL-E"]
LIMIT = 4


def record(value):
    span = mlflow.start_span_no_context("golden")
    trace_id = span.trace_id
    span.set_inputs(value)
    text = span._span.attributes["mlflow.spanInputs"]
    attachments = span._attachments
    span.end()
    ids = []

    def place(match):
        ids.append(match.group(1))
        return f"mlflow-attachment://<{len(ids) - 1}>?"

    # Ids of references that were in the input already stay.
    text = re.sub("mlflow-attachment://(" + "|".join(attachments or ["-"]) + r")\?", place, text)
    span_dict = span.to_dict()
    result = {
        "text": text.replace(trace_id, "<trace>"),
        "attachments": [
            {"content_type": attachments[i].content_type, "content": b64(attachments[i].content_bytes)} for i in ids
        ],
    }
    if span_dict["status"]["code"] == "STATUS_CODE_ERROR":
        result["status"] = span_dict["status"]
        result["log_level"] = span_dict["attributes"]["mlflow.spanLogLevel"]
        result["events"] = [{"name": e["name"], "attributes": e["attributes"]} for e in span_dict["events"]]
    return result


cases = [{"name": name, "value": value, **record(value)} for name, value in CASES.items()]
os.environ["MLFLOW_TRACE_MAX_ATTACHMENT_SIZE"] = str(LIMIT)
cases += [{"name": f"{name}, limited", "max_bytes": LIMIT, "value": CASES[name], **record(CASES[name])} for name in LIMITED]
lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
print(f'{{"mlflow_version": "{mlflow.__version__}", "cases": [\n{lines}\n]}}')
