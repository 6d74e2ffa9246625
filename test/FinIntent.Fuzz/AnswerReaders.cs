using System.Text;
using FinIntent.Authoring;

namespace FinIntent.Fuzz;

/// <summary>What models and servers answer.</summary>
static class AnswerReaders
{
    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        new("JSON in an answer", Format.Json, "answer.txt",
            path => JsonObjects.In(Encoding.UTF8.GetString(File.ReadAllBytes(path)), "question"))
        {
            Seeds = [Seeds.Text("""
                Here are they: {"items": [{"question": "净值", "label": "A"}, {"question": "x"}]} and more
                """)],
            Covers = "JsonObjects",
        },
    ];
}
