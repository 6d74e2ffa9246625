#!/usr/bin/env dotnet
// A program in one file, run like a notebook's cell: dotnet run app.cs -- demo_output/model
#:package FinIntent@0.3.0
#:package libtorch-cpu-linux-x64@2.10.0
#:property PublishAot=false

using FinIntent;

await using var classifier = await IntentClassifier.LoadAsync(args[0]);
Console.WriteLine("a text a line; an empty line ends");
while (Console.ReadLine() is { Length: > 0 } text)
{
    var r = await classifier.ClassifyAsync(text);
    foreach (var (intent, probability) in r.Probabilities.OrderByDescending(p => p.Value))
        Console.WriteLine($"{probability,7:P1} {new string('█', (int)(probability * 40))} {intent}");
}
