namespace FinIntent;

/// <summary>Names the numbers that a model's weights are kept and computed in.</summary>
public enum ModelPrecision
{
    /// <summary>The checkpoint's own type; fp32 on a CPU without instructions for 16-bit products (AVX512-BF16, AMX).</summary>
    Auto,

    /// <summary>32-bit floating numbers.</summary>
    Float32,

    /// <summary>bfloat16.</summary>
    BFloat16,

    /// <summary>IEEE half precision.</summary>
    Float16,

    /// <summary>The layers' weights in float8 (e4m3), multiplied as such. It needs a GPU of compute capability 8.9 or above.</summary>
    Float8,

    /// <summary>The layers' weights in 8-bit whole numbers with a scale a row; computed in 16 bits.</summary>
    Int8,

    /// <summary>The layers' weights in 4-bit NormalFloat; computed in 16 bits.</summary>
    Nf4,
}

/// <summary>Says how a model is loaded. <see cref="IntentClassifier"/>.LoadAsync needs none of it for a model that FinIntent trained,
/// AddIntentClassifier only <see cref="Model"/>.</summary>
/// <remarks>It is read while the model loads; later changes have no effect. It can be bound to a section of a configuration.</remarks>
/// <example><code>
/// var options = new IntentClassifierOptions { Adapter = "saves/cards", Device = "cpu" };
/// await using var classifier = await IntentClassifier.LoadAsync("Qwen/Qwen2.5-0.5B-Instruct", options);
/// </code></example>
public sealed record IntentClassifierOptions
{
    /// <summary>The folder of a model or of an adapter, or owner/name on a hub. AddIntentClassifier requires it; LoadAsync has a parameter
    /// for it.</summary>
    public string? Model { get; set; }

    /// <summary>A LoRA adapter on the model: its folder, or owner/name on a hub. Null means none.</summary>
    public string? Adapter { get; set; }

    /// <summary>
    /// A file of intents (schema.yaml). Null means the intents that run.json or finintent.json names.
    /// </summary>
    public string? Schema { get; set; }

    /// <summary>The intent set that calls without a name use, where the model knows several. Null means the first.</summary>
    public string? IntentSet { get; set; }

    /// <summary>The chat template's name. Null means that of the training, or else the model family's.</summary>
    public string? Template { get; set; }

    /// <summary>"cpu", "cuda" or "cuda:N". Null means the first GPU where libtorch has one, else the CPU.</summary>
    public string? Device { get; set; }

    /// <summary>The numbers that weights are kept in.</summary>
    public ModelPrecision Precision { get; set; }

    /// <summary>Whether the calibration beside the adapter or model (intent_calibration.json) is applied. Default: true.</summary>
    public bool UseCalibration { get; set; } = true;

    /// <summary>The most tokens of questions that go through the model at once, 1 or more, what they share counted once.</summary>
    /// <remarks>Null means 4,096 on a CPU and 16,384 on a GPU. Results on a CPU do not depend on it.</remarks>
    public int? MaxTokensPerForward { get; set; }

    /// <summary>The most questions that wait for a forward, 1 or more. A further call waits until there is room. Default: 1,024.</summary>
    public int QueueCapacity { get; set; } = 1024;

    /// <summary>The folder for what is fetched from hubs. Null means what the environment says, as for Python (HF_HOME …).</summary>
    public string? CacheDirectory { get; set; }

    /// <summary>
    /// Whether texts may stand in traces (finintent.text). Default: false: neither logs, metrics nor traces hold any.
    /// </summary>
    public bool EnableSensitiveData { get; set; }

    /// <exception cref="UserErrorException">A value is out of its range.</exception>
    internal void Check()
    {
        if (Problems() is { Count: > 0 } problems) throw new UserErrorException(string.Join("; ", problems));
    }

    /// <summary>Returns what is wrong with the values, each with the property's name and what it may be.</summary>
    internal IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        if (QueueCapacity < 1) problems.Add($"{nameof(QueueCapacity)} is {QueueCapacity}; it must be 1 or more");
        if (MaxTokensPerForward < 1) problems.Add($"{nameof(MaxTokensPerForward)} is {MaxTokensPerForward}; it must be 1 or more");
        if (!Enum.IsDefined(Precision))
            problems.Add($"{nameof(Precision)} is {(int)Precision}; use one of {string.Join(", ", Enum.GetNames<ModelPrecision>())}");
        return problems;
    }
}
