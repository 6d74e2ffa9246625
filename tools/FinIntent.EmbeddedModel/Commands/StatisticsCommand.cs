using System.CommandLine;
using FinIntent.EmbeddedModel.Sources;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.EmbeddedModel.Commands;

static class StatisticsCommand
{
    /// <summary>As long as the mean question of OpenFinData.</summary>
    const string Question = "这只股票最近走势怎么这么差啊";

    public static Command Build()
    {
        var sources = new SourceOptions();
        var model = new Option<string>("--model") { Description = "Folder with the tokenizer.", Required = true };
        var command = sources.AddTo(new Command("statistics", "Say how well the tokenizer fits its text.") { model });
        command.SetAction(arguments =>
        {
            var read = sources.Read(arguments);
            var tokenizer = Tokenizer.Load(arguments.GetRequiredValue(model));
            foreach (var name in CorpusFolder.Texts) Density(name, read.Corpus.Lines(name), tokenizer);
            foreach (var (topic, templates) in read.Teach.Templates.Where(t => TeachText.Intents.Contains(t.Key)))
                Density(topic, templates.Select(template => template.Text), tokenizer);
            Density("dialog", read.Teach.Answers.Select(pair => pair.Question + pair.Answer), tokenizer);
            PromptLength(tokenizer);
            Names(read, tokenizer);
        });
        return command;
    }

    static void Density(string name, IEnumerable<string> lines, Tokenizer tokenizer)
    {
        long characters = 0, tokens = 0;
        foreach (var line in lines.Take(20_000)) (characters, tokens) = (characters + line.Length, tokens + tokenizer.Encode(line).Length);
        Console.WriteLine($"{name,-28} {(double)characters / tokens:F2} characters a token");
    }

    static void PromptLength(Tokenizer tokenizer)
    {
        var prompt = IntentPrompt.For(Question, IntentOptions.OpenFinData).Text;
        var ids = ChatTemplate.Get("default", tokenizer).EncodePrompt(new(null, [new("user", prompt)]));
        Console.WriteLine($"the demo's prompt with a question of {Question.Length} characters: {ids.Length} tokens");
        Console.WriteLine(string.Join('|', ids.Select(id => tokenizer.Decode([id], skipSpecialTokens: false)))
            .Replace("\n", "\\n", StringComparison.Ordinal));
    }

    static void Names(ReadSources read, Tokenizer tokenizer)
    {
        var names = read.Names.Stocks.Select(stock => stock.Name).Concat(read.Names.StocksByNickname).ToList();
        var characters = names.SelectMany(name => name.EnumerateRunes()).Distinct().ToList();
        var split = characters.Where(rune => tokenizer.Encode(rune.ToString()).Length > 1).ToList();
        var tokens = names.Average(name => tokenizer.Encode(name).Length);
        Console.WriteLine($"{split.Count} of {characters.Count} characters of stock names are more than one token: {string.Concat(split)}");
        Console.WriteLine($"a stock's name is {tokens:F2} tokens of {names.Average(name => name.Length):F2} characters");
    }
}
