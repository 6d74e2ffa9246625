using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class IntentSchemaTests
{
    const string Cards = """
        name: cards
        language: en
        labels: names
        intents:
          - name: card arrival
            description: Where the card is.
            examples: [where is my card, "no card yet: why"]
            borderline:
              - A lost card is not on its way.
          - name: card lost
        """;

    [Fact]
    public void A_file_holds_names_descriptions_examples_and_rules()
    {
        var schema = Load(Cards);

        Assert.Equal(("cards", SchemaLanguage.English, LabelKind.Names), (schema.Name, schema.Language, schema.Labels));
        Assert.Equal([new("card arrival", "card arrival"), new("card lost", "card lost")], schema.Options);
        var arrival = schema.Intents[0];
        Assert.Equal(("Where the card is.", "no card yet: why", "A lost card is not on its way."),
            (arrival.Description, arrival.Examples[1], arrival.Borderline[0]));
        Assert.Equal(("", 0, 0), (schema.Intents[1].Description, schema.Intents[1].Examples.Count, schema.Intents[1].Borderline.Count));
        Assert.Equal(PromptWording.EnglishNames, schema.Wording);
        Assert.Contains("Question: hm\n", schema.Prompt("hm").Text);
        Assert.EndsWith("- card arrival\n- card lost\n\nAnswer with the intent's name only.", schema.Prompt("hm").Text);
    }

    [Fact]
    public void One_intent_may_stand_for_all_other_questions()
    {
        var marked = Load(Cards + "\n    out_of_scope: true\n");
        var twice = Assert.Throws<UserErrorException>(() => Load(Cards.Replace(
            "description: Where the card is.", "out_of_scope: true") + "\n    out_of_scope: true\n"));
        var wrong = Assert.Throws<UserErrorException>(() => Load(Cards + "\n    out_of_scope: perhaps\n"));

        Assert.Equal(1, marked.OutOfScopeOption);
        Assert.Null(Load(Cards + "\n    out_of_scope: false\n").OutOfScopeOption);
        Assert.Null(Load(Cards).OutOfScopeOption);
        Assert.Contains(":11: out_of_scope: \"card arrival\" at line 5 is it, too", twice.Message);
        Assert.Contains(":11: out_of_scope: \"perhaps\" is not one of true, false", wrong.Message);
    }

    [Theory]
    [InlineData("card lost", "card lost"), InlineData(" Card Lost ", "card lost"), InlineData("cards", null)]
    public void A_word_of_a_file_is_a_label_or_a_name(string word, string? label) => Assert.Equal(label, Load(Cards).LabelFor(word));

    [Fact]
    public void With_letters_the_name_leads_to_the_letter()
    {
        var schema = Load(Cards.Replace("names", "letters").Replace("language: en", "language: zh"));

        Assert.Equal(("B", "B"), (schema.LabelFor("card lost"), schema.LabelFor("B")));
        Assert.EndsWith("A. card arrival\nB. card lost\n\n请仅回答选项字母（A或B）。", schema.Prompt("hm").Text);
    }

    [Fact]
    public void OpenFinData_is_the_five_intents_in_the_words_of_training()
    {
        var schema = IntentSchema.OpenFinData;

        Assert.Equal(IntentOptions.OpenFinData, schema.Options);
        Assert.Equal(IntentPrompt.For("煤炭股还能拿吗", IntentOptions.OpenFinData).Text, schema.Prompt("煤炭股还能拿吗").Text);
        Assert.All(schema.Intents, intent =>
            Assert.True(intent is { Description.Length: > 0, Examples.Count: > 1, Borderline.Count: > 0 }, intent.Name));
    }

    [Fact]
    public void An_instruction_of_ones_own_is_read_back_from_its_rows()
    {
        var schema = Load(Cards + "\ninstruction: |\n  Route this message.\n  {question}\n  Queues:\n  {options}\n  One queue, please.\n");

        var text = schema.Prompt("my card\nis gone").Text;

        Assert.Equal("Route this message.\nmy card\nis gone\nQueues:\n- card arrival\n- card lost\nOne queue, please.", text);
        Assert.Equal("my card\nis gone", IntentPrompt.Parse(text, schema.Wording)!.Question);
    }

    [Theory]
    [InlineData(2, "names"), InlineData(26, "letters"), InlineData(27, "names"), InlineData(200, "names")]
    public void Up_to_26_letters_and_200_names(int count, string labels)
    {
        var schema = Load(Many(count, labels));

        Assert.Equal(count, schema.Options.Count);
        Assert.Equal(schema.Options, IntentPrompt.Parse(schema.Prompt("q").Text)!.Options);
    }

    [Theory]
    [InlineData("language: en", "language: fr", ":2: language: \"fr\" is not one of zh, en")]
    [InlineData("labels: names", "lables: names", ":3: unknown key \"lables\"; did you mean \"labels\"?")]
    [InlineData("borderline:", "borderlines:", ":8: unknown key \"borderlines\"; did you mean \"borderline\"?")]
    [InlineData("name: card lost", "name: Card Arrival", ":10: name: \"Card Arrival\" is the name of the intent at line 5, too")]
    [InlineData("name: card lost", "name: \"card\\nlost\"", ":10: name: \"card\\nlost\" has a line break")]
    [InlineData("name: card lost", "name: B", "\"B\" is a letter, and labels: names answers by names")]
    [InlineData("name: cards", "name: my cards", ":1: name: \"my cards\" is a word for files")]
    [InlineData("name: cards", "instruction: \"{options} {question}\"\nname: cards",
        ":1: instruction: the instruction must have the places {question}")]
    [InlineData("name: cards", "instruction: \"{question}\\n{options}\\n- or say why\"\nname: cards",
        ":1: instruction: {options} must stand on a line of its own")]
    [InlineData("name: cards", "instruction: \"{question}\\n{options}\\n{labels}\"\nname: cards",
        ":1: instruction: {labels} is for labels: letters")]
    [InlineData("name: card lost", "name: [card, lost]", "expected a text, got a list or a map")]
    [InlineData("examples: [", "examples: {a: 1} #", ":7: examples: expected a list")]
    public void Errors_name_the_file_the_line_and_the_key(string part, string wrong, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Load(Cards.Replace(part, wrong)));

        Assert.Contains(expected, error.Message);
        Assert.Contains("schema.yaml", error.Message);
    }

    [Theory]
    [InlineData(27, "letters", "there are 27, and labels: letters allows 2 to 26; use labels: names"),
        InlineData(201, "names", "there are 201, and labels: names allows 2 to 200")]
    [InlineData(1, "names", "there are 1,")]
    public void Counts_out_of_range_are_refused(int count, string labels, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Load(Many(count, labels))).Message);

    static string Many(int count, string labels) =>
        $"name: many\nlanguage: en\nlabels: " +
            $"{labels}\nintents:\n{string.Concat(Enumerable.Range(1, count).Select(i => $"  - name: intent {i}\n"))}";

    [Fact]
    public void A_folder_is_told_as_one()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<UserErrorException>(() => IntentSchema.Load(folder.Path));

        Assert.Equal($"{folder.Path}: it is a folder; a file is expected", error.Message);
    }

    static IntentSchema Load(string yaml)
    {
        using var folder = new TemporaryFolder();
        return IntentSchema.Load(folder.Write("schema.yaml", yaml));
    }
}
