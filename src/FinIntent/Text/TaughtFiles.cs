using FinIntent.Files;

namespace FinIntent.Text;

/// <summary>Puts what a training taught into the files beside its weights: where answers end, and how conversations are written.</summary>
/// <remarks>Other programs know it from these files alone. LLaMA-Factory writes the same (data/template.py, fix_special_tokens).</remarks>
static class TaughtFiles
{
    const string Eos = "eos_token", EosId = "eos_token_id", Template = "chat_template";

    /// <summary>Changes the files that are there, and writes generation_config.json where config.json is.</summary>
    /// <returns>What was changed, in words, for the user.</returns>
    /// <exception cref="UserErrorException">A file is no JSON, or holds a value of the wrong kind.</exception>
    public static IReadOnlyList<string> Write(string folder, ChatTemplate template)
    {
        List<string> told = [];
        if (template.ReplacedEosToken is { } eos)
        {
            ReplaceEos(Path.Combine(folder, TokenizerConfig.FileName), eos, told);
            ReplaceEos(Path.Combine(folder, "special_tokens_map.json"), eos, told);
        }
        AddStops(folder, template.StopTokenIds, told);
        WriteTemplate(folder, template, told);
        return told;
    }

    static void ReplaceEos(string path, string eos, List<string> told)
    {
        if (!File.Exists(path)) return;
        var json = JsonFile.ReadObject(path);
        var found = json[Eos] is JsonObject token ? token["content"] : json[Eos];
        if (found is JsonValue value && value.TryGetValue<string>(out var text) && text == eos) return;
        if (json[Eos] is null && Path.GetFileName(path) != TokenizerConfig.FileName) return;
        json[Eos] = eos;
        JsonFile.Write(path, json);
        told.Add($"{Path.GetFileName(path)}: {Eos} is {eos}");
    }

    static void AddStops(string folder, IReadOnlyList<int> stops, List<string> told)
    {
        if (stops.Count == 0) return;
        var (generation, config) = (Path.Combine(folder, "generation_config.json"), Path.Combine(folder, "config.json"));
        if (!File.Exists(generation) && File.Exists(config))
        {
            // Without the file other programs take these from config.json, with it they do not.
            var model = JsonFile.ReadObject(config);
            string[] keys = ["bos_token_id", EosId, "pad_token_id"];
            JsonFile.Write(generation, new JsonObject(keys.Where(key => model[key] is not null)
                .Select(key => KeyValuePair.Create(key, model[key]?.DeepClone()))));
        }
        foreach (var path in (string[])[generation, config])
        {
            if (!File.Exists(path)) continue;
            var json = JsonFile.ReadObject(path);
            var ids = IdsOf(json[EosId], path);
            if (stops.All(ids.Contains)) continue;
            int[] all = [.. stops.Union(ids)];
            json[EosId] = all is [var one] ? one : new JsonArray([.. all.Select(id => (JsonNode)id)]);
            JsonFile.Write(path, json);
            told.Add($"{Path.GetFileName(path)}: {EosId} is {json[EosId]!.ToJsonString()}");
        }
    }

    static List<int> IdsOf(JsonNode? value, string path)
    {
        var ids = value is JsonArray list ? list.ToList() : value is null ? [] : [value];
        return [.. ids.Select(id => id is JsonValue number && number.GetValueKind() == JsonValueKind.Number
            && number.TryGetValue<int>(out var token)
            ? token
            : throw new UserErrorException($"{path}: {EosId}: expected an id or a list of ids, got " +
                $"{TerminalText.Short(id?.ToJsonString() ?? "null")}"))];
    }

    static void WriteTemplate(string folder, ChatTemplate template, List<string> told)
    {
        var config = Path.Combine(folder, TokenizerConfig.FileName);
        if (!File.Exists(config) || template.ToJinja() is not { } jinja) return;
        var published = PublishedTemplate.Find(folder);
        if (published is not null && published.IsLike(template.Name) && published.Says(template.DefaultSystem)) return;
        var file = Path.Combine(folder, PublishedTemplate.JinjaName);
        if (File.Exists(file)) AtomicFile.WriteText(file, jinja);
        else
        {
            var json = JsonFile.ReadObject(config);
            json[Template] = jinja;
            JsonFile.Write(config, json);
        }
        var was = published is null ? "there was none" : $"the base's was another one, in {Path.GetFileName(published.File)}";
        told.Add($"{Template} is that of template {template.Name}: {was}");
    }
}
