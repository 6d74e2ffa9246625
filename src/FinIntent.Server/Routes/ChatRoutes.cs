using FinIntent.Generation;
using FinIntent.Server.Chat;
using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using FinIntent.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>POST /v1/chat/completions, as OpenAI's and vLLM's clients ask it.</summary>
static class ChatRoutes
{
    public static void MapChat(this IEndpointRouteBuilder app) =>
        app.MapPost("/v1/chat/completions", Complete).Reads<ChatRequestWire>().WithName("createChatCompletion").WithTags("OpenAI")
            .Produces<ChatResponseWire>()
            .WithSummary("Answer a conversation")
            .WithDescription("Writes an answer or, where the request says what it may be (structured_outputs.choice, guided_choice, or " +
                "response_format with an enum), scores each possible answer exactly and gives the most probable; `finintent` then has " +
                "the probability of each. With `stream` the answer comes as server-sent events: `data: {chunk}` for each piece, and " +
                "`data: [DONE]` at the end.");

    static async Task Complete(HttpContext context, HostSlot slot)
    {
        var request = await JsonBody.ReadAsync(context, OpenAIJson.Default.ChatRequestWire);
        var alternatives = AnswerSettings.AlternativesOf(request.Logprobs == true, request.TopLogprobs);
        var settings = AnswerSettings.Of(request, request.MaxCompletionTokens ?? request.MaxTokens,
            request.MaxCompletionTokens is null ? "max_tokens" : "max_completion_tokens", alternatives);
        var choices = ChoicesOf(request);
        var conversation = ChatConversations.Of(request.Messages);
        using var place = new ModelPlace(
            slot.Required, request.Model, 1, settings.Deadline, RequestRecord.Of(context), context.RequestAborted);
        var reply = new ChatReply(place.Version, place.Chat.Tokenizer, request.Model) { TellsTokens = alternatives is not null };
        if (choices is null) await Write(context, place, conversation, settings, reply);
        else await Choose(context, place, conversation, choices, settings, reply);
    }

    static async Task Write(
        HttpContext context, ModelPlace place, Conversation conversation, AnswerSettings settings, ChatReply reply)
    {
        await using var answer = place.Begin(conversation, settings.Options, settings.Seed);
        UsageWire Usage() => UsageWire.Of(answer.PromptTokens, answer.Tokens);
        if (!settings.IsStreamed)
        {
            var whole = await answer.AllAsync();
            await EventStream.WriteAsync(context, reply.Whole(whole, ChatReply.FinishOf(answer.End), Usage()),
                PlainJson.OpenAI.ChatResponseWire);
            return;
        }
        var first = await answer.NextAsync(); // what is wrong with a request shows here, while there is still a status to say so
        await EventStream.WriteEventsAsync(context, reply.ChunksAsync(answer.PiecesAsync(first),
            () => (ChatReply.FinishOf(answer.End), settings.IncludesUsage ? Usage() : null)));
    }

    static async Task Choose(HttpContext context, ModelPlace place, Conversation conversation, IReadOnlyList<string> choices,
        AnswerSettings settings, ChatReply reply)
    {
        var (answer, promptTokens) = await place.ChooseAsync(conversation, choices);
        AnswerPiece best = new(choices[answer.Best], answer.TokensOf(answer.Best));
        var usage = UsageWire.Of(promptTokens, best.Tokens.Count);
        var told = TokenWires.Of(choices, answer);
        if (settings.IsStreamed)
            await EventStream.WriteEventsAsync(context, reply.ChunksAsync(
                AsyncEnumerable.Repeat(best, 1), () => ("stop", settings.IncludesUsage ? usage : null), told));
        else
            await EventStream.WriteAsync(context, reply.Whole(best, "stop", usage) with { Finintent = told },
                PlainJson.OpenAI.ChatResponseWire);
    }

    /// <summary>Returns what the answer may be; null where it may be anything.</summary>
    static IReadOnlyList<string>? ChoicesOf(ChatRequestWire request)
    {
        UnsupportedFields.Check(request.StructuredOutputs?.Others, "structured_outputs.");
        foreach (var (name, value) in request.StructuredOutputs is { Choice: null, Others: { } others } ? others : [])
            if (value.ValueKind != JsonValueKind.Null) throw UnsupportedFields.Refused($"structured_outputs.{JsonTexts.Shown(name)}",
                "no pattern is taken from a caller; give the answers to choose from in structured_outputs.choice");
        List<(string Name, IReadOnlyList<string> Choices)> found = [];
        if (request.StructuredOutputs?.Choice is { } choice)
            found.Add(("structured_outputs.choice", ChoiceFormats.Checked(choice, "structured_outputs.choice")));
        if (request.GuidedChoice is { } guided) found.Add(("guided_choice", ChoiceFormats.Checked(guided, "guided_choice")));
        if (request.ResponseFormat is { } format && OfFormat(format) is { } values) found.Add(("response_format", values));
        return found.Count switch
        {
            0 => null,
            1 => found[0].Choices,
            _ => throw ServerError.BadRequest(
                $"{found[0].Name} and {found[1].Name} both say what the answer may be; give one", found[1].Name),
        };
    }

    static IReadOnlyList<string>? OfFormat(ResponseFormatWire format) => format.Type switch
    {
        "text" => null,
        "json_schema" when format.JsonSchema is { ValueKind: JsonValueKind.Object } named
            && named.TryGetProperty("schema", out var schema) => ChoiceFormats.OfSchema(schema, "response_format.json_schema.schema"),
        "json_schema" => throw ServerError.BadRequest("response_format.json_schema.schema is missing", "response_format.json_schema"),
        var other => throw UnsupportedFields.Refused($"response_format of type {JsonTexts.Shown(other)}",
            "use json_schema with an enum of the answers, or leave it out and ask for JSON in words"),
    };
}
