using FinIntent.Generation;

namespace FinIntent.Evaluation;

/// <summary>A model that is loaded once, when the first of several runs has something left to ask.</summary>
public sealed class ModelOnDemand(Func<ChatModel> load) : IDisposable
{
    ChatModel? _model;

    public ChatModel Value => _model ??= load();

    public void Dispose() => _model?.Dispose();
}
