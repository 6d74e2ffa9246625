using Microsoft.Extensions.Options;

namespace FinIntent.Classification;

/// <summary>Checks the options of a container's classifiers, all values at once.</summary>
sealed class RegisteredOptions : IValidateOptions<IntentClassifierOptions>
{
    public ValidateOptionsResult Validate(string? name, IntentClassifierOptions options)
    {
        var whose = string.IsNullOrEmpty(name) ? "" : $" \"{name}\"";
        List<string> problems = [.. options.Problems()];
        if (string.IsNullOrWhiteSpace(options.Model))
            problems.Insert(0, $"{nameof(options.Model)} is not set; name the folder of a model or of an adapter, or owner/name on a hub");
        return problems.Count == 0 ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(problems.Select(problem => $"The intent classifier{whose}: {problem}"));
    }
}
