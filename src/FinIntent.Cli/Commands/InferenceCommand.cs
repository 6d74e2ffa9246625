using FinIntent.Jobs;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class InferenceCommand
{
    public static Command Build()
    {
        var command = SettingsCommand.Build(
            "inference", "Answer one question (question=…), a file of them (questions=FILE), or what is typed.", Run);
        command.Aliases.Add("chat");
        return command;
    }

    static int Run(SettingsFile settings, Surroundings here)
    {
        var wanted = settings.Inference;
        if (wanted is { Question: not null, Questions: not null })
            throw new UserErrorException($"{settings.Given["questions"]}: questions: question is given too; give one of them");
        if (wanted.Questions is { } file)
            return StopRequest.Watch(here.Error, SettingsCommand.GoesOn, stop => AnswerFile(settings, file, here, stop));
        using var session = ChatSession.Open(settings, here);
        using var loop = new PromptLoop(session, here.Output);
        if (wanted.Question is { } question) loop.Ask(question);
        else loop.Run(Console.In);
        return 0;
    }

    static void AnswerFile(SettingsFile settings, string file, Surroundings here, CancellationToken stop)
    {
        var answered = AnswerJob.Run(settings, file, here, (answer, done, count) => here.Output.WriteLine(
            $"{done}/{count}  {answer.Question.ReplaceLineEndings(" ")} => {answer.Output!.ReplaceLineEndings(" ")}"), stop);
        var before = answered.Before > 0 ? $", {answered.Before} of them from before" : "";
        foreach (var note in answered.Notes) here.Output.WriteLine(note);
        here.Output.WriteLine($"{answered.Count} answers{before} -> {answered.File}");
    }
}
