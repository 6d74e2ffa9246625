using FinIntent.Settings;

namespace FinIntent.Jobs.Classify;

/// <summary>Reads what is typed behind `finintent classify`: a settings file or a model, settings, and perhaps a text.</summary>
static partial class ClassifyArguments
{
    /// <param name="model">The model that takes the place of a settings file, or of the model in one.</param>
    /// <exception cref="UserErrorException">There is neither a file nor a model, or there are several texts, a text and a table, or an
    /// empty text.</exception>
    public static SettingsFile Parse(string? model, IReadOnlyList<string> words, string example = "classify --model DIR \"a text\"")
    {
        string? file = null, text = null;
        List<string> overrides = model is null ? [] : [$"model_name_or_path={model}"];
        foreach (var word in words)
        {
            if (IsSetting(word)) overrides.Add(word);
            else if (file is null && text is null && Path.GetExtension(word).ToLowerInvariant() is ".yaml" or ".yml") file = word;
            else if (text is null) text = word;
            else throw new UserErrorException($"two texts: \"{text}\" and \"{word}\"; give one, in quotes, or a table as input=FILE");
        }
        if (text is not null && string.IsNullOrWhiteSpace(text))
            throw new UserErrorException("the text is empty; there is nothing to classify");
        if (text is not null) overrides.Add($"text={text}");
        if (file is null && model is null)
            throw new UserErrorException("name a settings file, or a model with --model: finintent " + example);
        var settings = file is null ? SettingsFile.Of("command line", Entries.Of(overrides)) : SettingsFile.Load(file, overrides);
        if (settings.Classify is { Text: { } one, Input: { } table })
            throw new UserErrorException($"there are a text, \"{one}\", and a table, input={table}; give one of them");
        return settings;
    }

    /// <summary>Reads what is typed behind `finintent serve`: the same without a text and a table.</summary>
    /// <exception cref="UserErrorException">There is neither a file nor a model, or there is a text.</exception>
    public static SettingsFile ForServing(string? model, IReadOnlyList<string> words)
    {
        if (words.FirstOrDefault(word => word.StartsWith('-')) is { } flag)
            throw new UserErrorException($"{flag} is no flag of finintent serve; --help lists them");
        var settings = Parse(model, words, "serve --model DIR");
        return settings.Classify is { Text: null, Input: null } ? settings
            : throw new UserErrorException($"\"{settings.Classify.Text ?? settings.Classify.Input}\" is a text or a table to " +
                $"classify, and " +
                "texts come by HTTP; name a settings file or a model with --model");
    }

    /// <summary>A text may have an equals sign; what stands before that of a setting is a key's name.</summary>
    static bool IsSetting(string word) => KeyAndValue().IsMatch(word);

    [GeneratedRegex("^[a-z][a-z0-9_]*=")]
    private static partial Regex KeyAndValue();
}
