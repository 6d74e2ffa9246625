using System.CommandLine;
using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class InferenceCommand
{
    public static Command Build()
    {
        var command = SettingsCommand.Build(
            "inference", "Answer one question (question=…), a file of them (questions=FILE), or what is typed.", (settings, here) => Run(settings, Console.In, here));
        command.Aliases.Add("chat");
        return command;
    }

    static void Run(SettingsFile settings, TextReader input, Surroundings here)
    {
        var wanted = settings.Inference;
        if (wanted is { Question: not null, Questions: not null })
            throw new UserErrorException($"{settings.Given["questions"]}: questions: question is given too; give one of them");
        var prepared = Prepared.Of(settings, Need.Model, here);
        if (wanted.Questions is { } file)
        {
            AnswerFile(prepared, file, here.Output);
            return;
        }
        using var chat = ChatModel.Load(prepared.Chat);
        using var loop = new PromptLoop(chat, SettingsToModel.Answers(settings), settings.Train.Seed, PromptSchema(settings), here.Output);
        if (wanted.Question is { } question) loop.Ask(question);
        else loop.Run(input);
    }

    /// <summary>What questions are put into with intent_prompt; null without.</summary>
    static IntentSchema? PromptSchema(SettingsFile settings) =>
        settings.Inference.IntentPrompt ? SettingsToModel.Schema(settings) ?? IntentSchema.OpenFinData : null;

    static void AnswerFile(Prepared prepared, string file, TextWriter output)
    {
        var settings = prepared.Settings;
        var questions = QuestionFile.LoadAsked(file, PromptSchema(settings));
        var answers = settings.Inference.Answers ?? (settings.Given.ContainsKey("output_dir")
            ? Path.Combine(settings.Output.OutputDir, "answers.jsonl")
            : Path.ChangeExtension(file, ".answers.jsonl"));
        var options = SettingsToModel.Run(prepared, answers, file);
        options.Inputs["intent_prompt"] = settings.Inference.IntentPrompt;
        var before = AnswerRun.Answer(() => ChatModel.Load(prepared.Chat), questions, options,
            (done, prediction) => output.WriteLine($"{done}/{questions.Count}  {prediction.Question.ReplaceLineEndings(" ")} => {prediction.Output!.ReplaceLineEndings(" ")}"));
        output.WriteLine($"{questions.Count} answers{(before > 0 ? $", {before} of them from before" : "")} -> {answers}");
    }
}
