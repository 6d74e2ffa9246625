// A web service: dotnet run -- --Model demo_output/model, then
// curl localhost:5000/classify -H 'Content-Type: application/json' -d '{"text": "茅台还能买吗"}'
using FinIntent;

var builder = WebApplication.CreateBuilder(args);
await using var classifier = await IntentClassifier.LoadAsync(builder.Configuration["Model"] ?? "demo_output/model");
builder.Services.AddSingleton(classifier);
var app = builder.Build();

// Requests that wait at the same time share forwards of the model.
app.MapPost("/classify", async (Question question, IntentClassifier intents, CancellationToken stop) =>
{
    try
    {
        var r = await intents.ClassifyAsync(question.Text, question.History, cancellationToken: stop);
        return Results.Ok(new { r.Intent, r.Probability, r.IsAbstained, r.PredictionSet });
    }
    catch (UserErrorException e)
    {
        return Results.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
    }
});
app.Run();

record Question(string Text, IReadOnlyList<ChatTurn>? History = null);
