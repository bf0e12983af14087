"""MLflow's own Python client behind standard input and output, for the tests of this folder.

One JSON object a line comes in, {"op": name, ...arguments}; one goes out, {"value": ...} or
{"error": {"type", "message", "code"}}. One process serves a whole test file, because importing MLflow takes
seconds. Traces leave as the text of `Trace.to_json()`, so that the reader sees every digit.
"""

import json
import logging
import re
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Trace
from mlflow.tracing.attachments import Attachment

import scenarios


def tagged(value):
    """Python's value with its kind kept: {"$float": ...}, {"$bytes": ...}, {"$int": ...} beyond 2^53."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"$int": str(value)}
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, dict):
        return {"$dict": [[tagged(k), tagged(v)] for k, v in value.items()]} if "__proto__" in value else {
            str(k): tagged(v) for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [tagged(member) for member in value]
    return str(value)


def view_of_span(span):
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "start_time_ns": str(span.start_time_ns),
        "end_time_ns": None if span.end_time_ns is None else str(span.end_time_ns),
        "status": {"code": span.status.status_code.value, "description": span.status.description},
        "span_type": span.span_type,
        "inputs": tagged(span.inputs),
        "outputs": tagged(span.outputs),
        "attributes": tagged(span.attributes),
        "log_level": span.log_level,
        "description": span.description,
        "events": [
            {"name": e.name, "timestamp": str(e.timestamp), "attributes": tagged(e.attributes)} for e in span.events
        ],
        "links": [
            {"trace_id": link.trace_id, "span_id": link.span_id, "attributes": tagged(link.attributes)}
            for link in span.links
        ],
    }


def view_of_info(info):
    return {
        "trace_id": info.trace_id,
        "client_request_id": info.client_request_id,
        "experiment_id": info.experiment_id,
        "request_time": info.request_time,
        "execution_duration": info.execution_duration,
        "state": str(info.state),
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "trace_metadata": dict(info.trace_metadata),
        "tags": dict(info.tags),
        "token_usage": info.token_usage,
        "assessments": [a.to_dictionary() for a in info.assessments],
    }


def trace_answer(trace):
    return {
        "json": trace.to_json(),
        "info": view_of_info(trace.info),
        "spans": [view_of_span(span) for span in trace.data.spans],
    }


def assessment_source(source):
    return None if source is None else AssessmentSource(source["source_type"], source["source_id"])


class Peer:
    def __init__(self):
        self.client = MlflowClient()

    def create_experiment(self, name):
        return self.client.create_experiment(name)

    def get_trace(self, trace_id):
        return trace_answer(self.client.get_trace(trace_id))

    def read_json(self, text):
        """What MLflow reads from a text of ours, written again by MLflow."""
        return trace_answer(Trace.from_json(text))

    def search_traces(self, experiment_id, filter_string=None, order_by=None, max_results=100):
        found = self.client.search_traces(
            locations=[experiment_id],
            filter_string=filter_string,
            order_by=order_by,
            max_results=max_results,
            include_spans=False,
        )
        return {"trace_ids": [trace.info.trace_id for trace in found], "token": found.token}

    def count_traces(self, experiment_id):
        """Traces of the experiment, and how many different ids they have."""
        ids, token = [], None
        while True:
            page = self.client.search_traces(
                locations=[experiment_id], max_results=500, page_token=token, include_spans=False
            )
            ids += [trace.info.trace_id for trace in page]
            token = page.token
            if not token:
                break
        return {"traces": len(ids), "distinct": len(set(ids))}

    def count_whole(self, experiment_id, spans):
        """Traces of the experiment that have exactly so many spans, and a finished info."""
        whole, token = 0, None
        while True:
            page = self.client.search_traces(locations=[experiment_id], max_results=500, page_token=token)
            whole += sum(len(trace.data.spans) == spans and str(trace.info.state) == "OK" for trace in page)
            token = page.token
            if not token:
                return {"whole": whole}

    def make(self, experiment_id, names=None):
        """Traces made with MLflow's SDK: [[scenario, trace id], ...]."""
        mlflow.set_experiment(experiment_id=experiment_id)
        return scenarios.run(names)

    def attachments(self, trace_id):
        """What MLflow reads behind each reference in a trace's inputs and outputs, in order."""
        trace = self.client.get_trace(trace_id)
        files = self.client._tracing_client._get_artifact_repo_for_trace(trace.info)
        text = json.dumps([[span.inputs, span.outputs] for span in trace.data.spans])
        found = []
        for reference in re.findall(r"mlflow-attachment://[^\"]+", text):
            parsed = Attachment.parse_ref(reference)
            content = files.download_trace_attachment(parsed["attachment_id"])
            found.append({"reference": reference, **parsed, "content": content.hex()})
        return found

    def make_attachments(self, experiment_id, content, value):
        """A trace of MLflow's SDK with an Attachment and with whatever it takes out of `value`."""
        mlflow.set_experiment(experiment_id=experiment_id)
        with mlflow.start_span("ask") as span:
            span.set_inputs({"picture": Attachment(content_type="image/png", content_bytes=bytes.fromhex(content))})
            span.set_outputs(value)
        mlflow.flush_trace_async_logging()
        return span.trace_id

    def set_trace_tag(self, trace_id, key, value):
        self.client.set_trace_tag(trace_id, key, value)

    def delete_trace_tag(self, trace_id, key):
        self.client.delete_trace_tag(trace_id, key)

    def register_prompt(self, name, template):
        return mlflow.genai.register_prompt(name=name, template=template).version

    def log_feedback(self, trace_id, name, value=None, source=None, **rest):
        return mlflow.log_feedback(
            trace_id=trace_id, name=name, value=value, source=assessment_source(source), **rest
        ).to_dictionary()

    def log_expectation(self, trace_id, name, value, source=None, **rest):
        return mlflow.log_expectation(
            trace_id=trace_id, name=name, value=value, source=assessment_source(source), **rest
        ).to_dictionary()

    def get_assessment(self, trace_id, assessment_id):
        return mlflow.get_assessment(trace_id, assessment_id).to_dictionary()


def serve():
    # Whatever libraries print must not stand between the answers.
    answers = sys.stdout
    sys.stdout = sys.stderr
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    peer = Peer()
    for line in sys.stdin:
        request = json.loads(line)
        op = request.pop("op")
        try:
            answer = {"value": getattr(peer, op)(**request)}
        except Exception as error:  # handed on: the test decides what it means
            answer = {
                "error": {
                    "type": type(error).__name__,
                    "message": str(error),
                    "code": getattr(error, "error_code", None),
                }
            }
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
