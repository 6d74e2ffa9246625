using System.Text;
using System.Text.Json.Serialization.Metadata;
using FinIntent.ApiModels;
using FinIntent.Authoring;
using FinIntent.Server.Errors;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Http;

namespace FinIntent.Fuzz;

/// <summary>What models and servers answer, and what is asked of our own server.</summary>
static class AnswerReaders
{
    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        new("JSON in an answer", Format.Json, "answer.txt",
            path => JsonObjects.In(Encoding.UTF8.GetString(File.ReadAllBytes(path)), "question"))
        {
            Seeds = [Seeds.Text("""
                Here are they: {"items": [{"question": "净值", "label": "A"}, {"question": "x"}]} and more
                """)],
            Covers = "JsonObjects",
        },
        ApiReplies("answers of an API", 200),
        ApiReplies("errors of an API", 400),
        Body("intents", IntentJson.Default.IntentRequest, """
            {"input": ["净值是多少？", {"text": "x", "history": [["a", "b"]]}], "model": "bank", "top_k": 2}
            """),
        Body("adapters", IntentJson.Default.AdapterPut, """{"version": "v2"}"""),
        Body("chat/completions", OpenAIJson.Default.ChatRequestWire, """
            {"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "q"}]}],
             "temperature": 0, "max_tokens": 5, "stop": ["x"], "stream": true, "logprobs": true, "top_logprobs": 2, "seed": 1}
            """),
        Body("completions", OpenAIJson.Default.CompletionRequestWire, """{"model": "m", "prompt": "q", "max_tokens": 5, "stop": "x"}"""),
        Body("classify", OpenAIJson.Default.VllmClassifyRequestWire, """{"model": "m", "input": ["a", "b"]}"""),
        Body("predict", TeiJson.Default.PredictRequestWire, """{"inputs": [["a"], ["b"]], "raw_scores": false}"""),
        Body("Ollama's chat", OllamaJson.Default.OllamaChatRequestWire, """
            {"model": "m", "messages": [{"role": "user", "content": "q"}], "stream": false, "options": {"temperature": 0, "num_predict": 5}}
            """),
    ];

    static FuzzedReader ApiReplies(string name, int status) => new(name, Format.Json, "reply.json", path => ReadReply(path, status))
    {
        Seeds = [.. from line in File.ReadLines(Path.Combine(Seeds.Root, "test/fixtures/api/replies.tsv"))
                    where line[0] != '#'
                    let cells = line.Split('\t')
                    where (cells[1] == "200") == (status == 200)
                    select Seeds.Text(cells[^1])],
        Covers = "ReplyReader",
    };

    static void ReadReply(string path, int status)
    {
        try
        {
            var reply = ReplyReader.Read(new(status, "host"), Encoding.UTF8.GetString(File.ReadAllBytes(path)));
            if (reply.Error is null) OutcomeRule.OfFinish(reply);
            else OutcomeRule.OfError(reply);
        }
        catch (FormatException e)
        {
            throw new UserErrorException(e.Message, e); // as ApiModel does
        }
    }

    static FuzzedReader Body<T>(string route, JsonTypeInfo<T> type, string seed) where T : class =>
        new($"request of {route}", Format.Json, "body.json", path =>
        {
            var context = new DefaultHttpContext();
            context.Request.Body = new MemoryStream(File.ReadAllBytes(path));
            try
            {
                JsonBody.ReadAsync(context, type).AsTask().GetAwaiter().GetResult();
            }
            catch (ServerError e)
            {
                throw new UserErrorException(e.Message, e);
            }
        })
        {
            Seeds = [Seeds.Text(seed)],
            Covers = "JsonBody InputTexts TextContent",
        };
}
