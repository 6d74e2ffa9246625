using System.CommandLine;
using FinIntent.EmbeddedModel.Sources;
using FinIntent.EmbeddedModel.Teaching;

namespace FinIntent.EmbeddedModel.Commands;

/// <summary>Where the text comes from; the same options for every command.</summary>
sealed class SourceOptions
{
    readonly Option<string> _corpus = new("--corpus")
    {
        Description = "Folder of the pretraining corpus.",
        DefaultValueFactory = _ =>
        "../shared/corpus"
    };
    readonly Option<string> _teach = new("--teach")
    {
        Description = "Folder of the text written for teaching.",
        DefaultValueFactory = _ =>
        "data/teach"
    };
    readonly Option<string[]> _reserved = new("--reserved")
    {
        Description = "Files of questions to keep out (.json, .jsonl, .csv, .tsv), or of their SHA-256 (.sha256).",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. DefaultReserved.Where(File.Exists)],
    };
    readonly Option<int> _seed = new("--seed") { Description = "Seed of every draw and of the order.", DefaultValueFactory = _ => 42 };

    static readonly string[] DefaultReserved =
    [
        "data/intent_eval.json", "data/intent_val.json", "../shared/data/fineva_financial_intent.csv",
            "../shared/data/fineva_financial_slot.csv",
        "../shared/data/fineva_is_financial_question.csv",
    ];

    public Command AddTo(Command command)
    {
        foreach (Option option in new Option[] { _corpus, _teach, _reserved, _seed }) command.Options.Add(option);
        return command;
    }

    public ReadSources Read(ParseResult arguments)
    {
        var corpus = new CorpusFolder(arguments.GetRequiredValue(_corpus));
        var teach = TeachText.Load(arguments.GetRequiredValue(_teach));
        var reserved = arguments.GetRequiredValue(_reserved);
        var leaks = LeakFilter.Load(reserved);
        Console.WriteLine($"{leaks.ReservedQuestions} reserved questions of {string.Join(", ", reserved)}");
        return new(corpus, teach, new(corpus, teach), leaks, arguments.GetRequiredValue(_seed));
    }
}

sealed record ReadSources(CorpusFolder Corpus, TeachText Teach, NameLists Names, LeakFilter Leaks, int Seed);
