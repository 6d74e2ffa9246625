using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using FinIntent.Text;

namespace FinIntent.Generation;

/// <summary>Says which weights answer, and how they are talked to.</summary>
/// <param name="Adapters">The adapters' folders, put on in this order.</param>
sealed record ChatModelSource(string Model, IReadOnlyList<string> Adapters)
{
    /// <summary>The template; null means that of the training, or else the model family's.</summary>
    public string? Template { get; init; }

    /// <summary>Takes the place of the template's own system text; null keeps that one.</summary>
    public string? DefaultSystem { get; init; }
    public bool EnableThinking { get; init; }

    /// <summary>False keeps the last adapter unmerged and merges those before it; null means so for a packed base only.</summary>
    public bool? MergesAdapter { get; init; }

    /// <summary>The type to compute in; null means the checkpoint's, or fp32 on a CPU that is slower in 16 bits.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>The form of the layers' weights; null means plain.</summary>
    public WeightFormat? Format { get; init; }

    /// <summary>Says that another template or base model than in training is meant.</summary>
    public bool Force { get; init; }

    /// <summary>The template's name, which the folders tell when none is given.</summary>
    /// <exception cref="UserErrorException">An adapter, or the model, was trained with another template.</exception>
    public string TemplateName =>
        Provenance.TemplateFor(Template, [.. Adapters, Model], Force) ?? PublishedFamily.TemplateIn(Model);
}

/// <summary>Says how answers are written.</summary>
sealed record AnswerOptions(SamplingOptions Sampling, int MaxNewTokens)
{
    /// <summary>Texts that end an answer, besides the template's end tokens.</summary>
    public IReadOnlyList<string> StopWords { get; init; } = [];

    /// <summary>The most tokens of prompt and answer together; null means what the model reads.</summary>
    public int? MaxLength { get; init; }
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>Leaves blanks at the answer's beginning as they are; a text that is continued has them there.</summary>
    public bool KeepsLeadingBlanks { get; init; }

    /// <summary>How many of the most probable tokens are told beside each token of an answer; null means that nothing is told.</summary>
    public int? TopLogProbabilities { get; init; }

    /// <summary>The adapter that answers; null means the model as it was loaded.</summary>
    public AdapterWeights? Adapter { get; init; }
}

/// <summary>Is an answer that was written, and why it ended.</summary>
readonly record struct ChatAnswer(string Text, AnswerEnd End);

/// <summary>Is a model that is talked to: weights, tokenizer and template. One thread at a time may use it.</summary>
sealed class ChatModel : IDisposable
{
    readonly Dictionary<string, OptionAnswers> _answersOf = [];
    LoraAdapters? _adapter;

    ChatModel(CausalLanguageModel model, Tokenizer tokenizer, ChatTemplate template) =>
        (Model, Tokenizer, Template) = (model, tokenizer, template);

    public CausalLanguageModel Model { get; }
    public Tokenizer Tokenizer { get; }
    public ChatTemplate Template { get; }

    /// <summary>Puts together what was loaded or made already; the model is taken over.</summary>
    public static ChatModel Of(CausalLanguageModel model, Tokenizer tokenizer, ChatTemplate template) => new(model, tokenizer, template);

    /// <exception cref="UserErrorException">Something is missing, does not fit, or is not what the adapter was trained with.</exception>
    public static ChatModel Load(ChatModelSource source, Device device)
    {
        LibTorch.Load();
        var name = source.TemplateName;
        ScalarType type;
        using (var checkpoint = Checkpoint.Open(source.Model))
        {
            Provenance.CheckBase(checkpoint, source.Adapters, source.Force);
            type = source.Type ?? Devices.TypeOn(device, checkpoint.Type);
        }
        var tokenizer = Tokenizer.Load(source.Model);
        var template = ChatTemplate.Get(name, tokenizer, source.DefaultSystem, source.EnableThinking);
        var model = PretrainedModel.Load(source.Model, type, device, source.Format);
        return model.OrDispose(() =>
        {
            var isPacked = model.Format is not null;
            var merges = !isPacked && source.MergesAdapter != false;
            if (isPacked && source.Adapters.Count > 0 && (source.MergesAdapter == true || source.Adapters.Count > 1))
                throw new UserErrorException($"{source.Adapters[0]}: an adapter cannot be merged into a quantised base, " +
                    "which takes one adapter, unmerged; export the merged model and quantise that");
            if (merges) LoraAdapters.Merge(model, source.Adapters);
            return new ChatModel(model, tokenizer, template) { _adapter = merges ? null : LoraAdapters.LoadLast(model, source.Adapters) };
        });
    }

    /// <summary>Answers several conversations at once; each gets the answer that it would get alone.</summary>
    /// <param name="seeds">The seeds of the draws, one for each conversation.</param>
    /// <param name="onText">Is called with a conversation's number and a piece of its answer; false ends that answer.</param>
    /// <param name="onDone">Is called with a conversation's number and its whole answer, as soon as that is known.</param>
    public IReadOnlyList<ChatAnswer> Write(IReadOnlyList<Conversation> conversations, IReadOnlyList<long> seeds, AnswerOptions options,
        Func<int, string, bool>? onText = null, Action<int, ChatAnswer>? onDone = null)
    {
        var room = Math.Min(options.MaxLength ?? int.MaxValue, Model.Shape.MaxPositions);
        AnswerWriter Writer() => new(Tokenizer.Stream(options.SkipSpecialTokens), new(options.StopWords));
        var writers = conversations.Select(_ => Writer()).ToList();
        var requests = conversations.Zip(seeds, (c, seed) => new GenerationRequest(Template.EncodePrompt(c), seed)).ToList();
        var generator = new TokenGenerator(Model, options.Sampling, Tokenizer.VocabularySize) { Adapter = options.Adapter };
        generator.Generate(requests, new(Template.StopTokenIds.ToHashSet(), options.MaxNewTokens), (row, id) =>
        {
            var text = writers[row].Append(id);
            var isWanted = text.Length == 0 || (onText?.Invoke(row, text) ?? true);
            return isWanted && !writers[row].HasStopped && HasRoom(row);
        }, row =>
        {
            if (writers[row].Finish() is { Length: > 0 } rest) onText?.Invoke(row, rest);
            onDone?.Invoke(row, AnswerOf(row));
        });
        return [.. writers.Select((_, row) => AnswerOf(row))];

        bool HasRoom(int row) => requests[row].Prompt.Length + writers[row].Tokens < room;

        // An end token or a stop word that came with the last token there was room for ended it, not the room.
        ChatAnswer AnswerOf(int row) => new(writers[row].Text,
            writers[row].HasStopped || (HasRoom(row) && writers[row].Tokens < options.MaxNewTokens) ? AnswerEnd.Stop : AnswerEnd.Length);
    }

    /// <summary>Returns the texts alone of what <see cref="Write"/> returns.</summary>
    public IReadOnlyList<string> Answer(IReadOnlyList<Conversation> conversations, IReadOnlyList<long> seeds, AnswerOptions options,
        Func<int, string, bool>? onText = null) => [.. Write(conversations, seeds, options, onText).Select(answer => answer.Text)];

    /// <summary>Prepares a question with labels to choose from for an <see cref="OptionScorer"/>.</summary>
    public OptionQuestion OptionQuestion(Conversation question, IReadOnlyList<string> labels)
    {
        var key = string.Join('\n', labels);
        if (!_answersOf.TryGetValue(key, out var answers)) _answersOf[key] = answers = OptionAnswers.For(Template, labels);
        return new(Template.EncodePrompt(question), answers);
    }

    /// <summary>Puts another adapter on the base in place of the one that was not merged; null puts none.</summary>
    public void Use(string? adapter)
    {
        _adapter?.Dispose();
        _adapter = null;
        if (adapter is not null) _adapter = LoraAdapters.Load(Model, adapter);
    }

    public void Dispose()
    {
        _adapter?.Dispose();
        Model.Dispose();
    }
}
