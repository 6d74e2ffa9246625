using FinIntent.Generation;
using FinIntent.Server.Chat;
using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>POST /v1/completions: texts are continued, without a conversation's marks around them.</summary>
static class CompletionRoutes
{
    const int MostPrompts = 32;

    public static void MapCompletions(this IEndpointRouteBuilder app) =>
        app.MapPost("/v1/completions", Complete).Reads<CompletionRequestWire>().WithName("createCompletion").WithTags("OpenAI")
            .Produces<CompletionResponseWire>()
            .WithSummary("Continue texts")
            .WithDescription("Continues a text, or each of several. With `stream` the continuations come one after the other as " +
                "server-sent events: `data: {piece}` for each piece, and `data: [DONE]` at the end.");

    static async Task Complete(HttpContext context, HostSlot slot)
    {
        var request = await JsonBody.ReadAsync(context, OpenAIJson.Default.CompletionRequestWire);
        if (request.Echo == true) throw UnsupportedFields.Refused("echo", "the answer is what follows the prompt; leave it out");
        if (request.Logprobs is < 0 or > AnswerSettings.MostAlternatives)
            throw ServerError.BadRequest(
                $"logprobs is {request.Logprobs}; it must be from 0 to {AnswerSettings.MostAlternatives}", "logprobs");
        var prompts = request.Prompt.Texts;
        if (prompts.Count is 0 or > MostPrompts)
            throw ServerError.BadRequest($"prompt has {prompts.Count} texts; give 1 to {MostPrompts}", "prompt");
        if (prompts.Any(string.IsNullOrEmpty))
            throw ServerError.BadRequest("prompt has an empty text; there is nothing to continue", "prompt");
        var settings = AnswerSettings.Of(request, request.MaxTokens, "max_tokens", request.Logprobs);
        settings = settings with { Options = settings.Options with { KeepsLeadingBlanks = true } };
        using var place = new ModelPlace(
            slot.Required, request.Model, prompts.Count, settings.Deadline, RequestRecord.Of(context), context.RequestAborted);
        await using var answers = new Answers(place, prompts, settings);
        var reply = new CompletionReply(place.Version, place.Chat.Tokenizer, request.Model) { TellsTokens = request.Logprobs is not null };
        if (settings.IsStreamed)
        {
            var first = await answers.All[0].NextAsync();
            await EventStream.WriteEventsAsync(context, Chunks(answers, first, reply, settings.IncludesUsage));
        }
        else await EventStream.WriteAsync(context, await Whole(answers, reply), PlainJson.OpenAI.CompletionResponseWire);
    }

    static async Task<CompletionResponseWire> Whole(Answers answers, CompletionReply reply)
    {
        var pieces = await Task.WhenAll(answers.All.Select(answer => answer.AllAsync()));
        return reply.Of([.. pieces.Select((piece, i) => reply.Choice(i, piece, ChatReply.FinishOf(answers.All[i].End)))]) with
        {
            Usage = answers.Usage,
        };
    }

    static async IAsyncEnumerable<string> Chunks(Answers answers, AnswerPiece first, CompletionReply reply, bool includesUsage)
    {
        foreach (var (i, answer) in answers.All.Index())
        {
            var start = i == 0 ? first : await answer.NextAsync();
            await foreach (var piece in answer.PiecesAsync(start)) yield return Json(reply.Of([reply.Choice(i, piece, null)]));
            yield return Json(reply.Of([reply.Choice(i, AnswerPiece.Nothing, ChatReply.FinishOf(answer.End))]));
        }
        if (includesUsage) yield return Json(reply.Of([]) with { Usage = answers.Usage });
    }

    static string Json(CompletionResponseWire piece) => JsonSerializer.Serialize(piece, PlainJson.OpenAI.CompletionResponseWire);

    /// <summary>The continuations of a request's texts. Each text has a seed of its own, so equal texts are not continued alike.</summary>
    sealed class Answers : IAsyncDisposable
    {
        public Answers(ModelPlace place, IReadOnlyList<string> prompts, AnswerSettings settings)
        {
            try
            {
                foreach (var (i, prompt) in prompts.Index()) All.Add(place.Begin(prompt, settings.Options, unchecked(settings.Seed + i)));
            }
            catch
            {
                foreach (var answer in All) _ = answer.DisposeAsync();
                throw;
            }
        }

        public List<WrittenAnswer> All { get; } = [];
        public UsageWire Usage => UsageWire.Of(All.Sum(answer => answer.PromptTokens), All.Sum(answer => answer.Tokens));

        public async ValueTask DisposeAsync()
        {
            foreach (var answer in All) await answer.DisposeAsync();
        }
    }
}
