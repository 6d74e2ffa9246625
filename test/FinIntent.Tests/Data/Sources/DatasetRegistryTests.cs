using FinIntent.Data.Sources;
using Xunit;

namespace FinIntent.Tests.Data.Sources;

public sealed class DatasetRegistryTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    [Fact]
    public void An_entry_has_LLaMA_Factorys_defaults()
    {
        var entry = Get("""{"x": {"file_name": "x.json"}}""");

        Assert.Equal(RowFormat.Alpaca, entry.Format);
        Assert.Equal(_folder["x.json"], entry.Path);
        Assert.Equal(("instruction", "input", "output", "conversations"),
            (entry.ColumnNames.Prompt, entry.ColumnNames.Query, entry.ColumnNames.Response, entry.ColumnNames.Messages));
        Assert.Null(entry.ColumnNames.History);
        Assert.Equal(("from", "value", "human", "gpt"),
            (entry.TagNames.RoleTag, entry.TagNames.ContentTag, entry.TagNames.UserTag, entry.TagNames.AssistantTag));
    }

    [Fact]
    public void A_map_that_is_present_takes_away_what_it_does_not_name()
    {
        var entry = Get("""{"x": {"file_name": "x.json", "columns": {"prompt": "text"}, "tags": {"role_tag": "r"}}}""");

        Assert.Equal(("text", null, null), (entry.ColumnNames.Prompt, entry.ColumnNames.Query, entry.ColumnNames.Response));
        Assert.Equal(("r", null), (entry.TagNames.RoleTag, entry.TagNames.ContentTag));
    }

    [Theory]
    [InlineData("""{"intent_understanding": {}}""", "no data set \"x\"; known are intent_understanding")]
    [InlineData("""{"x": {"hf_hub_url": "someone/something", "file_name": "x.json"}}""",
        "\"someone/something\" is a data set of a hub, and it was not fetched")]
    [InlineData("""{"x": {"om_hub_url": "someone/something"}}""", "om_hub_url \"someone/something\" is not fetched")]
    [InlineData("""{"x": {"script_url": "folder"}}""", "script_url \"folder\" is not fetched")]
    [InlineData("""{"x": {}}""", "file_name is missing")]
    [InlineData("""{"xy": {}, "intent_val": {}}""", "no data set \"x\"; known are xy, intent_val")]
    [InlineData("""{"x": {"file": "y"}}""", "unknown key \"file\"; did you mean \"file_name\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "formating": "sharegpt"}}""", "unknown key \"formating\"; did you mean \"formatting\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "format": "sharegpt"}}""", "unknown key \"format\"; did you mean \"formatting\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "column_names": {}}}""", "unknown key \"column_names\"; did you mean \"columns\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "tag_names": {}}}""", "unknown key \"tag_names\"; did you mean \"tags\"?")]
    [InlineData("""{"x": {"path": "x.json"}}""", "unknown key \"path\"; did you mean \"file_name\"?")]
    [InlineData("""{"x": {"hf_hub_uri": "a/b"}}""", "unknown key \"hf_hub_uri\"; did you mean \"hf_hub_url\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "columns": {"promt": "p"}}}""",
        "columns: unknown key \"promt\"; did you mean \"prompt\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "columns": {"id": "id"}}}""", "columns: unknown key \"id\"; known are prompt, query")]
    [InlineData("""{"x": {"file_name": "x.json", "columns": {"role": "from"}}}""", "columns: unknown key \"role\"; role_tag of tags says it")]
    [InlineData("""{"x": {"file_name": "x.json", "formatting": "sharegpt", "tags": {"user": "human"}}}""",
        "tags: unknown key \"user\"; did you mean \"user_tag\"?")]
    [InlineData("""{"x": {"file_name": "x.json", "num_samples": "many"}}""", "\"x\".num_samples: expected a whole number")]
    [InlineData("""{"x": {"file_name": "x.json", "num_samples": 1e99}}""", "\"x\".num_samples: expected a whole number")]
    [InlineData("""{"x": {"file_name": 3}}""", "\"x\".file_name: expected a text, got 3")]
    [InlineData("""{"x": {"file_name": "x.json", "ranking": null}}""", "\"x\".ranking: expected true or false, got null")]
    [InlineData("""{"x": {"file_name": "x.json", "columns": []}}""", "\"x\".columns: expected an object, got a list")]
    [InlineData("""{"x": null}""", "\"x\": expected an object, got null")]
    [InlineData("""{"x": "rows.json"}""", "\"x\": expected an object, got \"rows.json\"")]
    [InlineData("""{"x": {}, "x": {}}""", "the key \"x\" stands twice")]
    [InlineData("""{"x": {"file_name": "x.json", "ranking": true}}""", "ranking")]
    [InlineData("""{"x": {"file_name": "x.json", "formatting": "csv"}}""", "formatting \"csv\" is not one of alpaca, sharegpt, openai")]
    [InlineData("""{"x": {"file_name": "x.json", "columns": {"images": "i"}}}""", "column images (\"i\") is not supported")]
    [InlineData("""{"x": {"file_name": "x.json", "columns": {"response": "r"}}}""", "columns names neither prompt nor query")]
    [InlineData("""{"x": {"file_name": "x.json", "formatting": "sharegpt", "columns": {"system": "s"}}}""",
        "columns does not name messages")]
    [InlineData("""{"x": {"file_name": "x.json", "formatting": "sharegpt", "tags": {"role_tag": "r"}}}""",
        "tags does not name content_tag")]
    [InlineData("""{"x": {"file_name": "x.json", "num_samples": 0}}""", "num_samples is 0")]
    [InlineData("""{"x": {"file_name": "x.json", "split": "test"}}""", "split \"test\"")]
    [InlineData("""[]""", "expected an object")]
    [InlineData("{\n\"x\": }", "dataset_info.json:2: not valid JSON")]
    public void What_cannot_be_used_is_refused_by_name(string info, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Get(info));

        Assert.Contains(expected, error.Message);
        Assert.Contains("dataset_info.json", error.Message);
    }

    /// <summary>LLaMA-Factory's own file had file_sha1 until 2024, and its loader passes over what it does not know.</summary>
    [Theory]
    [InlineData("\"file_sha1\": \"0b1c\"")]
    [InlineData("\"description\": {\"zh\": \"rows\"}, \"licence\": null, \"stage\": \"sft\"")]
    [InlineData("\"formatting\": \"alpaca\", \"format\": \"sharegpt\", \"formating\": 1, \"path\": \"elsewhere\"")]
    public void Keys_that_LLaMA_Factorys_loader_passes_over_are_harmless(string keys)
    {
        var entry = Get("{\"x\": {\"file_name\": \"x.json\", " + keys + "}}");

        Assert.Equal((RowFormat.Alpaca, _folder["x.json"]), (entry.Format, entry.Path));
    }

    /// <summary>Their names in C# are no keys: the value is not read from the file.</summary>
    [Fact]
    public void What_the_program_adds_to_an_entry_cannot_be_set_by_the_file()
    {
        var entry = Get("""{"x": {"file_name": "x.json", "subset": "s", "name": "other", "Name": "other", "files": ["/etc/passwd"]}}""");

        Assert.Equal(("x", null), (entry.Name, entry.Files));
    }

    [Fact]
    public void A_folder_of_a_hub_is_explained() => Assert.Contains("dataset_dir: REMOTE:acme/rows: a dataset_info.json on a hub is not",
        Assert.Throws<UserErrorException>(() => DatasetRegistry.Open("REMOTE:acme/rows")).Message);

    [Fact]
    public void A_folder_without_the_file_is_explained()
    {
        Assert.Contains("dataset_info.json: no such file",
            Assert.Throws<UserErrorException>(() => DatasetRegistry.Open(_folder.Path)).Message);
    }

    DatasetEntry Get(string info)
    {
        _folder.Write("dataset_info.json", info);
        return DatasetRegistry.Open(_folder.Path).Get("x");
    }

    public void Dispose() => _folder.Dispose();
}
