// A web service: dotnet run -- --IntentClassifier:Model=demo_output/model, then
// curl localhost:5000/classify -H 'Content-Type: application/json' -d '{"text": "茅台还能买吗"}'
using FinIntent;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddIntentClassifier(builder.Configuration.GetSection("IntentClassifier"));
var app = builder.Build();

// The model is loaded before the server listens; requests that wait at the same time share forwards.
app.MapPost("/classify", async (Question question, IntentClassifier classifier, CancellationToken stop) =>
{
    try
    {
        var r = await classifier.ClassifyAsync(question.Text ?? "", question.History, cancellationToken: stop);
        return Results.Ok(new { r.Intent, r.Probability, r.IsAbstained, r.PredictionSet });
    }
    catch (UserErrorException e)
    {
        return Results.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest); // an empty or too long text
    }
});
app.Run();

record Question(string? Text, IReadOnlyList<ChatTurn>? History = null);
