using System.CommandLine;
using System.Text;
using FinIntent.EmbeddedModel.Pretraining;
using FinIntent.EmbeddedModel.Sources;
using FinIntent.EmbeddedModel.Teaching;
using FinIntent.EmbeddedModel.Tokenizing;

namespace FinIntent.EmbeddedModel.Commands;

static class TokenizerCommand
{
    const int CommonCharacters = 3500;

    /// <summary>Four Chinese characters.</summary>
    const int MaxTokenBytes = 12;

    const int TeachRows = 20_000;

    /// <summary>Each pass fills the questions' slots with other names.</summary>
    const int NamePasses = 4;

    public static Command Build()
    {
        var sources = new SourceOptions();
        var output = new Option<string>("--out")
        {
            Description = "Folder for the tokenizer and the model's configuration.",
            Required = true
        };
        var command = sources.AddTo(new Command("tokenizer", "Train the tokenizer and write the model folder without weights.") { output });
        command.SetAction(arguments =>
        {
            var read = sources.Read(arguments);
            var words = Count(read);
            var characters = Characters(words, read.Names);
            var size = TokenizerFolder.ModelVocabulary - TokenizerFolder.SpecialTokens.Count;
            var vocabulary = BpeTrainer.Train(words.Counts, characters, size, MaxTokenBytes);
            var folder = arguments.GetRequiredValue(output);
            TokenizerFolder.Write(folder, vocabulary);
            Console.WriteLine($"{folder}: {vocabulary.Tokens.Count} tokens, {vocabulary.Merges.Count} merges, {characters.Count} " +
                $"characters asked for; " +
                $"{words.Counts.Count} different words");
        });
        return command;
    }

    /// <summary>Text as the demo meets it counts most; laws, the bulk of the corpus, count least.</summary>
    static WordCounts Count(ReadSources read)
    {
        WordCounts words = new();
        foreach (var line in read.Corpus.SomeLaws(new PretrainingMix().LawCharacters)) words.Add(line, 1);
        foreach (var (name, weight) in new[] { (CorpusFolder.FinanceAnswers, 4), (CorpusFolder.FinanceTasks, 4),
            (CorpusFolder.Dialogues, 2), (CorpusFolder.Tasks, 2) })
            foreach (var line in read.Corpus.Lines(name)) words.Add(line, weight);
        foreach (var (question, answer) in read.Teach.Answers) words.Add($"{question}\n{answer}", 10);
        var generator = new TeachGenerator(read.Teach, read.Names, read.Leaks);
        var random = new Random(read.Seed);
        for (var pass = 0; pass < NamePasses; pass++)
            foreach (var topic in read.Teach.Templates.Keys)
                foreach (var question in generator.Questions.All(topic, random)) words.Add(question.Text, 12);
        foreach (var row in generator.Rows(TeachRows, read.Seed)) words.Add(row.Prompt, 2);
        foreach (var frame in new[] { "Human: ", "\nAssistant:", "System: " }) words.Add(frame, 100_000);
        return words;
    }

    /// <summary>The most common characters of the text and every character of a name, most common first.</summary>
    static List<string> Characters(WordCounts words, NameLists names)
    {
        Dictionary<Rune, long> counts = [];
        foreach (var (word, count) in words.Counts)
            foreach (var rune in word.EnumerateRunes())
                if (rune.Value > 0x7F) counts[rune] = counts.GetValueOrDefault(rune) + count;
        var inNames = names.Stocks.Select(stock => stock.Name).Concat(names.StocksByNickname).SelectMany(name => name.EnumerateRunes())
            .Where(rune => rune.Value > 0x7F).ToHashSet();
        var byCount = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => pair.Key).ToList();
        return [.. byCount.Take(CommonCharacters).Union(inNames.Order()).Select(rune => rune.ToString())];
    }
}
