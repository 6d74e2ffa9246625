using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Text;

namespace FinIntent.Jobs.Checks;

/// <summary>Checks the tokenizer, and the template against it and against what the model was taught.</summary>
sealed class TemplateCheck(Prepared prepared, CheckReport report)
{
    /// <returns>The tokenizer and the template; each is null when it could not be opened.</returns>
    public (Tokenizer? Tokenizer, ChatTemplate? Template) Run(CheckedModel model, string? name)
    {
        if (report.Try("tokenizer", () => Tokenizer.Load(model.Folder)) is not { } tokenizer) return (null, null);
        report.Ok("tokenizer", $"{tokenizer.VocabularySize:N0} tokens{(tokenizer.Note is { } note ? $"; {note}" : "")}");
        if (tokenizer.VocabularySize > model.Vocabulary)
            report.Warn("tokenizer", $"{model.Folder}: the tokenizer has {tokenizer.VocabularySize:N0} tokens, the model " +
                $"{model.Vocabulary:N0}; use the tokenizer files that belong to the model");
        return (tokenizer, report.Try("template", () => Get(name ?? PublishedFamily.TemplateIn(model.Folder), tokenizer, model)));
    }

    ChatTemplate Get(string name, Tokenizer tokenizer, CheckedModel model)
    {
        if (ChatTemplate.MissingTokens(name, tokenizer) is { Count: > 0 } missing)
            throw new UserErrorException($"template \"{name}\" needs {string.Join(", ", missing)}, " +
                $"which the tokenizer in {model.Folder} does not have; {Remedy(model, tokenizer)}");
        var data = prepared.Settings.Dataset;
        var template = ChatTemplate.Get(name, tokenizer, data.DefaultSystem, data.EnableThinking);
        if (template.StopTokenIds.Count == 0)
            report.Warn("template", $"\"{name}\" has no end token with this tokenizer, so no answer is taught to end; " +
                $"name eos_token in {TokenizerConfig.FileName}");
        if (WhatIsOdd(name, model) is { } odd) report.Warn("template", odd);
        else report.Ok("template", name);
        foreach (var adapter in prepared.Adapters.Where(Directory.Exists))
            if (Provenance.Read(adapter).Template is { } other && other != name)
                report.Warn("template",
                    $"\"{name}\" is used, but the adapter {adapter} was trained with \"{other}\"; use template: {other}");
        return template;
    }

    /// <summary>Compares a template with the model's own, else with its family's, and says what is odd; null when they agree.</summary>
    static string? WhatIsOdd(string name, CheckedModel model)
    {
        if (Provenance.Read(model.Folder).Template is { } trained)
            return trained == name ? null
                : $"\"{name}\" is used, but {model.Folder} was trained with \"{trained}\"; use template: {trained}, unless you mean it";
        if (name == model.Family.Template && PublishedFamily.EarlierGeneration(model.Folder, model.Family) is { } earlier)
            return $"\"{name}\" is not what the model was taught: {earlier}";
        if (PublishedTemplate.Find(model.Folder) is { } published)
        {
            if (published.IsLike(name)) return null;
            var remedy = published.Candidates is { Count: > 0 } likely
                ? $"use template: {string.Join(" or ", likely)}"
                : "compare them, or ignore this for a model that has learnt no chat yet";
            return $"\"{name}\" is not what the model was taught: " +
                $"the chat_template in {published.File} has other marks between the turns; {remedy}";
        }
        var family = model.Family;
        return Marks(name).SetEquals(Marks(family.Template)) ? null
            : $"\"{name}\" is not the one of the model's family ({family.ModelType}: {family.Template}); " +
                $"use template: {family.Template}, unless the model was taught another";
    }

    static IReadOnlySet<string> Marks(string name) => PublishedTemplate.MarksOf(TemplateDefinition.All.First(t => t.Name == name));

    static string Remedy(CheckedModel model, Tokenizer tokenizer)
    {
        var published = PublishedTemplate.Find(model.Folder)?.Candidates
            .Where(name => ChatTemplate.MissingTokens(name, tokenizer).Count == 0).ToList();
        if (published is { Count: > 0 }) return $"the model's chat_template is like {string.Join(" or ", published)}";
        return ChatTemplate.MissingTokens(model.Family.Template, tokenizer).Count == 0
            ? $"the one of the model's family is {model.Family.Template}"
            : "choose the template of the model's family, or copy the model's own tokenizer files there";
    }
}
