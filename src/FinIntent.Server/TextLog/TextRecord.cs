using System.Text.Encodings.Web;
using FinIntent.Server.Serving;

namespace FinIntent.Server.TextLog;

/// <summary>Holds a text that was answered, as the text log writes it.</summary>
/// <param name="Adapter">The name of the adapter, or of the model itself, that answered.</param>
/// <param name="AdapterVersion">The first digits of its digest.</param>
sealed record TextRecord(string Text, string Adapter, string AdapterVersion, string Intent, string Label, double Probability,
    double Margin)
{
    static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TextRecord Of(ClassifiedText text, ServedVersion version) => new(text.Asked.Text, version.Name, version.Version,
        text.Best.Name, text.Best.Label, text.Probability, text.Answer.Margin)
    {
        Abstained = text.IsAbstained,
        PredictionSet = text.Answer.PredictionSet is { } set ? [.. set.Select(i => text.Options[i].Name)] : null,
    };

    /// <summary>Null where nothing could withhold the answer.</summary>
    public bool? Abstained { get; init; }

    /// <summary>The intents of the prediction set; null without a calibration.</summary>
    public IReadOnlyList<string>? PredictionSet { get; init; }
    public DateTimeOffset Time { get; init; }

    /// <summary>Writes the record as a line of JSON.</summary>
    /// <param name="text">The text as it is to be written: masked, or as it came.</param>
    public void WriteTo(Stream stream, string text)
    {
        using (var json = new Utf8JsonWriter(stream, Readable))
        {
            json.WriteStartObject();
            json.WriteString("time", Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("adapter", Adapter);
            json.WriteString("adapter_version", AdapterVersion);
            json.WriteString("intent", Intent);
            json.WriteString("label", Label);
            json.WriteNumber("probability", Probability);
            json.WriteNumber("margin", Margin);
            if (Abstained is { } abstained) json.WriteBoolean("abstained", abstained);
            else json.WriteNull("abstained");
            if (PredictionSet is null) json.WriteNull("prediction_set");
            else
            {
                json.WriteStartArray("prediction_set");
                foreach (var intent in PredictionSet) json.WriteStringValue(intent);
                json.WriteEndArray();
            }
            json.WriteString("text", Encoding.UTF8.GetBytes(text)); // a lone surrogate becomes U+FFFD and is no error
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }
}
