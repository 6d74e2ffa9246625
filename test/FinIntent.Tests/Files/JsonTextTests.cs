using System.Text.Json;
using System.Text.Json.Serialization;
using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class JsonTextTests
{
    static string Error(string json) => Assert.Throws<UserErrorException>(() => JsonText.Parse(json, "f.json")).Message;

    [Theory]
    [InlineData("", "f.json:1: not valid JSON: there is nothing in it")]
    [InlineData("{\n\"a\": [1, 2", "f.json:2: not valid JSON: it ends in the middle of a value")]
    [InlineData("{\"a\": NaN}", "f.json:1: not valid JSON: NaN is no word of JSON; write null")]
    [InlineData("{\"a\": -Infinity}", "f.json:1: not valid JSON: -Infinity is no word of JSON; write null")]
    [InlineData("{\"a\": None}", "f.json:1: not valid JSON: None is no word of JSON; write null")]
    [InlineData("{\"a\": True}", "f.json:1: not valid JSON: True is no word of JSON; write true")]
    [InlineData("[1,\n2,\n]", "f.json:3: not valid JSON: a comma stands before ]")]
    [InlineData("{\"a\": 1,}", "f.json:1: not valid JSON: a comma stands before }")]
    [InlineData("{\"a\": 1 // no\n}", "f.json:1: not valid JSON: JSON has no comments")]
    [InlineData("{'a': 1}", "f.json:1: not valid JSON: texts and names stand in double quotes, not in single ones")]
    [InlineData("{\"a\": \"x\ny\"}", "f.json:1: not valid JSON: a text holds a control character or a line break; write it as \\n")]
    [InlineData("{\"a\": \"\\q\"}", "f.json:1: not valid JSON: \\q is no escape of JSON; a backslash is written \\\\, a line break \\n")]
    [InlineData("{\"a\": 1 \"b\": 2}", "f.json:1: not valid JSON: a text stands where a comma or a bracket is expected")]
    [InlineData("{} x", "f.json:1: not valid JSON: the text goes on behind its end with x")]
    [InlineData("{\"a\":\n \"\\ud83d\"}", "f.json:2: a text has half of a surrogate pair")]
    [InlineData("{\"\\udc00\": 1}", "f.json:1: a text has half of a surrogate pair")]
    [InlineData("{\"a\": {\"b\": 1,\n\"b\": 2}}", "f.json:2: the key \"b\" stands twice in one object")]
    public void What_is_wrong_is_told_with_its_line(string json, string message) => Assert.StartsWith(message, Error(json));

    [Fact]
    public void Depth_has_a_bound()
    {
        Assert.Contains("more than 64 deep", Error(new string('[', 100_000)));
        JsonText.Parse(new string('[', 64) + new string(']', 64), "f.json").Dispose();
    }

    [Fact]
    public void A_whole_pair_written_as_escapes_is_a_character()
    {
        using var json = JsonText.Parse("""["\ud83d\ude00"]""", "f.json");

        Assert.Equal("😀", json.RootElement[0].GetString());
    }

    enum Mode { Plain, Other }

    sealed record Inner(int Count, string? Note = null);

    sealed record Outer
    {
        public required string Name { get; init; }
        public Mode Mode { get; init; }
        public Inner? Inner { get; init; }
        public IReadOnlyList<Inner> List { get; init; } = [];
        public Dictionary<string, double> Numbers { get; init; } = [];
        public string Text { get; init; } = "";
    }

    static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    static Outer Bind(string json)
    {
        using var document = JsonText.Parse(json, "f.json");
        return JsonBinding.Bind<Outer>(document.RootElement, Options, "f.json");
    }

    [Theory]
    [InlineData("[]", "f.json: expected an object, got a list")]
    [InlineData("null", "f.json: expected an object, got null")]
    [InlineData("{}", "f.json: the key \"name\" is missing")]
    [InlineData("{\"name\": null}", "f.json: name: expected a text, got null")]
    [InlineData("{\"name\": 5}", "f.json: name: expected a text, got 5")]
    [InlineData("{\"name\": \"x\", \"text\": null}", "f.json: text: expected a text, got null")]
    [InlineData("{\"name\": \"x\", \"nmae\": 1}", "f.json: unknown key \"nmae\"")]
    [InlineData("{\"name\": \"x\", \"mode\": \"odd\"}", "f.json: mode: expected one of plain, other, got \"odd\"")]
    [InlineData("{\"name\": \"x\", \"inner\": {\"count\": 3000000000}}",
        "f.json: inner.count: expected a whole number up to 2147483647, got 3000000000")]
    [InlineData("{\"name\": \"x\", \"inner\": {\"count\": 1.5}}", "f.json: inner.count: expected a whole number up to 2147483647, got 1.5")]
    [InlineData("{\"name\": \"x\", \"list\": [{\"count\": 1}, null]}", "f.json: list[1]: expected an object, got null")]
    [InlineData("{\"name\": \"x\", \"list\": {}}", "f.json: list: expected a list, got an object")]
    [InlineData("{\"name\": \"x\", \"numbers\": {\"a\": \"1\"}}", "f.json: numbers.a: expected a number, got \"1\"")]
    public void A_value_that_does_not_fit_is_named_by_its_key(string json, string message) =>
        Assert.Equal(message, Assert.Throws<UserErrorException>(() => Bind(json)).Message);

    [Fact]
    public void A_value_that_fits_is_read()
    {
        var outer = Bind("""
            {"name": "x", "mode": "other", "inner": {"count": 1, "note": null}, "list": [{"count": 2}], "numbers": {"a": 1.5}}
            """);

        Assert.Equal(("x", Mode.Other, 1, 2, 1.5), (outer.Name, outer.Mode, outer.Inner!.Count, outer.List[0].Count, outer.Numbers["a"]));
    }
}
