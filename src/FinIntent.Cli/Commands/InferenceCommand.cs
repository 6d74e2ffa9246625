using System.CommandLine;
using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class InferenceCommand
{
    public static Command Build()
    {
        var command = SettingsCommand.Build(
            "inference", "Answer one question (question=…), a file of them (questions=FILE), or what is typed.", (settings, console) => Run(settings, Console.In, console.Output));
        command.Aliases.Add("chat");
        return command;
    }

    static void Run(SettingsFile settings, TextReader input, TextWriter output)
    {
        var wanted = settings.Inference;
        if (wanted is { Question: not null, Questions: not null })
            throw new UserErrorException($"{settings.Given["questions"]}: questions: question is given too; give one of them");
        if (wanted.Questions is { } file)
        {
            AnswerFile(settings, file, output);
            return;
        }
        using var chat = ChatModel.Load(SettingsToModel.Source(settings));
        using var loop = new PromptLoop(chat, SettingsToModel.Answers(settings), settings.Train.Seed, PromptSchema(settings), output);
        if (wanted.Question is { } question) loop.Ask(question);
        else loop.Run(input);
    }

    /// <summary>What questions are put into with intent_prompt; null without.</summary>
    static IntentSchema? PromptSchema(SettingsFile settings) =>
        settings.Inference.IntentPrompt ? SettingsToModel.Schema(settings) ?? IntentSchema.OpenFinData : null;

    static void AnswerFile(SettingsFile settings, string file, TextWriter output)
    {
        var questions = QuestionFile.LoadAsked(file, PromptSchema(settings));
        var answers = settings.Inference.Answers ?? (settings.Given.ContainsKey("output_dir")
            ? Path.Combine(settings.Output.OutputDir, "answers.jsonl")
            : Path.ChangeExtension(file, ".answers.jsonl"));
        var options = SettingsToModel.Run(settings, answers, file);
        options.Inputs["intent_prompt"] = settings.Inference.IntentPrompt;
        var before = AnswerRun.Answer(() => ChatModel.Load(SettingsToModel.Source(settings)), questions, options,
            (done, prediction) => output.WriteLine($"{done}/{questions.Count}  {prediction.Question.ReplaceLineEndings(" ")} => {prediction.Output!.ReplaceLineEndings(" ")}"));
        output.WriteLine($"{questions.Count} answers{(before > 0 ? $", {before} of them from before" : "")} -> {answers}");
    }
}
