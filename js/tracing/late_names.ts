// Names of attributes, tags and metadata that nothing needs which pages load at once.

export const UNFINISHED_ATTRIBUTE = "spandrel.unfinished";
export const TRACE_NAME_TAG = "mlflow.traceName";
export const EVALUATION_TAG = "mlflow.eval.requestId";
export const MODEL_ID_METADATA = "mlflow.modelId";
