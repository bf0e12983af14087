"""Traces made with MLflow's Python SDK, one function a trace; each returns the id of the trace it made."""

import asyncio
import datetime
import math

import mlflow
from mlflow.entities import LiveSpan, Link, SpanEvent, SpanStatus, SpanType


def nested():
    @mlflow.trace(span_type=SpanType.RETRIEVER)
    def look_up(topic, limit=3):
        return [{"page_content": f"a note on {topic}", "metadata": {"doc_uri": "a/b", "chunk_id": 7}, "id": None}] * limit

    with mlflow.start_span("answer", span_type=SpanType.AGENT, attributes={"attempt": 1}) as root:
        root.set_inputs({"question": "What is a spandrel?"})
        look_up("spandrels", limit=2)
        with mlflow.start_span("inner", span_type="MY_OWN_TYPE") as inner:
            inner.set_attributes({"a": [1, 2, 3], "b": {"c": None}})
        root.set_outputs("text")
    return root.trace_id


def error():
    @mlflow.trace(name="breaks")
    def breaks(x):
        with mlflow.start_span("deeper"):
            raise ValueError(f"no good: {x} é 漢字 \u2028")

    try:
        breaks(1)
    except ValueError:
        pass
    return mlflow.get_last_active_trace_id()


def status_set():
    with mlflow.start_span("says so itself") as root:
        root.set_status(SpanStatus("ERROR", "because"))
        with mlflow.start_span("ok") as child:
            child.set_status("OK")
    return root.trace_id


def events():
    with mlflow.start_span("with events") as root:
        root.add_event(SpanEvent("first", timestamp=1_700_000_000_123_456_789, attributes={"n": 1, "f": 0.5, "b": True}))
        root.add_event(SpanEvent("lists", attributes={"s": ["a", "b"], "i": [1, 2], "d": [0.5, 1.5]}))
        root.add_event(SpanEvent("nothing in it"))
        root.add_event(SpanEvent.from_exception(RuntimeError("seen, not thrown")))
    return root.trace_id


def links():
    with mlflow.start_span("linked to") as first:
        pass
    with mlflow.start_span("with links", links=[Link(first.trace_id, first.span_id, {"why": "before", "n": 2})]) as root:
        root.add_link(Link(first.trace_id, first.span_id))
    return root.trace_id


def generator():
    @mlflow.trace(span_type=SpanType.LLM, output_reducer=lambda chunks: "".join(chunks))
    def stream(n):
        for i in range(n):
            yield f"chunk {i} "

    list(stream(4))
    return mlflow.get_last_active_trace_id()


def asynchronous():
    @mlflow.trace
    async def child(i):
        await asyncio.sleep(0)
        return i * i

    @mlflow.trace(name="gather")
    async def parent():
        return await asyncio.gather(*(child(i) for i in range(5)))

    asyncio.run(parent())
    return mlflow.get_last_active_trace_id()


def tags_and_metadata():
    @mlflow.trace
    def run(x):
        mlflow.update_current_trace(
            tags={"team": "blue", "long": "t" * 300, "odd key ./-": "é 😀", "empty": ""},
            metadata={"version": "1.2.3", "empty": ""},
            client_request_id="request-77",
            request_preview="asked\nfor this",
            response_preview="got 😀",
        )
        return x

    run({"x": 1})
    return mlflow.get_last_active_trace_id()


def session():
    @mlflow.trace
    def run(x):
        mlflow.update_current_trace(session_id="session-5", user="user-6")
        return x

    run("hello")
    return mlflow.get_last_active_trace_id()


def large():
    @mlflow.trace
    def run(text, rows):
        return {"length": len(text), "rows": len(rows)}

    run("0123456789 é漢😀\n" * 60_000, [{"i": i, "name": f"row {i}"} for i in range(5_000)])
    return mlflow.get_last_active_trace_id()


class OwnClass:
    def __repr__(self):
        return "<an OwnClass>"


def odd_values():
    with mlflow.start_span("odd") as root:
        root.set_inputs(
            {
                "nan": math.nan,
                "inf": math.inf,
                "minus_inf": -math.inf,
                "minus_zero": -0.0,
                "integral": 1.0,
                "large": 1e300,
                "small": 5e-324,
                "third": 1 / 3,
                "beyond_53": 2**53 + 1,
                "beyond_64": 2**70,
                "min_int64": -(2**63),
                "bytes": b"\x00\xff",
                "date": datetime.datetime(2024, 5, 6, 7, 8, 9),
                "set": {1},
                "tuple": (1, "two"),
                "own": OwnClass(),
                "keys": {1: "int key", "__proto__": {"x": 1}, "": "empty key"},
                "text": "\x00\x1b\u2028 <script>\"\\/ 😀",
                "deep": [[[[[[[[[[1]]]]]]]]]],
            }
        )
        for name, value in {
            "none": None,
            "true": True,
            "int": 7,
            "beyond_53": 2**53 + 1,
            "float": 0.1,
            "integral": 2.0,
            "nan": math.nan,
            "empty": "",
            "text": "plain",
            "json-like text": '{"a": 1}',
            "number-like text": "12",
            "list": [1, "two", None, 3.5],
            "dict": {"z": 1, "a": 2},
            "empty list": [],
            "a key with spaces, é and 😀": 1,
        }.items():
            root.set_attribute(name, value)
        root.set_outputs([None, False, 0, "", [], {}])
    return root.trace_id


def looks_like_v2():
    """Dictionaries with the fields of MLflow's older spans, as values."""
    with mlflow.start_span("looks like v2") as root:
        root.set_inputs(
            {
                "name": "x",
                "context": {"span_id": "0x1", "trace_id": "0x2"},
                "parent_id": None,
                "start_time": 1,
                "end_time": 2,
                "status_code": "OK",
                "status_message": "",
                "attributes": {"mlflow.traceRequestId": '"tr-1"'},
                "events": [],
            }
        )
        root.set_outputs({"info": {"request_id": "tr-1"}, "data": {"spans": []}})
    return root.trace_id


def chat():
    with mlflow.start_span("conversation", span_type=SpanType.CHAIN) as root:
        root.set_inputs({"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}]})
        for i in range(2):
            with mlflow.start_span(f"model {i}", span_type=SpanType.CHAT_MODEL) as llm:
                llm.set_attribute("mlflow.llm.model", "gpt-4o-mini")
                llm.set_attribute("mlflow.llm.provider", "openai")
                llm.set_attribute(
                    "mlflow.chat.tokenUsage",
                    {"input_tokens": 10 + i, "output_tokens": 5, "total_tokens": 15 + i, "cache_read_input_tokens": 2},
                )
        root.set_outputs({"choices": [{"message": {"role": "assistant", "content": "hi"}}]})
    return root.trace_id


def given_times():
    root = mlflow.start_span_no_context("given times", start_time_ns=1_600_000_000_000_000_001)
    child = mlflow.start_span_no_context("child", parent_span=root, start_time_ns=1_600_000_000_000_000_002)
    child.end(end_time_ns=1_600_000_000_000_000_003)
    root.end(end_time_ns=1_600_000_001_999_999_999)
    return root.trace_id


def empty():
    with mlflow.start_span() as root:
        pass
    return root.trace_id


def equal_names():
    with mlflow.start_span("same") as root:
        for _ in range(3):
            with mlflow.start_span("same"):
                pass
    return root.trace_id


def wide():
    with mlflow.start_span("wide") as root:
        for i in range(120):
            with mlflow.start_span(f"step {i}", span_type=SpanType.TASK) as span:
                span.set_inputs(i)
                span.set_outputs([i, str(i)])
    return root.trace_id


def levels_and_descriptions():
    with mlflow.start_span("described", log_level="WARNING", description="what it does: é") as root:
        with mlflow.start_span("debug", log_level="DEBUG"):
            pass
    return root.trace_id


ALL = [
    nested,
    error,
    status_set,
    events,
    links,
    generator,
    asynchronous,
    tags_and_metadata,
    session,
    large,
    odd_values,
    looks_like_v2,
    chat,
    given_times,
    empty,
    equal_names,
    wide,
    levels_and_descriptions,
]


def run(names=None):
    made = []
    for scenario in ALL:
        if names is not None and scenario.__name__ not in names:
            continue
        made.append([scenario.__name__, scenario()])
    mlflow.flush_trace_async_logging()
    return made
