using System.Globalization;
using FinIntent.ApiModels;

namespace FinIntent.Tests.ApiModels;

/// <summary>An HTTP answer of test/fixtures/api/replies.tsv, and what it comes to.</summary>
/// <param name="Word">The word that predictions have for why the answer ended.</param>
sealed record VendorReply(string Name, ApiReply Head, string Body, ApiOutcome Outcome, ApiRemedy Remedy, string? Word)
{
    public static IReadOnlyList<VendorReply> All { get; } =
    [
        .. File.ReadLines(Path.Combine(Reference.Root, "test", "fixtures", "api", "replies.tsv"))
            .Where(line => line[0] != '#').Select(line => Of([.. line.Split('\t').Select(field => field == "-" ? "" : field)])),
    ];

    public static VendorReply Named(string name) => All.Single(reply => reply.Name == name);

    public ApiReply Read() => ReplyReader.Read(Head, Body);

    static VendorReply Of(string[] fields)
    {
        var head = new ApiReply(Number(fields[1]), fields[3])
        {
            RetryAfter = fields[2].Length > 0 ? TimeSpan.FromSeconds(Number(fields[2])) : null,
        };
        return new(fields[0], head, fields[7], Enum.Parse<ApiOutcome>(fields[4].Replace("_", ""), ignoreCase: true),
            fields[5].Length == 0 ? ApiRemedy.None : Enum.Parse<ApiRemedy>(fields[5], ignoreCase: true),
            fields[6].Length > 0 ? fields[6] : null);
    }

    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
