// Prints the intent of each text: dotnet run -- demo_output/model 茅台还能买吗 今天大盘怎么样
using FinIntent;

try
{
    await using var classifier = await IntentClassifier.LoadAsync(args[0]);
    foreach (var r in await classifier.ClassifyAsync(args[1..]))
        Console.WriteLine($"{r.Intent}\t{r.Probability:R}\t{(r.IsAbstained ? "ask a person" : "sure enough")}");
    return 0;
}
catch (FinIntentException e)
{
    Console.Error.WriteLine(e.Message); // it says what is wrong and what to do
    return 1;
}
