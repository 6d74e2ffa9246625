namespace FinIntent.Server.Documentation;

/// <summary>A request of a route, and what it may be answered. A test sends every request.</summary>
/// <param name="Request">Null: the route takes no body.</param>
sealed record RouteExample(string? Request, string Response);

/// <summary>The examples of the OpenAPI document, by the routes' operation ids.</summary>
static class RouteExamples
{
    public static IReadOnlyDictionary<string, RouteExample> All { get; } = new Dictionary<string, RouteExample>
    {
        ["classifyIntents"] = new("""{"input": ["茅台还能买吗"], "top_k": 2}""", """
            {"id": null, "object": "intent.classification", "model": "finintent-8m", "adapter": null, "adapter_version": "3f1c9a0b7d52",
            "calibration": null, "intent_set": "openfindata", "results": [{"index": 0, "id": null, "intent": "个股问询", "label": "B",
            "probability": 0.98, "margin": 0.97, "abstained": null, "abstention_reason": null, "prediction_set": null,
            "out_of_scope_score": null, "probabilities": [{"intent": "个股问询", "label": "B", "probability": 0.98, "logprob": -0.0202},
            {"intent": "行业板块问询", "label": "A", "probability": 0.01, "logprob": -4.6052}], "tokens": 74}],
            "usage": {"prompt_tokens": 74, "total_tokens": 74},
            "timings": {"tokenize_ms": 0.1, "queue_ms": 0.2, "compute_ms": 6.3, "total_ms": 6.9}}
            """),
        ["createChatCompletion"] = new("""
            {"model": "finintent-8m", "messages": [{"role": "user", "content": "客户问：茅台还能买吗。他问的是什么？"}],
            "structured_outputs": {"choice": ["个股问询", "大盘问询"]}, "logprobs": true}
            """, """
            {"id": "chatcmpl-1", "object": "chat.completion", "created": 1790000000, "model": "finintent-8m",
            "system_fingerprint": "3f1c9a0b7d52", "choices": [{"index": 0, "message": {"role": "assistant", "content": "个股问询",
            "refusal": null}, "logprobs": {"content": [{"token": "个股", "logprob": -0.7, "bytes": [228, 184, 170, 232, 130, 161],
            "top_logprobs": [{"token": "个股", "logprob": -0.7, "bytes": [228, 184, 170, 232, 130, 161]},
            {"token": "大盘", "logprob": -2.1, "bytes": [229, 164, 167, 231, 155, 152]}]}], "refusal": null}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 24, "completion_tokens": 2, "total_tokens": 26}, "finintent": {"choices":
            [{"index": 0, "choice": "个股问询", "probability": 0.8, "logprob": -0.9},
            {"index": 1, "choice": "大盘问询", "probability": 0.2, "logprob": -2.3}]}}
            """),
        ["createCompletion"] = new("""{"model": "finintent-8m", "prompt": "基金定投", "max_tokens": 2, "temperature": 0}""", """
            {"id": "cmpl-1", "object": "text_completion", "created": 1790000000, "model": "finintent-8m",
            "system_fingerprint": "3f1c9a0b7d52", "choices": [{"index": 0, "text": "怎么样", "logprobs": null, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}}
            """),
        ["listModels"] = new(null, """
            {"data": [{"id": "finintent-8m", "object": "model", "created": 1790000000, "owned_by": "finintent",
            "root": "finintent-8m@3f1c9a0b7d52", "parent": null, "max_model_len": 1024}], "object": "list"}
            """),
        ["getModel"] = new(null, """
            {"id": "finintent-8m", "object": "model", "created": 1790000000, "owned_by": "finintent", "root": "finintent-8m@3f1c9a0b7d52",
            "parent": null, "max_model_len": 1024}
            """),
        ["classify"] = new("""{"model": "finintent-8m", "input": "茅台还能买吗"}""", """
            {"id": "classify-1", "object": "list", "created": 1790000000, "model": "finintent-8m", "data": [{"index": 0,
            "label": "个股问询", "probs": [0.01, 0.98, 0.005, 0.004, 0.001], "num_classes": 5}],
            "usage": {"prompt_tokens": 74, "completion_tokens": 0, "total_tokens": 74}}
            """),
        ["predict"] = new("""{"inputs": "茅台还能买吗"}""", """
            [{"score": 0.98, "label": "个股问询"}, {"score": 0.02, "label": "行业板块问询"}]
            """),
        ["ollamaChat"] = new("""
            {"model": "finintent-8m", "stream": false, "messages": [{"role": "user", "content": "什么是基金定投？"}],
            "options": {"temperature": 0, "num_predict": 8}}
            """, """
            {"model": "finintent-8m", "created_at": "2026-11-30T12:00:00.0000000Z", "message": {"role": "assistant", "content": "A"},
            "done": true, "done_reason": "stop", "total_duration": 9000000, "load_duration": 0, "prompt_eval_count": 12,
            "prompt_eval_duration": 6000000, "eval_count": 1, "eval_duration": 2000000}
            """),
        ["ollamaShow"] = new("""{"model": "finintent-8m"}""", """
            {"modelfile": "", "parameters": "", "template": "", "details": {"parent_model": "", "format": "safetensors",
            "family": "qwen2", "families": ["qwen2"], "parameter_size": "", "quantization_level": "float32"},
            "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 1024}, "capabilities": ["completion"],
            "modified_at": "2026-11-30T12:00:00.0000000Z"}
            """),
    };
}
