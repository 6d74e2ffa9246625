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
    [InlineData("""{"intent_understanding": {}}""", "no data set \"x\"; did you mean \"intent_understanding\"?")]
    [InlineData("""{"x": {"hf_hub_url": "someone/something", "file_name": "x.json"}}""",
        "\"someone/something\" is a data set of a hub, and it was not fetched")]
    [InlineData("""{"x": {"om_hub_url": "someone/something"}}""", "om_hub_url \"someone/something\" is not fetched")]
    [InlineData("""{"x": {"script_url": "folder"}}""", "script_url \"folder\" is not fetched")]
    [InlineData("""{"x": {}}""", "file_name is missing")]
    [InlineData("""{"x": {"file_name": "x.json", "file": "y"}}""", "'file'")]
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
